//! The link over a named pipe.

use std::io;
use std::time::{Duration, Instant};

use crate::endpoint::Endpoint;
use crate::link::{
    AttachError, Baseline, Link, LinkError, LinkInfo, LinkKind, PeerWatch, Profile, SessionPlan,
    WaitObject,
};
use crate::shm::{Companion, ShmLink, Side};
use crate::spin::{Patience, Spin};
use crate::sys::Pipe;
use crate::wait::Wait;

use super::profiles::{DataPlane, PROFILES, data_plane};
use super::shm::EventSlots;
use super::stream::{PACKET, Stream};

/// A connection over a named pipe.
#[derive(Debug)]
pub struct PipeLink {
    stream: Stream,
    endpoint: Endpoint,
    spin: Duration,
    offered: Option<EventSlots>,
}

impl PipeLink {
    pub(super) fn connected(pipe: Pipe, endpoint: Endpoint, spin: Duration) -> Self {
        let pid = pipe.server_pid();
        Self {
            stream: Stream::new(pipe, pid, Spin::new(spin, Patience::ANSWER)),
            endpoint,
            spin,
            offered: None,
        }
    }

    pub(super) fn accepted(pipe: Pipe, endpoint: Endpoint, spin: Duration) -> Self {
        let pid = pipe.client_pid();
        Self {
            stream: Stream::new(pipe, pid, Spin::new(spin, Patience::REQUEST)),
            endpoint,
            spin,
            offered: None,
        }
    }
}

impl Link for PipeLink {
    fn send(&mut self, head: &[u8], body: &[u8], wait: &Wait<'_>) -> Result<(), LinkError> {
        self.stream.send(head, body, wait)
    }

    fn receive(&mut self, packet: &mut [u8], wait: &Wait<'_>) -> Result<usize, LinkError> {
        self.stream.receive(packet, wait)
    }

    fn waited_until(&self) -> Option<Instant> {
        self.stream.waited_until()
    }

    fn check(&mut self) -> Result<(), LinkError> {
        self.stream.check()
    }

    fn linger(&mut self) {
        self.stream.linger();
    }

    fn info(&self) -> LinkInfo {
        LinkInfo {
            kind: LinkKind::Pipe,
            max_packet: PACKET as usize,
            window: None,
            whole_messages: false,
            peer: self.stream.peer(),
        }
    }

    fn wait_object(&self) -> Option<WaitObject<'_>> {
        self.stream.wait_object()
    }
}

impl Baseline for PipeLink {
    fn profiles(&self) -> &'static [Profile] {
        PROFILES
    }

    fn packet_size(&self) -> u32 {
        PACKET
    }

    fn peer_allowed(&self) -> bool {
        // Whoever could open the pipe passed its access list.
        true
    }

    fn peer_watch(&self) -> Option<PeerWatch> {
        Some(self.stream.peer_watch())
    }

    fn offer(&mut self, plan: &SessionPlan) -> io::Result<()> {
        // The old one goes first: it may have the same name.
        self.offered = None;
        self.offered = match data_plane(plan.profile)? {
            DataPlane::Baseline => None,
            DataPlane::Region { events } => Some(EventSlots::create(&self.endpoint, plan, events)?),
        };
        Ok(())
    }

    fn switch(self: Box<Self>) -> Box<dyn Link> {
        match *self {
            Self {
                stream,
                offered: Some(slots),
                spin,
                ..
            } => Box::new(ShmLink::new(stream, slots, Side::Server, spin)),
            baseline => Box::new(baseline),
        }
    }

    fn attach(
        mut self: Box<Self>,
        plan: &SessionPlan,
        _wait: &Wait<'_>,
    ) -> Result<Box<dyn Link>, AttachError> {
        let attached = match data_plane(plan.profile) {
            Ok(DataPlane::Baseline) => return Ok(self),
            // It is complete before the server accepts: there is nothing to wait for.
            Ok(DataPlane::Region { events }) => EventSlots::attach(&self.endpoint, plan, events),
            Err(error) => Err(error.to_string()),
        };
        match attached {
            Ok(slots) => {
                let Self { stream, spin, .. } = *self;
                Ok(Box::new(ShmLink::new(stream, slots, Side::Client, spin)))
            }
            Err(_) if self.stream.check().is_err() => Err(AttachError::HungUp),
            Err(why) => Err(AttachError::Unusable {
                profile: plan.profile,
                region: format!("of session {:016x} at {}", plan.session_id, self.endpoint),
                why,
            }),
        }
    }

    fn into_link(self: Box<Self>) -> Box<dyn Link> {
        self
    }
}
