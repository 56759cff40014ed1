//! Services of other hosts: [NetIPC](netipc) stays a protocol of one host; between hosts zenoh carries its
//! questions. `docs/bridge.md` of the project has a walk, and what crosses and what never does.
//!
//! ```text
//! client ─▶ endpoint ─▶ Import ══ zenoh, mutual TLS ══▶ Export ─▶ endpoint ─▶ provider
//! ```
//!
//! The program `netipc-bridge` is this library with arguments.

pub mod allow;
mod asking;
pub mod claims;
pub mod config;
pub mod counts;
pub mod error;
pub mod everyone;
pub mod export;
pub mod import;
pub mod keys;
pub mod limits;
mod local;
pub mod metrics;
pub mod packing;
pub mod status;
pub mod wire;

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::thread::{self, JoinHandle};

use zenoh::{Session, Wait as _};

use error::Error;

/// Joins the network that `config` describes.
///
/// # Errors
/// [`Error::Zenoh`].
pub fn open(config: zenoh::Config) -> Result<Session, Error> {
    zenoh::open(config)
        .wait()
        .map_err(Error::zenoh("joining the network"))
}

/// A number that no other process draws, but 0.
fn random_id(session: &Session) -> u64 {
    // The state is keyed at random, and the id of a session is random, too.
    let mut hasher = RandomState::new().build_hasher();
    hasher.write(&session.zid().to_le_bytes());
    hasher.finish().max(1)
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    let thread = thread::Builder::new().name(name.to_owned());
    thread.spawn(run).map_err(|source| Error::Thread {
        what: name.to_owned(),
        source,
    })
}
