//! Whole processes that are killed, frozen, starved and crowded, on both transports.
//!
//! What is measured is printed; run with `--nocapture` to see it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod crowd;
mod frozen;
mod killed;
#[cfg(unix)]
mod shortages;
#[path = "../stage/mod.rs"]
mod stage;
