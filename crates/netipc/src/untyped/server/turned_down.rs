//! A client that is turned down: counted before it is told, and named in the log.

use std::cell::OnceCell;

use netipc_transport::link::Peer;

use super::stats::Stats;
use crate::log_limiter::is_logged;

/// One client, as long as it may be turned down.
#[derive(Debug)]
pub(super) struct TurnedDown<'s> {
    stats: &'s Stats,
    /// Which refusal it is, and who the client is where that is logged.
    noted: OnceCell<(u64, Option<String>)>,
}

impl<'s> TurnedDown<'s> {
    pub(super) const fn by(stats: &'s Stats) -> Self {
        let noted = OnceCell::new();
        Self { stats, noted }
    }

    /// Counts it, once. A client that has its refusal finds it in the counts, and is asked who it is while it
    /// is there to be asked.
    pub(super) fn note(&self, peer: Peer) {
        self.noted.get_or_init(|| {
            let number = self.stats.refuse();
            (number, is_logged(number).then(|| peer.describe()))
        });
    }

    /// Its number and its name, where it is to be logged.
    pub(super) fn to_log(&self) -> Option<(u64, &str)> {
        let (number, client) = self.noted.get()?;
        Some((*number, client.as_deref()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_logged_is_named_and_counted_once() {
        let stats = Stats::default();
        let peer = Peer {
            pid: Some(std::process::id()),
            uid: Some(7),
        };
        let (first, second) = (TurnedDown::by(&stats), TurnedDown::by(&stats));
        assert_eq!(first.to_log(), None, "it was not turned down");
        first.note(peer);
        first.note(peer);
        second.note(peer);
        assert_eq!(stats.snapshot().refused, 2);
        let (number, name) = first.to_log().unwrap();
        assert_eq!(number, 1);
        assert!(name.starts_with(&format!("process {}", std::process::id())));
        assert!(name.ends_with(" of user 7"), "{name}");
        #[cfg(target_os = "linux")]
        {
            let own = std::fs::read_to_string("/proc/self/comm").unwrap();
            assert!(name.contains(own.trim_end()), "{name}");
        }
        assert_eq!(second.to_log(), None, "one in a hundred is");
    }
}
