//! A backend inside this process: no file system, no descriptors, the same contract.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use crate::clock::{self, Changed};
use crate::endpoint::Endpoint;
use crate::link::{
    AttachError, BASELINE, Baseline, BindError, BindOptions, ConnectError, Link, LinkError,
    LinkInfo, LinkKind, Listener, Missing, Peer, PeerWatch, Profile, SessionPlan, Transport,
    WaitObject,
};
use crate::wait::{Wait, lock};

const DEFAULT_PACKET: u32 = 65536;
const DEFAULT_BACKLOG: u16 = 16;
/// Packets that wait in one direction before a sender does.
const QUEUE: usize = 16;
const LINGER: Duration = Duration::from_millis(100);

/// Endpoints in a hub of its own. Clones share the hub; two hubs know nothing of one another.
///
/// Peers have no identity, connections never break but by closing, and there is no shared memory.
#[derive(Clone, Debug)]
pub struct MemoryTransport {
    hub: Arc<Hub>,
    packet_size: u32,
}

impl MemoryTransport {
    /// A new hub without endpoints.
    #[must_use]
    pub fn new() -> Self {
        Self {
            hub: Arc::default(),
            packet_size: DEFAULT_PACKET,
        }
    }

    /// The same hub, with links that carry packets of up to `bytes` bytes.
    #[must_use]
    pub fn with_packet_size(self, bytes: u32) -> Self {
        Self {
            packet_size: bytes,
            ..self
        }
    }
}

impl Default for MemoryTransport {
    fn default() -> Self {
        Self::new()
    }
}

/// There is nothing but the queues.
const PROFILES: &[Profile] = &[Profile {
    bit: BASELINE,
    name: "memory",
    kind: LinkKind::Memory,
    on_request: false,
}];

impl Transport for MemoryTransport {
    fn profiles(&self) -> &'static [Profile] {
        PROFILES
    }

    fn connect(
        &self,
        endpoint: &Endpoint,
        wait: &Wait<'_>,
    ) -> Result<Box<dyn Baseline>, ConnectError> {
        let not_found = || ConnectError::NotFound {
            endpoint: endpoint.to_string(),
            missing: Missing::Endpoint,
            source: io::ErrorKind::NotFound.into(),
        };
        let listening = self.hub.find(endpoint).ok_or_else(not_found)?;
        let (client, server) = MemoryLink::pair(self.packet_size as usize);
        let admitted = listening.wait_until(wait, |backlog| {
            if backlog.closed {
                return Some(false);
            }
            (backlog.waiting.len() < backlog.limit).then_some(true)
        });
        let mut backlog = match admitted {
            Ok((true, backlog)) => backlog,
            Ok((false, _)) => return Err(not_found()),
            Err(source) => {
                return Err(ConnectError::Interrupted {
                    endpoint: endpoint.to_string(),
                    source,
                });
            }
        };
        backlog.waiting.push_back(server);
        listening.changed.notify_all();
        Ok(Box::new(client))
    }

    fn bind(
        &self,
        endpoint: &Endpoint,
        options: &BindOptions,
    ) -> Result<Box<dyn Listener>, BindError> {
        let mut endpoints = lock(&self.hub.endpoints);
        if endpoints.contains_key(endpoint) {
            let endpoint = endpoint.to_string();
            return Err(BindError::AddressInUse {
                endpoint,
                why: "it answers",
                holders: vec![std::process::id()],
            });
        }
        let limit = options.backlog.unwrap_or(DEFAULT_BACKLOG).max(1).into();
        let backlog = Backlog {
            waiting: VecDeque::new(),
            limit,
            closed: false,
        };
        let backlog = Shared::new(backlog);
        endpoints.insert(endpoint.clone(), Arc::clone(&backlog));
        Ok(Box::new(MemoryListener {
            hub: Arc::clone(&self.hub),
            endpoint: endpoint.clone(),
            backlog,
        }))
    }
}

/// The endpoints that are served.
#[derive(Debug, Default)]
struct Hub {
    endpoints: Mutex<HashMap<Endpoint, Arc<Shared<Backlog>>>>,
}

impl Hub {
    fn find(&self, endpoint: &Endpoint) -> Option<Arc<Shared<Backlog>>> {
        lock(&self.endpoints).get(endpoint).cloned()
    }
}

/// Connections that wait to be accepted.
#[derive(Debug)]
struct Backlog {
    waiting: VecDeque<MemoryLink>,
    limit: usize,
    closed: bool,
}

/// The owner of an endpoint of a hub.
#[derive(Debug)]
struct MemoryListener {
    hub: Arc<Hub>,
    endpoint: Endpoint,
    backlog: Arc<Shared<Backlog>>,
}

impl Listener for MemoryListener {
    fn accept(&mut self, wait: &Wait<'_>) -> Result<Box<dyn Baseline>, LinkError> {
        let accepted = self
            .backlog
            .wait_until(wait, |backlog| backlog.waiting.pop_front());
        let link = accepted.map(|(link, _guard)| link)?;
        self.backlog.changed.notify_all();
        Ok(Box::new(link))
    }

    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn wait_object(&self) -> Option<WaitObject<'_>> {
        None
    }
}

impl Drop for MemoryListener {
    fn drop(&mut self) {
        lock(&self.hub.endpoints).remove(&self.endpoint);
        let waiting = {
            let mut backlog = lock(&self.backlog.state);
            backlog.closed = true;
            std::mem::take(&mut backlog.waiting)
        };
        self.backlog.changed.notify_all();
        drop(waiting);
    }
}

/// One end of a connection in this process.
#[derive(Debug)]
struct MemoryLink {
    outgoing: Arc<Shared<Queue>>,
    incoming: Arc<Shared<Queue>>,
    max_packet: usize,
}

/// The packets of one direction.
#[derive(Debug, Default)]
struct Queue {
    packets: VecDeque<Vec<u8>>,
    /// Buffers to use again.
    spare: Vec<Vec<u8>>,
    /// Nobody sends any more.
    ended: bool,
    /// Nobody receives any more.
    closed: bool,
}

impl MemoryLink {
    fn pair(max_packet: usize) -> (Self, Self) {
        let (requests, responses) = (Shared::new(Queue::default()), Shared::new(Queue::default()));
        let client = Self {
            outgoing: Arc::clone(&requests),
            incoming: Arc::clone(&responses),
            max_packet,
        };
        (
            client,
            Self {
                outgoing: responses,
                incoming: requests,
                max_packet,
            },
        )
    }

    fn end_sending(&self) {
        lock(&self.outgoing.state).ended = true;
        self.outgoing.changed.notify_all();
    }
}

impl Link for MemoryLink {
    fn send(&mut self, head: &[u8], body: &[u8], wait: &Wait<'_>) -> Result<(), LinkError> {
        let (size, limit) = (head.len() + body.len(), self.max_packet);
        if size == 0 {
            return Err(LinkError::Empty);
        }
        if size > limit {
            return Err(LinkError::TooLarge { size, limit });
        }
        let (open, mut queue) = self.outgoing.wait_until(wait, |queue| {
            if queue.closed || queue.ended {
                return Some(false);
            }
            (queue.packets.len() < QUEUE).then_some(true)
        })?;
        if !open {
            return Err(LinkError::Disconnected);
        }
        let mut packet = queue.spare.pop().unwrap_or_default();
        packet.clear();
        packet.extend_from_slice(head);
        packet.extend_from_slice(body);
        queue.packets.push_back(packet);
        self.outgoing.changed.notify_all();
        Ok(())
    }

    fn receive(&mut self, packet: &mut [u8], wait: &Wait<'_>) -> Result<usize, LinkError> {
        let (came, mut queue) =
            self.incoming
                .wait_until(wait, |queue| match queue.packets.pop_front() {
                    None if queue.ended => Some(None),
                    packet => packet.map(Some),
                })?;
        let came = came.ok_or(LinkError::Disconnected)?;
        let fitting = came.len().min(packet.len());
        packet[..fitting].copy_from_slice(&came[..fitting]);
        let size = came.len();
        queue.spare.push(came);
        self.incoming.changed.notify_all();
        Ok(size)
    }

    fn waited_until(&self) -> Option<Instant> {
        Some(clock::now())
    }

    fn check(&mut self) -> Result<(), LinkError> {
        let queue = lock(&self.incoming.state);
        let over = queue.ended && queue.packets.is_empty();
        if over {
            Err(LinkError::Disconnected)
        } else {
            Ok(())
        }
    }

    fn linger(&mut self) {
        self.end_sending();
        let wait = Wait::timeout(LINGER);
        while wait.check().is_ok() && self.receive(&mut [], &wait).is_ok() {}
    }

    fn info(&self) -> LinkInfo {
        LinkInfo {
            kind: LinkKind::Memory,
            max_packet: self.max_packet,
            window: None,
            whole_messages: false,
            peer: Peer::default(),
        }
    }

    fn wait_object(&self) -> Option<WaitObject<'_>> {
        None
    }
}

impl Baseline for MemoryLink {
    fn profiles(&self) -> &'static [Profile] {
        PROFILES
    }

    fn packet_size(&self) -> u32 {
        u32::try_from(self.max_packet).unwrap_or(u32::MAX)
    }

    fn peer_allowed(&self) -> bool {
        true
    }

    fn peer_watch(&self) -> Option<PeerWatch> {
        let incoming = Arc::downgrade(&self.incoming);
        Some(PeerWatch::new(move || {
            incoming.upgrade().is_none_or(|incoming| {
                let queue = lock(&incoming.state);
                queue.ended || queue.closed
            })
        }))
    }

    fn offer(&mut self, plan: &SessionPlan) -> io::Result<()> {
        if plan.profile == BASELINE {
            Ok(())
        } else {
            Err(io::Error::new(io::ErrorKind::Unsupported, NO_REGIONS))
        }
    }

    fn switch(self: Box<Self>) -> Box<dyn Link> {
        self
    }

    fn attach(
        self: Box<Self>,
        plan: &SessionPlan,
        _wait: &Wait<'_>,
    ) -> Result<Box<dyn Link>, AttachError> {
        if plan.profile == BASELINE {
            return Ok(self);
        }
        let region = format!("{:016x}", plan.session_id);
        Err(AttachError::Unusable {
            profile: plan.profile,
            region,
            why: NO_REGIONS.to_owned(),
        })
    }

    fn into_link(self: Box<Self>) -> Box<dyn Link> {
        self
    }
}

const NO_REGIONS: &str = "the memory backend has no shared regions";

impl Drop for MemoryLink {
    fn drop(&mut self) {
        self.end_sending();
        lock(&self.incoming.state).closed = true;
        self.incoming.changed.notify_all();
    }
}

/// State that two threads share, and how to wait for a change of it.
struct Shared<T> {
    state: Mutex<T>,
    changed: Changed,
    /// Ends waits when an abort is raised.
    on_abort: Waker,
}

impl<T: Send + 'static> Shared<T> {
    fn new(state: T) -> Arc<Self> {
        Arc::new_cyclic(|shared| {
            let on_abort = OnAbort(shared.clone());
            Self {
                state: Mutex::new(state),
                changed: Changed::new(),
                on_abort: Waker::from(Arc::new(on_abort)),
            }
        })
    }

    /// Waits until `look` finds something; gives it with the lock still held.
    fn wait_until<R>(
        &self,
        wait: &Wait<'_>,
        mut look: impl FnMut(&mut T) -> Option<R>,
    ) -> Result<(R, MutexGuard<'_, T>), LinkError> {
        wait.check_abort()?;
        let mut state = lock(&self.state);
        if let Some(found) = look(&mut state) {
            return Ok((found, state));
        }
        // No lock is held while another one is taken.
        drop(state);
        let _registration = wait.abort().map(|abort| abort.register(&self.on_abort));
        let mut state = lock(&self.state);
        loop {
            if let Some(found) = look(&mut state) {
                return Ok((found, state));
            }
            state = wait.on(&self.changed, &self.state, state)?;
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state.fmt(f)
    }
}

/// Rouses the threads that wait for a change.
struct OnAbort<T>(Weak<Shared<T>>);

impl<T: Send + 'static> Wake for OnAbort<T> {
    fn wake(self: Arc<Self>) {
        if let Some(shared) = self.0.upgrade() {
            // With the lock, so that it does not fall between a waiter's check and its sleep.
            let _state = lock(&shared.state);
            shared.changed.notify_all();
        }
    }
}
