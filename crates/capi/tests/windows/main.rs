//! The C library on Windows: what is installed for it, the examples, and the programs of `tests/c`,
//! built with MinGW and run in Wine.
//!
//! ```console
//! $ cargo xtask wine cargo test -p netipc-capi --test windows
//! ```
//!
//! Without Wine in the environment each test says that it is skipped.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod examples;
mod mingw;
mod packaging;
mod programs;
#[path = "../support/running.rs"]
mod running;
#[path = "../c/vectors.rs"]
mod vectors;
