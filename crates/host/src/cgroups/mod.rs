//! The cgroups of this machine: where the hierarchies are, what is in them, and the table made of it.

mod hierarchy;
mod item;
mod table;
mod walk;

pub use hierarchy::Layout;
pub use item::{Cgroup, options};
pub use table::{CgroupAnswer, CgroupTable};

pub(crate) use hierarchy::{Hierarchies, rank};
pub(crate) use walk::walk;
