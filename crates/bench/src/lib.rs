//! How fast NetIPC is on this machine, and what the machine itself allows.
//!
//! Every figure is a [`Row`]: what was measured, over what, how fast, and which raw limit of the
//! machine it is held against.
#![forbid(unsafe_code)]

pub mod limits;
pub mod report;
pub mod row;

pub use row::{Layer, Row, Scenario, Transport};
