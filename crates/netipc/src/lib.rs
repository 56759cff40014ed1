//! Typed questions between the plugins of a monitoring agent on one host.
//!
//! A provider serves one kind of request at an endpoint, `run_dir` + service name; consumers ask
//! it, over a socket or over shared memory, and go on when it is late, restarts or vanishes.
//!
//! ```text
//! Client     typed calls: reconnect, retry, growth, any number of keys
//! Server     sessions, a typed handler; who gets no session is answered why
//! Cache      the last good answer, looked up without I/O
//!
//! service    the request kinds that every peer knows, and the trait that says what one is;
//!            lookup and snapshot are what kinds of these two forms share
//! wire       bytes: what a request kind of one's own is written and read with
//! transport  what carries them: sockets, shared memory, queues in memory; deadlines and aborts
//! untyped    clients and servers that know no service, for bindings and tools;
//!            connection is a session that one drives on one's own
//! ```
//!
//! The typed names of each service are in [`service`]; what they are made of is generic:
//! [`Client`], [`Server`] and [`Cache`] work with any [`Service`](service::Service). Most programs need
//! one module of `service`, and [`ClientConfig`] or [`ServerConfig`].

#![forbid(unsafe_code)]

// What is made from schemas names the crate as other crates do.
extern crate self as netipc;

pub mod cache;
mod client;
mod config;
pub mod connection;
mod defaults;
mod dispatch;
pub mod enricher;
mod error;
mod handler;
mod kind;
mod log_limiter;
pub mod lookup;
pub mod protocol;
mod published;
mod retry;
pub mod server;
pub mod service;
pub mod snapshot;
mod status;
mod sync;
pub mod untyped;

#[cfg(feature = "internals")]
#[doc(hidden)]
pub use netipc_proto as proto;
pub use netipc_proto::session::handshake::HandshakeError;
pub use netipc_proto::{codes, wire};
pub use netipc_transport as transport;

pub use cache::Cache;
pub use client::{AbortHandle, BatchReply, Client};
pub use config::{ClientConfig, ServerConfig};
pub use enricher::Enricher;
pub use error::{
    CallError, ErrorCode, Failure, LimitSide, OpenError, ProtocolError, ServeError, chain,
    wire_code,
};
#[doc(hidden)]
pub use handler::HandlerParts;
pub use handler::{HandleFn, Handler, HandlerFailed, HandlerResult};
pub use published::{Published, PublishedGuard, PublishedStats};
pub use server::Server;
pub use status::{ClientState, ClientStatus, Counters, SessionStatus};

/// The hash that Netdata's producers put into snapshot items: 32-bit FNV-1a over the name.
///
/// ```
/// assert_eq!(netipc::simple_hash(b""), 0x811c_9dc5);
/// assert_eq!(netipc::simple_hash(b"a"), 0xe40c_292c);
/// ```
#[must_use]
pub const fn simple_hash(name: &[u8]) -> u32 {
    let mut hash: u32 = 0x811c_9dc5;
    let mut rest = name;
    while let [byte, tail @ ..] = rest {
        hash = (hash ^ *byte as u32).wrapping_mul(0x0100_0193);
        rest = tail;
    }
    hash
}

/// Compiles what the README and the guides show.
#[cfg(doctest)]
mod shown {
    #[doc = include_str!("../../../README.md")]
    struct Readme;
    #[doc = include_str!("../../../docs/cache.md")]
    struct Cache;
    #[doc = include_str!("../../../docs/client.md")]
    struct Client;
    #[doc = include_str!("../../../docs/enricher.md")]
    struct Enricher;
    #[doc = include_str!("../../../docs/server.md")]
    struct Server;
}
