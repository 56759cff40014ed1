//! Connections whose clients have said nothing yet: each costs its descriptor and a little memory.

use std::collections::HashMap;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use crate::link::Link;

use super::link::UnixLink;

/// The most of them.
const MOST: usize = 64;
/// How long each may be silent.
const PATIENCE: Duration = Duration::from_secs(2);

/// The silent connections of a listener, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct HalfOpen {
    links: Vec<Silent>,
}

#[derive(Debug)]
struct Silent {
    link: UnixLink,
    until: Instant,
    /// Whether the last look found a packet, or the end.
    is_ready: bool,
}

impl HalfOpen {
    pub(super) fn push(&mut self, link: UnixLink, now: Instant) {
        self.links.push(Silent {
            link,
            until: now + PATIENCE,
            is_ready: false,
        });
    }

    /// What to wait for.
    pub(super) fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.links.iter().map(|silent| silent.link.as_fd())
    }

    /// When the next one has been silent for too long.
    pub(super) fn next_end(&self) -> Option<Instant> {
        self.links.first().map(|silent| silent.until)
    }

    /// Takes what a look at all [fds](Self::fds) found, in their order.
    pub(super) fn looked(&mut self, ready: &[bool]) {
        for (silent, ready) in self.links.iter_mut().zip(ready) {
            silent.is_ready |= ready;
        }
    }

    /// The first connection that has said something. Those that have ended instead are closed.
    pub(super) fn take_ready(&mut self) -> Option<UnixLink> {
        while let Some(place) = self.links.iter().position(|silent| silent.is_ready) {
            let mut link = self.links.remove(place).link;
            match link.check() {
                Ok(()) => return Some(link),
                Err(error) => tracing::debug!(%error, "a peer left without a HELLO"),
            }
        }
        None
    }

    /// Closes those that have been silent for too long, but for those that have said something since the last
    /// look: that may have been long ago.
    pub(super) fn close_late(&mut self, now: Instant) {
        self.links.retain_mut(|silent| {
            let in_time = silent.until > now;
            silent.is_ready |= !in_time && !silent.link.is_silent();
            let stays = silent.is_ready || in_time;
            if !stays {
                tracing::debug!(peer = ?silent.link.info().peer, "a peer said nothing in time");
            }
            stays
        });
    }

    /// Whether there is room for one more, if need be in the place of another.
    pub(super) fn make_room(&mut self) -> bool {
        self.links.len() < MOST || self.close_one()
    }

    /// Closes the oldest silent one of the process that holds most of them; whether there was one.
    pub(super) fn close_one(&mut self) -> bool {
        let places = self.links.iter().enumerate();
        let pids: Vec<_> = places
            .filter(|(_, silent)| !silent.is_ready)
            .map(|(place, silent)| (place, silent.link.info().peer.pid))
            .collect();
        let Some(place) = makes_way(&pids) else {
            return false;
        };
        let peer = self.links.remove(place).link.info().peer;
        tracing::debug!(?peer, "closed a silent connection to make room");
        true
    }
}

/// The place of who makes way for others: of the process that holds most, the one that came first. Given
/// are places and processes, in the order in which they came.
fn makes_way(pids: &[(usize, Option<u32>)]) -> Option<usize> {
    let mut held: HashMap<Option<u32>, usize> = HashMap::new();
    for (_, pid) in pids {
        *held.entry(*pid).or_default() += 1;
    }
    let most = held.values().max()?;
    let first = pids.iter().find(|(_, pid)| held.get(pid) == Some(most));
    first.map(|(place, _)| *place)
}

#[cfg(test)]
mod tests {
    use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, send, socketpair};

    use super::*;
    use crate::endpoint::Endpoint;

    // Rule S26.
    #[test]
    fn who_has_spoken_is_not_late_however_long_nobody_looked() {
        let endpoint = Endpoint::new("/run/x", "svc").unwrap();
        let (now, mut half_open) = (Instant::now(), HalfOpen::default());
        let [silent, speaker] = [(), ()].map(|()| {
            let (unix, packets) = (AddressFamily::UNIX, SocketType::SEQPACKET);
            let (ours, theirs) = socketpair(unix, packets, SocketFlags::NONBLOCK, None).unwrap();
            let link = UnixLink::connected(ours, endpoint.clone(), Duration::ZERO);
            half_open.push(link, now);
            theirs
        });
        send(&speaker, &[1], SendFlags::empty()).unwrap();
        half_open.close_late(now + PATIENCE);
        assert_eq!(half_open.links.len(), 1);
        assert!(half_open.take_ready().is_some());
        // Hung up.
        send(&silent, &[1], SendFlags::NOSIGNAL).unwrap_err();
    }

    // Rule S26.
    #[test]
    fn the_process_that_holds_most_makes_way() {
        let table: [(&[Option<u32>], Option<usize>); 6] = [
            (&[], None),
            (&[Some(1)], Some(0)),
            (&[Some(1), Some(2)], Some(0)),
            (&[Some(1), Some(2), Some(2)], Some(1)),
            (&[Some(1), None, Some(2), None], Some(1)),
            (&[Some(3), Some(1), Some(2), Some(1), Some(2)], Some(1)),
        ];
        for (pids, expected) in table {
            let places: Vec<_> = pids.iter().copied().enumerate().collect();
            assert_eq!(makes_way(&places), expected, "{pids:?}");
        }
    }
}
