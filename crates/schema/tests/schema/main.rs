//! What holds for schemas and for the codec that works from them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod checker;
mod common;
mod differential;
mod evolve;
mod golden;
mod live;
mod made;
mod random_schema;
