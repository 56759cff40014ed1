//! A backend inside this process: no file system, no descriptors, the same contract.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Weak};
use std::task::{Wake, Waker};
use std::time::Duration;

use crate::endpoint::Endpoint;
use crate::link::{
    AttachError, Baseline, BindError, BindOptions, ConnectError, Link, LinkError, LinkInfo,
    LinkKind, Listener, RegionPlan, Transport,
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

impl Transport for MemoryTransport {
    fn connect(
        &self,
        endpoint: &Endpoint,
        wait: &Wait<'_>,
    ) -> Result<Box<dyn Baseline>, ConnectError> {
        let not_found = || ConnectError::NotFound {
            endpoint: endpoint.to_string(),
            source: io::ErrorKind::NotFound.into(),
        };
        let door = self
            .hub
            .find(endpoint.socket_path())
            .ok_or_else(not_found)?;
        let (client, server) = MemoryLink::pair(self.packet_size as usize);
        let knocked = door.wait_until(wait, |doorstep| {
            if doorstep.closed {
                return Some(false);
            }
            (doorstep.waiting.len() < doorstep.backlog).then_some(true)
        });
        let mut doorstep = match knocked {
            Ok((true, doorstep)) => doorstep,
            Ok((false, _)) => return Err(not_found()),
            Err(source) => {
                return Err(ConnectError::Interrupted {
                    endpoint: endpoint.to_string(),
                    source,
                });
            }
        };
        doorstep.waiting.push_back(server);
        door.changed.notify_all();
        Ok(Box::new(client))
    }

    fn bind(
        &self,
        endpoint: &Endpoint,
        options: &BindOptions,
    ) -> Result<Box<dyn Listener>, BindError> {
        let mut doors = lock(&self.hub.doors);
        if doors.contains_key(endpoint.socket_path()) {
            let endpoint = endpoint.to_string();
            return Err(BindError::AddressInUse {
                endpoint,
                why: "it answers",
            });
        }
        let backlog = options.backlog.unwrap_or(DEFAULT_BACKLOG).max(1).into();
        let doorstep = Doorstep {
            waiting: VecDeque::new(),
            backlog,
            closed: false,
        };
        let door = Shared::new(doorstep);
        doors.insert(endpoint.socket_path().to_owned(), Arc::clone(&door));
        Ok(Box::new(MemoryListener {
            hub: Arc::clone(&self.hub),
            endpoint: endpoint.clone(),
            door,
        }))
    }
}

/// The endpoints that are served.
#[derive(Debug, Default)]
struct Hub {
    doors: Mutex<HashMap<PathBuf, Arc<Shared<Doorstep>>>>,
}

impl Hub {
    fn find(&self, path: &Path) -> Option<Arc<Shared<Doorstep>>> {
        lock(&self.doors).get(path).cloned()
    }
}

/// Connections that wait to be accepted.
#[derive(Debug)]
struct Doorstep {
    waiting: VecDeque<MemoryLink>,
    backlog: usize,
    closed: bool,
}

/// The owner of an endpoint of a hub.
#[derive(Debug)]
struct MemoryListener {
    hub: Arc<Hub>,
    endpoint: Endpoint,
    door: Arc<Shared<Doorstep>>,
}

impl Listener for MemoryListener {
    fn accept(&mut self, wait: &Wait<'_>) -> Result<Box<dyn Baseline>, LinkError> {
        let accepted = self
            .door
            .wait_until(wait, |doorstep| doorstep.waiting.pop_front());
        let link = accepted.map(|(link, _guard)| link)?;
        self.door.changed.notify_all();
        Ok(Box::new(link))
    }

    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn native(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

impl Drop for MemoryListener {
    fn drop(&mut self) {
        lock(&self.hub.doors).remove(self.endpoint.socket_path());
        let waiting = {
            let mut doorstep = lock(&self.door.state);
            doorstep.closed = true;
            std::mem::take(&mut doorstep.waiting)
        };
        self.door.changed.notify_all();
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
    deserted: bool,
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
            if queue.deserted || queue.ended {
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
            peer: None,
        }
    }

    fn native(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

impl Baseline for MemoryLink {
    fn packet_size(&self) -> u32 {
        u32::try_from(self.max_packet).unwrap_or(u32::MAX)
    }

    fn peer_allowed(&self) -> bool {
        true
    }

    fn offer(&mut self, _region: &RegionPlan) -> io::Result<()> {
        Err(io::Error::new(io::ErrorKind::Unsupported, NO_REGIONS))
    }

    fn switch(self: Box<Self>) -> Box<dyn Link> {
        self
    }

    fn attach(
        self: Box<Self>,
        region: &RegionPlan,
        _wait: &Wait<'_>,
    ) -> Result<Box<dyn Link>, AttachError> {
        let region = format!("{:016x}", region.session_id);
        Err(AttachError::Unusable {
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
        lock(&self.incoming.state).deserted = true;
        self.incoming.changed.notify_all();
    }
}

/// State that two threads share, and how to wait for a change of it.
struct Shared<T> {
    state: Mutex<T>,
    changed: Condvar,
    /// Ends waits when an abort is raised.
    bell: Waker,
}

impl<T: Send + 'static> Shared<T> {
    fn new(state: T) -> Arc<Self> {
        Arc::new_cyclic(|shared| {
            let bell = Bell(shared.clone());
            Self {
                state: Mutex::new(state),
                changed: Condvar::new(),
                bell: Waker::from(Arc::new(bell)),
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
        let _registration = wait.abort().map(|abort| abort.register(&self.bell));
        let mut state = lock(&self.state);
        loop {
            if let Some(found) = look(&mut state) {
                return Ok((found, state));
            }
            state = wait.on(&self.changed, state)?;
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state.fmt(f)
    }
}

/// Rouses the threads that wait for a change.
struct Bell<T>(Weak<Shared<T>>);

impl<T: Send + 'static> Wake for Bell<T> {
    fn wake(self: Arc<Self>) {
        if let Some(shared) = self.0.upgrade() {
            // With the lock, so that it does not fall between a waiter's check and its sleep.
            let _state = lock(&shared.state);
            shared.changed.notify_all();
        }
    }
}
