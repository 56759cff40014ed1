//! Generated code says what the schemas say, and is what is committed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod builders;
#[cfg(unix)]
mod c;
mod committed;
mod common;
#[cfg(unix)]
#[path = "../support/compile.rs"]
mod compile;
mod go;
mod golden;
#[path = "../../../schema/tests/schema/random_schema.rs"]
mod random_schema;
mod rust;
