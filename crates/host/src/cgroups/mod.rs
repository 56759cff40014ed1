//! The cgroups of this machine: where the hierarchies are, what is in them, and the table made of it.

mod item;
mod names;
mod table;
mod tree;

pub use item::{Cgroup, options};
pub use names::Clash;
pub use table::{CgroupAnswer, CgroupTable};
pub use tree::Layout;

pub(crate) use table::Draft;
pub(crate) use tree::{Found, Hierarchies, Hierarchy, Tree, rank};
