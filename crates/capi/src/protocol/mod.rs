//! `netipc/netipc_protocol.h`: bytes, for those who frame messages themselves, and the views and
//! builders that calls and handlers use.
//!
//! ```text
//! misc, constants              what has a name or a number
//! envelope, batch              what is around payloads
//! made                         the payloads, a file for each method, and what each method adds to the next
//! dispatch                     from the bytes of a request to those of its answer, by a handler
//! raw_items                    the items of lookups as bytes
//! text, keys, lookup, builder, item_list, codec  what those share
//! ```

mod batch;
mod builder;
mod codec;
mod constants;
mod dispatch;
mod envelope;
mod item_list;
pub(crate) mod keys;
mod lookup;
mod made;
mod misc;
mod raw_items;
#[cfg(test)]
mod tests;
mod text;

pub use batch::*;
pub use builder::nipc_builder_state_t;
pub use constants::*;
pub use dispatch::*;
pub use envelope::*;
pub use made::*;
pub use misc::*;
pub use raw_items::*;
pub use text::*;

pub(crate) use builder::Builder;
pub(crate) use codec::{Zeroed, zeroed};
