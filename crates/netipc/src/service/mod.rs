//! What a request kind is, and the five that every peer knows, one file each.
//!
//! A new kind is a new file: its types, their layout, and `impl Service` or `impl Lookup`. Client,
//! server, cache and batch calls are generic over it; `examples/custom_service.rs` is one.

pub mod apps_lookup;
pub mod cgroups_lookup;
pub mod cgroups_snapshot;
pub mod increment;
mod orchestrator;
pub mod string_reverse;

pub use crate::kind::{Method, ReplyOf, Service, ValueAnswer};
pub use cgroups_snapshot as cgroups;
pub use orchestrator::Orchestrator;
