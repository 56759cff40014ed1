//! How fast NetIPC is on this machine, and what the machine itself allows.
//!
//! Every figure is a [`Row`]: what was measured, over what, how fast, and which raw limit of the
//! machine it is held against.
#![forbid(unsafe_code)]

mod driver;
mod effort;
mod error;
pub mod floors;
pub mod gate;
mod limits;
mod load;
mod measure;
mod peer;
mod plan;
mod platform;
pub mod report;
mod row;
mod run;
mod run_dir;
mod scenarios;
mod table;
mod usage;

pub use driver::Program;
pub use effort::Effort;
pub use error::BenchError;
pub use measure::STOP;
pub use peer::run_task;
pub use plan::{Case, Plan};
pub use platform::{Pinned, RunDir, allowed_cpus, caveat};
pub use row::{Layer, Row, Scenario, Transport};
pub use run::{Outcome, run};
pub use run_dir::RunDirError;
pub use table::tables;
