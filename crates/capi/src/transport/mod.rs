//! `netipc/netipc_transport.h`: Level 1, sessions and listeners for programs that drive them themselves.

mod greeting;
pub mod listener;
mod listener_handle;
pub mod message;
pub mod session;
mod session_handle;
mod waiting;

pub use listener::*;
pub use message::*;
pub use session::*;
