//! What each service adds to `netipc/netipc_protocol.h`.
//!
//! Made from `services/*.toml` by `netipc schema generate`: change that, not this file.

mod apps_lookup;
mod cgroups_lookup;
mod cgroups_snapshot;
mod dispatch;
mod increment;
mod numbers;
mod raw_items;
mod string_reverse;

pub use apps_lookup::*;
pub use cgroups_lookup::*;
pub use cgroups_snapshot::*;
pub use dispatch::*;
pub use increment::*;
pub use numbers::*;
pub use raw_items::*;
pub use string_reverse::*;
