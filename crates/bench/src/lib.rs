//! How fast NetIPC is on this machine, and what the machine itself allows.
//!
//! Every figure is a [`Row`]: what was measured, over what, how fast, and which raw limit of the
//! machine it is held against.
#![forbid(unsafe_code)]

pub mod driver;
pub mod effort;
pub mod error;
pub mod floors;
pub mod gate;
pub mod limits;
pub mod load;
pub mod measure;
pub mod peer;
pub mod plan;
mod platform;
pub mod report;
pub mod row;
pub mod run;
pub mod run_dir;
pub mod scenarios;
pub mod table;
pub mod usage;

pub use platform::{Pinned, allowed_cpus, caveat};
pub use row::{Layer, Row, Scenario, Transport};
