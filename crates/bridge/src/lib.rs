//! Services of other hosts: [NetIPC](netipc) stays a protocol of one host; between hosts zenoh carries its
//! questions. `docs/bridge.md` of the project has a walk, and what crosses and what never does.
//!
//! ```text
//! client ─▶ endpoint ─▶ Import ══ zenoh, mutual TLS ══▶ Export ─▶ endpoint ─▶ provider
//! ```
//!
//! The program `netipc-bridge` is this library with arguments.

mod admission;
pub mod allow;
mod asking;
pub mod budget;
pub mod claims;
pub mod config;
pub mod counts;
mod departures;
pub mod error;
pub mod everyone;
pub mod export;
pub mod import;
pub mod keys;
pub mod limits;
mod local;
pub mod metrics;
pub mod packing;
mod replies;
pub mod status;
mod turns;
pub mod unix;
pub mod wire;

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use zenoh::{Session, Wait as _};

use budget::LogBudget;
use error::Error;

/// The longest pause before routers are tried again.
const TRY_AGAIN: Duration = Duration::from_secs(2);

/// Joins the network that `config` describes. A client waits until one of its routers is there, however long it
/// takes: call it on a thread that may be left behind.
///
/// # Errors
/// [`Error::Zenoh`].
pub fn open(config: zenoh::Config) -> Result<Session, Error> {
    let is_client = config
        .get_json("mode")
        .is_ok_and(|mode| mode == "\"client\"");
    let absent = LogBudget::new();
    let mut pause = Duration::from_millis(100);
    loop {
        match zenoh::open(config.clone()).wait() {
            // That is what it says where it reached none; anything else does not get better.
            Err(error) if is_client && error.to_string().contains("Unable to connect") => {
                if let Some(told) = absent.take(()) {
                    let left_out = told.left_out;
                    tracing::warn!(%error, left_out, "no router is reached, trying again");
                }
                thread::sleep(pause);
                pause = (pause * 2).min(TRY_AGAIN);
            }
            opened => return opened.map_err(Error::zenoh("joining the network")),
        }
    }
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
