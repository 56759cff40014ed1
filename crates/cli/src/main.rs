//! The `netipc` program.
#![forbid(unsafe_code)]

fn main() {}
