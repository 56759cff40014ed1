//! `netipc/netipc_any.h`: clients and servers that know no service, for code that is made from a
//! schema, bindings and tools.
//!
//! ```text
//! types      bytes and addresses
//! calls      a payload out, a payload in
//! lookup     keys and items as bytes, split and put together
//! cache      the last good answer; cache_table finds items in it, guard reads it
//! enricher   answers to keys that are wanted; enricher_format says of what, enricher_read
//!            reads them, enricher_types has settings and numbers, enricher_kinds what is of one lookup
//! published  what a provider shows of its data
//! server     a function for every request
//! ```
//!
//! A context of C knows no service: a client here is the one of `service`, and so is a server.

pub mod cache;
mod cache_table;
pub mod calls;
pub mod enricher;
pub mod enricher_format;
pub mod enricher_kinds;
pub mod enricher_read;
pub mod enricher_types;
pub mod guard;
pub mod lookup;
pub mod published;
pub mod server;
pub mod types;
