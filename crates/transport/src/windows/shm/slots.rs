//! A region with waiting words, as one side uses it.

use std::io;
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

use crate::endpoint::Endpoint;
use crate::link::{LinkError, SessionPlan};
use crate::shm::areas::{Areas, Span};
use crate::shm::{Broken, Companion, Side, Slots};
use crate::sys::{Mapping, NamedEvent, Security, SharedMap, wait_any};
use crate::wait::{Abort, Wait};
use crate::windows::names::ObjectNames;

use super::header::{self, HEADER, REQUEST, RESPONSE, Words};
use super::slot::Slot;

/// How often an abort is looked at when it has no event.
const ABORT_SLICE: Duration = Duration::from_millis(10);
/// How long a receiver without events keeps a processor busy for one message; then it looks once a
/// millisecond.
const BUSY: Duration = Duration::from_millis(100);
const RELAXED_SLICE: Duration = Duration::from_millis(1);
/// How long it looks for nothing else: a server that is full waits some milliseconds for whoever has left.
const BUSY_SLICE: Duration = Duration::from_millis(2);
/// Looks at the counter for each look at the clock and the abort.
const LOOKS: u32 = 64;

/// One side of a region.
#[derive(Debug)]
pub(crate) struct EventSlots {
    map: SharedMap,
    sends: Direction,
    receives: Direction,
    /// Messages sent.
    sent: u64,
    /// Messages received.
    taken: u64,
    /// Bytes of the largest message that the session has agreed on in our direction.
    send_limit: usize,
    /// When the wait for the next message began, where there are no events.
    since: Option<Instant>,
}

/// One direction of a region.
#[derive(Debug)]
struct Direction {
    words: Words,
    area: Span,
    /// What its taker sleeps on, in a profile with events.
    event: Option<NamedEvent>,
}

impl Direction {
    fn slot<'a>(&self, map: &'a SharedMap) -> Slot<'a> {
        Slot {
            seq: map.long(self.words.seq),
            len: map.word(self.words.len),
            closed: map.word(self.words.closed),
            waiting: map.word(self.words.waiting),
        }
    }

    fn wake(&self) {
        if let Some(event) = &self.event {
            event.set();
        }
    }
}

/// The events of both directions, where a profile has them.
struct Events {
    request: Option<NamedEvent>,
    response: Option<NamedEvent>,
}

impl EventSlots {
    /// Server: makes the region of a session, complete on return. A failure leaves nothing behind.
    pub(crate) fn create(
        endpoint: &Endpoint,
        plan: &SessionPlan,
        events: bool,
    ) -> io::Result<Self> {
        let invalid = |why| io::Error::new(io::ErrorKind::InvalidInput, why);
        let areas = Areas::for_plan(plan, HEADER)
            .ok_or_else(|| invalid("the limits exceed what a region can hold"))?;
        let names = ObjectNames::new(endpoint, plan)
            .ok_or_else(|| invalid("the service's name is too long for a region"))?;
        let security = Security::new()?;
        let map = SharedMap::new(Mapping::create(&names.mapping, areas.size(), &security)?);
        // All but the header was never written and so reads as 0. The peer reads it once it has
        // been accepted, which comes after this in every order.
        map.write(0, &header::encode(&areas, plan.profile));
        let event = |name: &str| {
            events
                .then(|| NamedEvent::create(name, &security))
                .transpose()
        };
        let events = Events {
            request: event(&names.request_event)?,
            response: event(&names.response_event)?,
        };
        Ok(Self::new(map, areas, Side::Server, plan, events))
    }

    /// Client: attaches the region that the server has made.
    pub(crate) fn attach(
        endpoint: &Endpoint,
        plan: &SessionPlan,
        events: bool,
    ) -> Result<Self, String> {
        let names = ObjectNames::new(endpoint, plan)
            .ok_or("the service's name is too long for a region")?;
        let map = SharedMap::new(Mapping::open(&names.mapping).map_err(|code| code.to_string())?);
        if map.size() < HEADER {
            return Err("it is shorter than its header".to_owned());
        }
        // One copy, and only the copy is looked at: the memory may change under us.
        let mut bytes = [0; HEADER];
        map.read(0, &mut bytes);
        let areas = header::decode(&bytes, map.size(), plan)?;
        let event = |name: &str| {
            let opened = events.then(|| NamedEvent::open(name)).transpose();
            opened.map_err(|code| format!("its event: {code}"))
        };
        let events = Events {
            request: event(&names.request_event)?,
            response: event(&names.response_event)?,
        };
        Ok(Self::new(map, areas, Side::Client, plan, events))
    }

    fn new(map: SharedMap, areas: Areas, side: Side, plan: &SessionPlan, events: Events) -> Self {
        let requests = Direction {
            words: REQUEST,
            area: areas.request,
            event: events.request,
        };
        let responses = Direction {
            words: RESPONSE,
            area: areas.response,
            event: events.response,
        };
        let (sends, receives, bytes) = match side {
            Side::Client => (requests, responses, plan.request_bytes),
            Side::Server => (responses, requests, plan.response_bytes),
        };
        // A client may have asked already; its server made the region and starts at 0.
        let (sent, taken) = match side {
            Side::Server => (0, 0),
            Side::Client => (
                sends.slot(&map).published(),
                receives.slot(&map).published(),
            ),
        };
        Self {
            map,
            sends,
            receives,
            sent,
            taken,
            // The area holds that many, so it can be mapped and counted.
            send_limit: usize::try_from(bytes).unwrap_or(usize::MAX),
            since: None,
        }
    }

    fn incoming(&self) -> Slot<'_> {
        self.receives.slot(&self.map)
    }

    /// Whether a sleep would be in vain.
    fn has_news(&self, wait: &Wait<'_>) -> Result<bool, Broken> {
        let slot = self.incoming();
        Ok(slot.arrived(self.taken)? || slot.is_closed() || wait.check_abort().is_err())
    }

    /// Sleeps until the event, the companion or the abort has something to say.
    fn sleep_on(
        &self,
        event: Option<&NamedEvent>,
        limit: Duration,
        wait: &Wait<'_>,
        companion: &dyn Companion,
    ) -> Result<(), LinkError> {
        let abort = wait.abort().map(Abort::object);
        let limit = match abort {
            Some(None) => limit.min(ABORT_SLICE),
            _ => limit,
        };
        let event = event.map(NamedEvent::object);
        let objects = [event, companion.wait_object(), abort.flatten()];
        wait_any(objects, Some(limit))
            .map(drop)
            .map_err(|code| LinkError::Io(code.into()))
    }

    /// Looks again and again, and lets others run meanwhile.
    fn look_busily(&self, limit: Duration, wait: &Wait<'_>) -> Result<(), Broken> {
        let start = Instant::now();
        while start.elapsed() < limit {
            for _ in 0..LOOKS {
                if self.incoming().arrived(self.taken)? {
                    return Ok(());
                }
                thread::yield_now();
            }
            if self.has_news(wait)? {
                return Ok(());
            }
        }
        Ok(())
    }
}

impl Slots for EventSlots {
    fn send_limit(&self) -> usize {
        self.send_limit
    }

    fn publish(&mut self, head: &[u8], body: &[u8], len: u32, _looks: u32) -> bool {
        self.sent = self.sent.wrapping_add(1);
        let start = self.sends.area.offset as usize;
        let copy = || {
            self.map.write(start, head);
            self.map.write(start + head.len(), body);
        };
        let slot = self.sends.slot(&self.map);
        // The system is asked only where the peer has said that it waits.
        slot.publish(self.sent, len, copy, || self.sends.wake());
        false
    }

    #[inline]
    fn has_arrived(&self) -> Result<bool, Broken> {
        self.incoming().arrived(self.taken)
    }

    fn take(&mut self, packet: &mut [u8]) -> Result<usize, Broken> {
        let Span { offset, capacity } = self.receives.area;
        let copy = |len: u32| {
            let kept = packet.len().min(len as usize);
            self.map.read(offset as usize, &mut packet[..kept]);
        };
        let size = self.incoming().take(self.taken, capacity, copy)?;
        self.taken = self.taken.wrapping_add(1);
        self.since = None;
        Ok(size as usize)
    }

    fn looks_first(&self) -> bool {
        true
    }

    fn sleep(
        &mut self,
        limit: Duration,
        wait: &Wait<'_>,
        companion: &dyn Companion,
    ) -> Result<(), LinkError> {
        let Some(event) = &self.receives.event else {
            let since = *self.since.get_or_insert_with(Instant::now);
            if since.elapsed() < BUSY {
                return Ok(self.look_busily(limit.min(BUSY_SLICE), wait)?);
            }
            return self.sleep_on(None, limit.min(RELAXED_SLICE), wait, companion);
        };
        let slot = self.incoming();
        slot.begin_waiting();
        // Looked at after that: what comes later sets the event.
        let slept = match self.has_news(wait) {
            Ok(false) => self.sleep_on(Some(event), limit, wait, companion),
            Ok(true) => Ok(()),
            Err(broken) => Err(broken.into()),
        };
        slot.end_waiting();
        slept
    }

    fn bell(&self) -> Option<&Waker> {
        // A sleep watches the abort itself.
        None
    }

    fn is_closed(&self) -> Result<bool, Broken> {
        Ok(self.incoming().is_closed())
    }

    fn close(&mut self) {
        self.sends.slot(&self.map).close(|| self.sends.wake());
    }
}
