//! What the operating system offers, safe to use. Platforms are whole modules, chosen here.

pub(crate) mod atomic;
#[cfg(target_os = "linux")]
mod unix;

#[cfg(target_os = "linux")]
pub use unix::monotonic;
#[cfg(target_os = "linux")]
pub(crate) use unix::*;
