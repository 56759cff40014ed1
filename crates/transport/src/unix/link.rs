//! The link over a packet socket.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::endpoint::Endpoint;
use crate::link::{
    AttachError, Baseline, Link, LinkError, LinkInfo, LinkKind, PeerWatch, Profile, SessionPlan,
    WaitObject,
};
use crate::shm::{Companion, Seen, ShmLink, Side};
use crate::spin::{Patience, Spin};
use crate::sys;
use crate::wait::Wait;

use super::peers::PeerPolicy;
use super::profiles::{DataPlane, PROFILES, data_plane};
use super::ring::{self, Ring, RingLink};
use super::run_dir::RunDir;
use super::shm::FutexSlots;
use super::socket::Socket;
use super::watcher::SocketWatcher;

/// A connection over a packet socket.
#[derive(Debug)]
pub struct UnixLink {
    socket: Socket,
    endpoint: Endpoint,
    /// The server's: where its regions are.
    dir: Option<Arc<RunDir>>,
    peer_allowed: bool,
    spin: Duration,
    offered: Option<Offered>,
}

/// A data plane that is ready for the peer.
#[derive(Debug)]
enum Offered {
    Region(FutexSlots),
    Ring(Ring),
}

/// What a listener gives to the link of a client.
pub(super) struct Accepted<'l> {
    pub(super) fd: OwnedFd,
    pub(super) endpoint: Endpoint,
    pub(super) dir: Arc<RunDir>,
    pub(super) spin: Duration,
    pub(super) watcher: Arc<SocketWatcher>,
    pub(super) peers: &'l PeerPolicy,
}

impl UnixLink {
    /// The client's end: whoever owns the endpoint is welcome.
    pub(super) fn connected(fd: OwnedFd, endpoint: Endpoint, spin: Duration) -> Self {
        let mut socket = Socket::new(fd, Spin::new(spin, Patience::ANSWER));
        socket.expect_descriptor();
        Self {
            socket,
            endpoint,
            dir: None,
            peer_allowed: true,
            spin,
            offered: None,
        }
    }

    /// The server's end.
    pub(super) fn accepted(client: Accepted<'_>) -> Self {
        let Accepted {
            fd,
            endpoint,
            dir,
            spin,
            watcher,
            peers,
        } = client;
        let socket = Socket::served(fd, Spin::new(spin, Patience::REQUEST), watcher);
        let peer_allowed = peers.allows(socket.peer().uid, sys::own_uid());
        Self {
            socket,
            endpoint,
            dir: Some(dir),
            peer_allowed,
            spin,
            offered: None,
        }
    }

    /// Whether the peer has neither said anything nor hung up.
    pub(super) fn is_silent(&mut self) -> bool {
        matches!(self.socket.look(), Seen::Nothing)
    }
}

impl Link for UnixLink {
    fn send(&mut self, head: &[u8], body: &[u8], wait: &Wait<'_>) -> Result<(), LinkError> {
        self.socket.send(head, body, wait)
    }

    fn receive(&mut self, packet: &mut [u8], wait: &Wait<'_>) -> Result<usize, LinkError> {
        self.socket.receive(packet, wait)
    }

    fn waited_until(&self) -> Option<Instant> {
        self.socket.waited_until()
    }

    fn check(&mut self) -> Result<(), LinkError> {
        self.socket.check()
    }

    fn linger(&mut self) {
        self.socket.linger();
    }

    fn info(&self) -> LinkInfo {
        LinkInfo {
            kind: LinkKind::Socket,
            max_packet: self.socket.packet_size() as usize,
            window: None,
            whole_messages: false,
            peer: self.socket.peer(),
        }
    }

    fn wait_object(&self) -> Option<WaitObject<'_>> {
        self.socket.wait_object()
    }
}

impl Baseline for UnixLink {
    fn profiles(&self) -> &'static [Profile] {
        PROFILES
    }

    fn packet_size(&self) -> u32 {
        self.socket.packet_size()
    }

    fn peer_allowed(&self) -> bool {
        self.peer_allowed
    }

    fn peer_watch(&self) -> Option<PeerWatch> {
        Some(self.socket.peer_watch())
    }

    fn own_uid(&self) -> Option<u32> {
        Some(sys::own_uid())
    }

    fn offer(&mut self, plan: &SessionPlan) -> io::Result<()> {
        // The old one goes first: it may have the same name.
        self.offered = None;
        self.socket.pass(None);
        self.offered = match data_plane(plan.profile)? {
            DataPlane::Baseline => None,
            DataPlane::Region { looks_first } => {
                let dir = self.dir.as_ref().ok_or(io::ErrorKind::Unsupported)?;
                let slots = FutexSlots::create(dir, &self.endpoint, plan, looks_first)?;
                Some(Offered::Region(slots))
            }
            DataPlane::Ring => {
                let (ring, memory) = ring::create(plan)?;
                self.socket.pass(Some(memory));
                Some(Offered::Ring(ring))
            }
        };
        Ok(())
    }

    fn switch(self: Box<Self>) -> Box<dyn Link> {
        match *self {
            Self {
                socket,
                offered: Some(Offered::Region(slots)),
                spin,
                ..
            } => Box::new(ShmLink::new(socket, slots, Side::Server, spin)),
            Self {
                socket,
                offered: Some(Offered::Ring(ring)),
                spin,
                ..
            } => Box::new(RingLink::new(socket, &ring, Side::Server, spin)),
            baseline => Box::new(baseline),
        }
    }

    fn attach(
        mut self: Box<Self>,
        plan: &SessionPlan,
        wait: &Wait<'_>,
    ) -> Result<Box<dyn Link>, AttachError> {
        let passed = self.socket.passed();
        let unusable = |region: String, why: String| AttachError::Unusable {
            profile: plan.profile,
            region,
            why,
        };
        match data_plane(plan.profile) {
            Ok(DataPlane::Baseline) => Ok(self),
            Ok(DataPlane::Region { looks_first }) => {
                let socket = &mut self.socket;
                let hung_up = || socket.check().is_err();
                let slots = FutexSlots::attach(&self.endpoint, plan, looks_first, wait, hung_up)?;
                let Self { socket, spin, .. } = *self;
                Ok(Box::new(ShmLink::new(socket, slots, Side::Client, spin)))
            }
            Ok(DataPlane::Ring) => {
                let ring = passed
                    .ok_or_else(|| "it was not passed".to_owned())
                    .and_then(|memory| ring::attach(&memory))
                    .map_err(|why| unusable(format!("the ring of {}", self.endpoint), why))?;
                let Self { socket, spin, .. } = *self;
                Ok(Box::new(RingLink::new(socket, &ring, Side::Client, spin)))
            }
            Err(error) => {
                let path = self.endpoint.region_path(plan.session_id);
                Err(unusable(path.display().to_string(), error.to_string()))
            }
        }
    }

    fn into_link(mut self: Box<Self>) -> Box<dyn Link> {
        drop(self.socket.passed());
        self
    }
}

impl AsFd for UnixLink {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.fd()
    }
}
