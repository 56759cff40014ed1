//! `netipc/netipc_service.h`: clients, servers, and the cache.

pub mod cache;
pub mod calls;
pub mod client;
pub mod config;
pub mod guard;
mod handle;
pub mod handler;
pub mod log;
mod published;
pub mod server;
mod serving;
pub mod stats;
pub mod storage;
pub mod types;
#[cfg(unix)]
pub mod unix;
pub mod views;
