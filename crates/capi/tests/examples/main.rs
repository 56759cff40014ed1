//! The examples and what the C guide shows: compiled as their readers compile them, and run against
//! one another.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod demo;
mod examples;
mod getting_started;
mod level1;
mod programs;
#[path = "../support/running.rs"]
mod running;
mod shown;
