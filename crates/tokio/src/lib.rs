//! Clients and servers of NetIPC as futures, for programs on [tokio](https://docs.rs/tokio).
//!
//! No thread stands behind them: what waits is a descriptor that the runtime watches, so that one thread
//! serves and asks as many as it likes. A future that is dropped is called off: see [`Client`] and [`Server`]
//! for what that means.
//!
//! ```
//! use netipc::service::increment::Increment;
//! use netipc::{Handler, ServerConfig};
//! use netipc_tokio::{Client, Server};
//!
//! # let dir = tempfile::tempdir()?;
//! # let run_dir = dir.path();
//! let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! runtime.block_on(async {
//!     let handler = Handler::<Increment>::new(|n, answer| answer.put(&n.wrapping_add(1)));
//!     let mut server = Server::bind(run_dir, "increment", &ServerConfig::default(), handler)?;
//!     let mut client = Client::<Increment>::new(run_dir, "increment", Default::default());
//!     tokio::select! {
//!         ended = server.run() => ended?,
//!         answer = async {
//!             client.refresh().await;
//!             client.call(&41).await
//!         } => assert_eq!(answer?, 42),
//!     }
//!     Ok::<(), Box<dyn std::error::Error>>(())
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Limits
//!
//! - **The socket alone.** Shared memory has words that are slept on, and no descriptor that tells of a
//!   message: both sides here offer the baseline, whatever profiles are configured. Where shared memory pays,
//!   call a [`netipc::Client`] in [`tokio::task::spawn_blocking`].
//! - **Handlers do not wait.** They are functions, called on the runtime's threads; one that takes long holds
//!   up the others. Keep what they answer with ready, or serve with [`netipc::Server`], which has a thread for
//!   each session.
//! - **Unix.** The crate is empty on Windows, where tokio does not watch the events of pipes.
//! - The runtime needs its drivers for I/O and for time (`enable_all`).
#![cfg(unix)]

mod client;
mod lookup;
mod server;
mod session;

pub use client::Client;
pub use server::{Server, ServerCounts};

/// Compiles what the guide shows.
#[cfg(doctest)]
mod shown {
    #[doc = include_str!("../../../docs/rust.md")]
    struct Rust;
}
