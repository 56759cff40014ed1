//! `netipc/netipc_service.h`: clients, servers, and the cache.

pub mod cache;
pub mod calls;
pub mod client;
pub(crate) mod client_handle;
pub mod config;
pub mod guard;
pub mod handler;
pub mod inherited;
pub mod log;
pub mod made;
pub mod managed_server;
pub mod names;
pub mod origin;
pub(crate) mod process;
mod published;
pub mod publishing;
pub mod server;
pub(crate) mod server_handle;
pub mod stats;
pub mod storage;
pub mod types;
#[cfg(unix)]
pub mod unix;
pub mod views;
