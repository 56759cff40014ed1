//! Clients and servers that know no service: for bindings to other languages, for tools, and for
//! schemas that are read at run time.
//!
//! They move payloads. What a payload means, the arguments say: a method number, something that
//! encodes, a [`Layout`](netipc_proto::wire::Layout) or a function that decodes. Whatever may wait
//! takes a [`Wait`](netipc_transport::Wait), and nothing else decides how long it takes.
//!
//! ```text
//! Client<S>, Cache<S>  ──▶  AnyClient  ──▶  connection  ──▶  link
//! Server<S>            ──▶  AnyServer  ──▶  connection  ──▶  link
//! ```

mod client;
mod server;

pub use crate::log_limiter::LogLimiter;
pub use client::{AnyClient, check_answer};
pub(crate) use client::{LookupBuffers, RequestKind, malformed, too_much};
pub use server::{
    Answered, AnyServer, DataProbe, DataStatus, HistogramSnapshot, ServerStats, SessionHandler,
    TransportCounts, stats_service,
};
