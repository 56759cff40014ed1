//! Whether the client that is being answered is still there: who waits for another host for it stops where it is not.
//!
//! A server does not look at its client while its handler runs. Its transport is wrapped here: what tells that the client has
//! gone is asked for by the thread that will answer it, and kept for that thread.

use std::cell::RefCell;
use std::io;
use std::time::Instant;

use netipc::transport::link::{
    AttachError, BindError, BindOptions, ConnectError, LinkError, LinkInfo, PeerWatch, Profile,
    SessionPlan,
};
use netipc::transport::{
    Baseline, Endpoint, Link, Listener, NativeTransport, Transport, Wait, WaitObject,
};

thread_local! {
    /// That of the session whose thread this is.
    static CLIENT: RefCell<Option<PeerWatch>> = const { RefCell::new(None) };
}

/// Whether the client whose question this thread answers has gone.
pub(crate) fn client_has_left() -> bool {
    CLIENT.with_borrow(|watch| watch.as_ref().is_some_and(PeerWatch::has_hung_up))
}

/// The platform's transport, whose servers know their clients in [`client_has_left`].
#[derive(Debug, Default)]
pub(crate) struct Watched(NativeTransport);

#[derive(Debug)]
struct WatchedListener(Box<dyn Listener>);

#[derive(Debug)]
struct WatchedClient(Box<dyn Baseline>);

impl Transport for Watched {
    fn profiles(&self) -> &'static [Profile] {
        self.0.profiles()
    }

    fn connect(
        &self,
        endpoint: &Endpoint,
        wait: &Wait<'_>,
    ) -> Result<Box<dyn Baseline>, ConnectError> {
        self.0.connect(endpoint, wait)
    }

    fn bind(
        &self,
        endpoint: &Endpoint,
        options: &BindOptions,
    ) -> Result<Box<dyn Listener>, BindError> {
        Ok(Box::new(WatchedListener(self.0.bind(endpoint, options)?)))
    }

    fn mark(&self, endpoint: &Endpoint) -> Option<u64> {
        self.0.mark(endpoint)
    }
}

impl Listener for WatchedListener {
    fn accept(&mut self, wait: &Wait<'_>) -> Result<Box<dyn Baseline>, LinkError> {
        Ok(Box::new(WatchedClient(self.0.accept(wait)?)))
    }

    fn accept_ready(&mut self, wait: &Wait<'_>) -> Result<Box<dyn Baseline>, LinkError> {
        Ok(Box::new(WatchedClient(self.0.accept_ready(wait)?)))
    }

    fn endpoint(&self) -> &Endpoint {
        self.0.endpoint()
    }

    fn wait_object(&self) -> Option<WaitObject<'_>> {
        self.0.wait_object()
    }
}

impl Link for WatchedClient {
    fn send(&mut self, head: &[u8], body: &[u8], wait: &Wait<'_>) -> Result<(), LinkError> {
        self.0.send(head, body, wait)
    }

    fn receive(&mut self, packet: &mut [u8], wait: &Wait<'_>) -> Result<usize, LinkError> {
        self.0.receive(packet, wait)
    }

    fn waited_until(&self) -> Option<Instant> {
        self.0.waited_until()
    }

    fn check(&mut self) -> Result<(), LinkError> {
        self.0.check()
    }

    fn linger(&mut self) {
        self.0.linger();
    }

    fn info(&self) -> LinkInfo {
        self.0.info()
    }

    fn wait_object(&self) -> Option<WaitObject<'_>> {
        self.0.wait_object()
    }
}

impl Baseline for WatchedClient {
    fn profiles(&self) -> &'static [Profile] {
        self.0.profiles()
    }

    fn packet_size(&self) -> u32 {
        self.0.packet_size()
    }

    fn peer_allowed(&self) -> bool {
        self.0.peer_allowed()
    }

    fn peer_watch(&self) -> Option<PeerWatch> {
        // Each client has a thread, which asks for this before its first request.
        CLIENT.set(self.0.peer_watch());
        self.0.peer_watch()
    }

    fn own_uid(&self) -> Option<u32> {
        self.0.own_uid()
    }

    fn offer(&mut self, plan: &SessionPlan) -> io::Result<()> {
        self.0.offer(plan)
    }

    fn switch(self: Box<Self>) -> Box<dyn Link> {
        self.0.switch()
    }

    fn attach(
        self: Box<Self>,
        plan: &SessionPlan,
        wait: &Wait<'_>,
    ) -> Result<Box<dyn Link>, AttachError> {
        self.0.attach(plan, wait)
    }

    fn into_link(self: Box<Self>) -> Box<dyn Link> {
        self.0.into_link()
    }
}
