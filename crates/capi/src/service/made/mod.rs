//! What each service adds to `netipc/netipc_service.h`.
//!
//! Made from `services/*.toml` by `netipc schema generate`: change that, not this file.

mod calls;
mod handler;
mod server;

pub use calls::*;
pub use handler::*;
pub use server::*;
