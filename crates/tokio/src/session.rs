//! A connection whose steps are futures.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use netipc::OpenError;
use netipc::connection::{Connecting, Connection, ConnectionError, Proposal};
use netipc::transport::link::{ConnectError, LinkError};
use netipc::transport::{Endpoint, Transport, Wait, WaitObject};
use netipc::wire::Header;
use tokio::io::unix::AsyncFd;

/// How a connect waits for room in a full backlog, which no descriptor tells.
const FIRST_RETRY: Duration = Duration::from_millis(1);
const LONGEST_RETRY: Duration = Duration::from_millis(10);

/// What the runtime watches: a descriptor of its own for the same socket, so that neither has to be closed
/// before the other.
pub(crate) type Watch = AsyncFd<OwnedFd>;

/// Does what needs no waiting.
pub(crate) fn at_once() -> Wait<'static> {
    Wait::timeout(Duration::ZERO)
}

/// Has the runtime watch `object`.
#[allow(
    deprecated,
    reason = "what takes its place is unsafe; an owned descriptor is open for as long as it is watched, which is all it asks for"
)]
pub(crate) fn watch(object: Option<WaitObject<'_>>) -> io::Result<Watch> {
    let nothing = || {
        let what = "nothing to watch: this transport has no descriptors";
        io::Error::new(io::ErrorKind::Unsupported, what)
    };
    AsyncFd::new(object.ok_or_else(nothing)?.as_fd().try_clone_to_owned()?)
}

/// A session with one peer over its socket.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) connection: Connection,
    watch: Watch,
}

impl Session {
    /// The session over a connection that is there.
    pub(crate) fn new(connection: Connection) -> io::Result<Self> {
        let watch = watch(connection.wait_object())?;
        Ok(Self { connection, watch })
    }

    /// Connects and shakes hands, for as long as it takes.
    pub(crate) async fn connect(
        transport: &dyn Transport,
        endpoint: &Endpoint,
        proposal: Proposal,
    ) -> Result<Self, OpenError> {
        let mut pause = FIRST_RETRY;
        let mut connecting = loop {
            match Connecting::start(transport, endpoint, proposal, &at_once()) {
                Err(OpenError::Connect(ConnectError::Interrupted {
                    source: LinkError::Timeout,
                    ..
                })) => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_RETRY);
                }
                started => break started?,
            }
        };
        let watch = watch(connecting.wait_object()).map_err(LinkError::Io)?;
        loop {
            let mut ready = watch.readable().await.map_err(LinkError::Io)?;
            match connecting.finish(&at_once()) {
                Err(OpenError::Link(LinkError::Timeout)) => ready.clear_ready(),
                done => {
                    let connection = done?;
                    drop(ready);
                    return Ok(Self { connection, watch });
                }
            }
        }
    }

    /// Sends a message, packet by packet as the peer makes room. Where it is dropped half-way, the session is
    /// of no more use.
    pub(crate) async fn send(
        &mut self,
        header: Header,
        payload: &[u8],
    ) -> Result<(), ConnectionError> {
        let mut sending = self.connection.begin_send(header, payload)?;
        // Mostly there is room.
        while !self.connection.go_on(&mut sending, &at_once())? {
            let mut ready = self.watch.writable().await.map_err(LinkError::Io)?;
            if self.connection.go_on(&mut sending, &at_once())? {
                break;
            }
            ready.clear_ready();
        }
        Ok(())
    }

    /// Receives the next message, which the connection has then. Dropped, it has lost nothing.
    pub(crate) async fn receive(&mut self) -> Result<Header, ConnectionError> {
        loop {
            let mut ready = self.watch.readable().await.map_err(LinkError::Io)?;
            match self.connection.receive(&at_once()) {
                Err(ConnectionError::Link(LinkError::Timeout)) => ready.clear_ready(),
                received => return received,
            }
        }
    }

    /// Waits until the peer has hung up; what it says meanwhile is not looked at.
    pub(crate) async fn until_hung_up(&mut self) {
        let mut packet = [0; 1];
        while let Ok(mut ready) = self.watch.readable().await {
            match self.connection.receive_packet(&mut packet, &at_once()) {
                Err(LinkError::Timeout) => ready.clear_ready(),
                Err(_) => return,
                Ok(_) => {}
            }
        }
    }
}
