//! Instances of a pipe that wait for clients.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::endpoint::Endpoint;
use crate::link::{Baseline, BindError, BindOptions, LinkError, Listener, WaitObject};
use crate::sys::{Code, Event, Instance, Pipe, Security, Visit, ready, wait_for_instance};
use crate::wait::{Wait, lock};

use super::link::PipeLink;
use super::stream::PACKET;

const DEFAULT_BACKLOG: u16 = 16;
/// With two, a client that comes while one is exchanged finds the other.
const FEWEST_INSTANCES: u16 = 2;
const MOST_INSTANCES: u16 = 64;
/// How long the search for another server lasts: it answers at once or not at all.
const PROBE: Duration = Duration::from_millis(1);

/// One starter of this process at a time. Between processes the flag of a first instance decides; a
/// system that ignores it (Wine) has the probe alone, which two starters could pass together.
static STARTING: Mutex<()> = Mutex::new(());

/// The owner of an endpoint.
///
/// As many instances as its backlog wait for clients, each in the kernel: nothing runs meanwhile, and
/// a client that comes and leaves harms nobody. The name is free again when the listener and every
/// connection that came by it are gone.
#[derive(Debug)]
pub struct PipeListener {
    endpoint: Endpoint,
    spin: Duration,
    security: Security,
    /// Signalled while an instance has a client.
    event: Arc<Event>,
    instances: Vec<Instance>,
    /// How many there should be.
    wanted: usize,
    /// Where the search for the next client begins, so that none is passed over for ever.
    next: usize,
}

impl PipeListener {
    pub(super) fn bind(
        endpoint: &Endpoint,
        options: &BindOptions,
        spin: Duration,
    ) -> Result<Self, BindError> {
        let _starting = lock(&STARTING);
        let in_use = |why| BindError::AddressInUse {
            endpoint: endpoint.to_string(),
            why,
            holders: Vec::new(),
        };
        match wait_for_instance(endpoint.pipe_name(), PROBE) {
            Ok(()) => return Err(in_use("it answers")),
            Err(Code::SEM_TIMEOUT) => return Err(in_use("it has no room for another client")),
            Err(Code::ACCESS_DENIED) => return Err(in_use("it belongs to somebody else")),
            // Nobody is there; any other failure is for the next step to tell.
            Err(_) => {}
        }
        Self::first(endpoint, options, spin).map_err(|code| {
            if code == Code::ACCESS_DENIED {
                in_use("another one has its name")
            } else {
                BindError::Io {
                    endpoint: endpoint.to_string(),
                    source: code.into(),
                }
            }
        })
    }

    /// Makes the first instance and the others.
    fn first(endpoint: &Endpoint, options: &BindOptions, spin: Duration) -> Result<Self, Code> {
        let backlog = options.backlog.unwrap_or(DEFAULT_BACKLOG);
        let mut listener = Self {
            endpoint: endpoint.clone(),
            spin,
            security: Security::new()?,
            event: Arc::new(Event::new()?),
            instances: Vec::new(),
            wanted: backlog.clamp(FEWEST_INSTANCES, MOST_INSTANCES).into(),
            next: 0,
        };
        let first = listener.instance(true)?;
        listener.instances.push(first);
        listener.fill()?;
        listener.settle_event();
        Ok(listener)
    }

    fn instance(&self, first: bool) -> Result<Instance, Code> {
        let name = self.endpoint.pipe_name();
        Instance::new(name, first, PACKET, &self.security, &self.event)
    }

    /// Makes the instances that are missing.
    fn fill(&mut self) -> Result<(), Code> {
        while self.instances.len() < self.wanted {
            let instance = self.instance(false)?;
            self.instances.push(instance);
        }
        Ok(())
    }

    /// The connection of a client that has come, if one has.
    fn take(&mut self) -> Option<Result<Pipe, Code>> {
        let (count, next) = (self.instances.len(), self.next);
        let (index, came) = (0..count).find_map(|offset| {
            let index = (next + offset) % count;
            match self.instances[index].poll() {
                Visit::Came(came) => Some((index, came)),
                Visit::None | Visit::Restarted => None,
            }
        })?;
        let instance = self.instances.remove(index);
        self.next = index;
        // Before anything else, so that the next client finds as many as this one did. A failure is
        // told when no instance is left.
        if let Err(code) = self.fill() {
            tracing::warn!(endpoint = %self.endpoint, error = %code, "cannot wait for more clients");
        }
        self.settle_event();
        Some(came.and_then(|()| instance.into_pipe(PACKET)))
    }

    /// Makes the event say whether a client waits: the start of a wait resets it, for whichever
    /// instance it was set.
    fn settle_event(&mut self) {
        loop {
            self.event.reset();
            let mut restarted = false;
            for instance in &mut self.instances {
                match instance.poll() {
                    Visit::Came(_) => return self.event.set(),
                    Visit::Restarted => restarted = true,
                    Visit::None => {}
                }
            }
            if !restarted {
                return;
            }
        }
    }
}

impl Listener for PipeListener {
    fn accept(&mut self, wait: &Wait<'_>) -> Result<Box<dyn Baseline>, LinkError> {
        wait.check_abort()?;
        loop {
            if let Some(came) = self.take() {
                let pipe = came.map_err(|code| LinkError::Io(code.into()))?;
                let link = PipeLink::accepted(pipe, self.endpoint.clone(), self.spin);
                return Ok(Box::new(link));
            }
            if self.instances.is_empty() {
                self.fill().map_err(|code| LinkError::Io(code.into()))?;
            }
            self.settle_event();
            ready(self.event.watched(), wait)?;
        }
    }

    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn wait_object(&self) -> Option<WaitObject<'_>> {
        Some(self.event.watched())
    }
}
