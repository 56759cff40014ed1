//! `netipc/netipc_protocol.h`: bytes, for those who frame messages themselves, and the views and
//! builders that calls and handlers use.
//!
//! ```text
//! misc, constants              what has a name or a number
//! envelope, batch              what is around payloads
//! increment .. apps_lookup     the payloads, a file for each method
//! dispatch                     from the bytes of a request to those of its answer, by a handler
//! raw_items                    the items of lookups as bytes
//! text, keys, lookup, builder, item_list, codec  what those share
//! ```

pub mod apps_lookup;
mod batch;
mod builder;
pub mod cgroups_lookup;
mod codec;
mod constants;
mod dispatch;
mod envelope;
mod increment;
mod item_list;
pub(crate) mod keys;
mod lookup;
mod misc;
mod raw_items;
pub mod snapshot;
pub mod string_reverse;
#[cfg(test)]
mod tests;
mod text;

pub use apps_lookup::*;
pub use batch::*;
pub use builder::nipc_builder_state_t;
pub use cgroups_lookup::*;
pub use constants::*;
pub use dispatch::*;
pub use envelope::*;
pub use increment::*;
pub use misc::*;
pub use raw_items::*;
pub use snapshot::*;
pub use string_reverse::*;
pub use text::*;

pub(crate) use builder::Builder;
pub(crate) use codec::{Zeroed, zeroed};
