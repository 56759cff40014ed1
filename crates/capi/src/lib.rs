//! NetIPC for C and C++.
//!
//! ```text
//! border     what crosses: pointers checked, panics caught
//! abort_flag whether a client that is opened at this moment is aborted
//! lifetime   how long what is behind a context lives: clients, servers and caches alike
//! pin        what guards of C pin: what a cache held when they were locked
//! failure    why there is nothing behind a context
//! error      the numbers of errors
//! platform   what differs between platforms
//! protocol   netipc/netipc_protocol.h: bytes
//! service    netipc/netipc_service.h: clients, servers, cache
//! transport  netipc/netipc_transport.h: sessions that programs drive themselves
//! any        netipc/netipc_any.h: clients and servers of services that the library does not know
//! netdata    netipc/netipc_netdata.h: run directory and token of an agent
//! ```
//!
//! Every function checks its pointers for NULL, converts them in `border`, and does the rest in safe
//! code. The headers are generated from the items and comments of
//! `protocol`, `service`, `transport`, `any` and `netdata`.

#![expect(
    clippy::missing_safety_doc,
    reason = "what callers have to keep to is said in the words of the headers"
)]
#![expect(
    non_camel_case_types,
    reason = "the names are those of the C headers, which are generated from them"
)]

mod abort_flag;
pub mod any;
mod border;
mod calling;
pub mod error;
mod failure;
mod layout;
mod lifetime;
pub mod netdata;
mod pin;
mod platform;
pub mod protocol;
pub mod service;
mod sync;
pub mod transport;
