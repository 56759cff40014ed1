//! The processes of this machine.

mod parse;
mod scan;
mod table;

pub use table::{Process, ProcessTable};

pub(crate) use scan::scan;
pub(crate) use table::Absence;
