//! The memory backend with trouble: late messages, cut messages, and peers that vanish at any step.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use netipc_transport::clock;
use netipc_transport::link::{
    AttachError, Baseline, BindError, BindOptions, ConnectError, Link, LinkError, LinkInfo,
    Listener, PeerWatch, Profile, SessionPlan, Transport, WaitObject,
};
use netipc_transport::simulation::random;
use netipc_transport::{Endpoint, MemoryTransport, Wait};

/// How much trouble there is.
#[derive(Clone, Copy, Debug)]
pub struct Trouble {
    /// The longest that a message is under way.
    pub delay: Duration,
    /// One message of so many arrives without its end; 0 is none.
    pub cut_one_in: u64,
    /// One connection of so many loses its peer, after at most 24 steps of it; 0 is none.
    pub lose_one_in: u64,
}

/// Steps of a connection until its peer vanishes, at most: a handshake and some calls.
const STEPS: u64 = 24;

/// A net of endpoints, whose clones are the same net.
#[derive(Clone, Debug)]
pub struct Net {
    memory: MemoryTransport,
    shared: Arc<Shared>,
    /// Whether the process that this clone is of is alive.
    alive: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Shared {
    trouble: Trouble,
    /// Once it is set, there is no trouble any more.
    calm: AtomicBool,
    /// Ends of connections that there are.
    ends: AtomicUsize,
}

impl Net {
    /// A net with packets of at most `packet_size` bytes.
    #[must_use]
    pub fn new(packet_size: u32, trouble: Trouble) -> Self {
        Self {
            memory: MemoryTransport::new().with_packet_size(packet_size),
            shared: Arc::new(Shared {
                trouble,
                calm: AtomicBool::new(false),
                ends: AtomicUsize::new(0),
            }),
            alive: Arc::new(AtomicBool::new(true)),
        }
    }

    /// The same net, for a process of its own.
    #[must_use]
    pub fn for_process(&self) -> Self {
        Self {
            alive: Arc::new(AtomicBool::new(true)),
            ..self.clone()
        }
    }

    /// Kills the process: nothing that it sends from now on arrives.
    pub fn kill(&self) {
        self.alive.store(false, Ordering::Relaxed);
    }

    /// Ends all trouble.
    pub fn calm_down(&self) {
        self.shared.calm.store(true, Ordering::Relaxed);
    }

    /// Ends of connections that there are.
    #[must_use]
    pub fn ends(&self) -> usize {
        self.shared.ends.load(Ordering::Relaxed)
    }

    fn end(&self, link: Box<dyn Baseline>) -> Box<dyn Baseline> {
        self.shared.ends.fetch_add(1, Ordering::Relaxed);
        let counted = Counted(Arc::clone(&self.shared));
        let steps_left = counted.happens(self.shared.trouble.lose_one_in, || random(STEPS));
        Box::new(End {
            packet: vec![0; link.info().max_packet],
            info: link.info(),
            link: Some(link),
            counted,
            alive: Arc::clone(&self.alive),
            under_way: None,
            steps_left,
        })
    }
}

impl Transport for Net {
    fn profiles(&self) -> &'static [Profile] {
        self.memory.profiles()
    }

    fn connect(
        &self,
        endpoint: &Endpoint,
        wait: &Wait<'_>,
    ) -> Result<Box<dyn Baseline>, ConnectError> {
        let link = self.memory.connect(endpoint, wait)?;
        Ok(self.end(link))
    }

    fn bind(
        &self,
        endpoint: &Endpoint,
        options: &BindOptions,
    ) -> Result<Box<dyn Listener>, BindError> {
        let listener = self.memory.bind(endpoint, options)?;
        let net = self.clone();
        Ok(Box::new(Door { listener, net }))
    }
}

/// A number below `bound`, by the seed.
fn below(bound: usize) -> usize {
    let bound = u64::try_from(bound).unwrap_or(u64::MAX);
    usize::try_from(random(bound)).unwrap_or_default()
}

/// A listener whose connections have trouble.
#[derive(Debug)]
struct Door {
    listener: Box<dyn Listener>,
    net: Net,
}

impl Listener for Door {
    fn accept(&mut self, wait: &Wait<'_>) -> Result<Box<dyn Baseline>, LinkError> {
        let link = self.listener.accept(wait)?;
        Ok(self.net.end(link))
    }

    fn endpoint(&self) -> &Endpoint {
        self.listener.endpoint()
    }

    fn wait_object(&self) -> Option<WaitObject<'_>> {
        None
    }
}

/// Counts an end of a connection while there is one.
#[derive(Debug)]
struct Counted(Arc<Shared>);

impl Counted {
    /// What comes of something that happens once in so many times, and not when all is calm.
    fn happens<T>(&self, one_in: u64, then: impl FnOnce() -> T) -> Option<T> {
        let is_calm = self.0.calm.load(Ordering::Relaxed) || one_in == 0;
        (!is_calm && random(one_in) == 0).then(then)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.ends.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One end of a connection.
#[derive(Debug)]
struct End {
    /// Nothing once the connection is lost.
    link: Option<Box<dyn Baseline>>,
    info: LinkInfo,
    counted: Counted,
    alive: Arc<AtomicBool>,
    /// A message that came, and when it will have come.
    under_way: Option<(Vec<u8>, Instant)>,
    /// Where a packet is taken in.
    packet: Vec<u8>,
    /// Steps until it is lost.
    steps_left: Option<u64>,
}

impl End {
    /// The connection, if it is not lost by now.
    fn step(&mut self) -> Result<&mut Box<dyn Baseline>, LinkError> {
        let is_lost = match &mut self.steps_left {
            Some(0) => !self.counted.0.calm.load(Ordering::Relaxed),
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        };
        if is_lost || !self.alive.load(Ordering::Relaxed) {
            self.link = None;
        }
        self.link.as_mut().ok_or(LinkError::Disconnected)
    }
}

impl Link for End {
    fn send(&mut self, head: &[u8], body: &[u8], wait: &Wait<'_>) -> Result<(), LinkError> {
        let whole = head.len() + body.len();
        let one_in = self.counted.0.trouble.cut_one_in;
        let cut = self.counted.happens(one_in, || below(whole));
        let link = self.step()?;
        match cut.filter(|cut| *cut > 0) {
            Some(cut) => {
                let from_head = cut.min(head.len());
                link.send(&head[..from_head], &body[..cut - from_head], wait)
            }
            None => link.send(head, body, wait),
        }
    }

    fn receive(&mut self, packet: &mut [u8], wait: &Wait<'_>) -> Result<usize, LinkError> {
        if self.under_way.is_none() {
            let mut buffer = std::mem::take(&mut self.packet);
            let came = self.step().and_then(|link| link.receive(&mut buffer, wait));
            let came = came.map(|size| buffer[..size.min(buffer.len())].to_vec());
            self.packet = buffer;
            let delay = self.counted.0.trouble.delay.as_nanos();
            let delay = u64::try_from(delay).unwrap_or(u64::MAX - 1);
            let late = self.counted.happens(2, || random(delay + 1)).unwrap_or(0);
            self.under_way = Some((came?, clock::now() + Duration::from_nanos(late)));
        }
        let due = self.under_way.as_ref().map(|(_, due)| *due);
        let rest = due.and_then(|due| due.checked_duration_since(clock::now()));
        if let Some(rest) = rest.filter(|rest| !rest.is_zero()) {
            wait.sleep(rest)?;
        }
        self.step()?;
        let (came, _) = self.under_way.take().ok_or(LinkError::Disconnected)?;
        let fitting = came.len().min(packet.len());
        packet[..fitting].copy_from_slice(&came[..fitting]);
        Ok(came.len())
    }

    fn waited_until(&self) -> Option<Instant> {
        Some(clock::now())
    }

    fn check(&mut self) -> Result<(), LinkError> {
        let is_empty = self.under_way.is_none();
        let link = self.step()?;
        if is_empty { link.check() } else { Ok(()) }
    }

    fn linger(&mut self) {
        if let Ok(link) = self.step() {
            link.linger();
        }
    }

    fn info(&self) -> LinkInfo {
        self.info
    }

    fn wait_object(&self) -> Option<WaitObject<'_>> {
        None
    }
}

impl Baseline for End {
    fn profiles(&self) -> &'static [Profile] {
        self.link.as_ref().map_or(&[], |link| link.profiles())
    }

    fn packet_size(&self) -> u32 {
        u32::try_from(self.info.max_packet).unwrap_or(u32::MAX)
    }

    fn peer_allowed(&self) -> bool {
        true
    }

    fn peer_watch(&self) -> Option<PeerWatch> {
        self.link.as_ref()?.peer_watch()
    }

    fn offer(&mut self, plan: &SessionPlan) -> io::Result<()> {
        let link = self.step().map_err(io::Error::other)?;
        link.offer(plan)
    }

    fn switch(self: Box<Self>) -> Box<dyn Link> {
        self
    }

    fn attach(
        mut self: Box<Self>,
        plan: &SessionPlan,
        wait: &Wait<'_>,
    ) -> Result<Box<dyn Link>, AttachError> {
        // The backend has nothing but its baseline, which is the same before and after.
        if self.step().is_err() {
            return Err(AttachError::HungUp);
        }
        if plan.profile == netipc_transport::link::BASELINE {
            return Ok(self);
        }
        match self.link.take() {
            Some(link) => link.attach(plan, wait),
            None => Err(AttachError::HungUp),
        }
    }

    fn into_link(self: Box<Self>) -> Box<dyn Link> {
        self
    }
}
