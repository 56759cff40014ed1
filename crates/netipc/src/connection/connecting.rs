//! A client's handshake in steps that need not wait.

use netipc_proto::session::Role;
use netipc_proto::session::handshake::{
    ACK_PACKET_LEN, Agreed, ClientHandshake, HandshakeError, Proposal,
};
use netipc_transport::endpoint::Endpoint;
use netipc_transport::link::{Baseline, LinkError, Transport, WaitObject};
use netipc_transport::wait::Wait;

use super::{Connection, available, buffer, plan, send_packet};
use crate::error::OpenError;

/// A connection whose server has not answered yet, for event loops: [`Connection::connect`] in two parts.
///
/// ```no_run
/// use std::time::Duration;
///
/// use netipc::connection::Connecting;
/// use netipc::transport::link::LinkError;
/// use netipc::transport::{Endpoint, NativeTransport, Wait};
/// use netipc::{ClientConfig, OpenError};
///
/// let at_once = Wait::timeout(Duration::ZERO);
/// let endpoint = Endpoint::new("/run/example", "increment")?;
/// let proposal = ClientConfig::default().proposal();
/// let mut connecting = Connecting::start(&NativeTransport::default(), &endpoint, proposal, &at_once)?;
/// let connection = loop {
///     // Here the loop waits until `connecting.wait_object()` is ready, and does something else meanwhile.
///     match connecting.finish(&at_once) {
///         Err(OpenError::Link(LinkError::Timeout)) => continue,
///         done => break done?,
///     }
/// };
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Connecting {
    /// Taken when the handshake is over.
    link: Option<Box<dyn Baseline>>,
    handshake: ClientHandshake,
    auth_token: u64,
    /// How sending went: a server that refuses at once may have closed before our packet left, and its
    /// answer counts.
    sent: Result<(), LinkError>,
}

impl Connecting {
    /// Connects, and says what this client proposes. The packet size is the link's, whatever `proposal`
    /// says, and so are the profiles: what the transport does not have is not offered.
    ///
    /// # Errors
    /// Why there is no connection. One of [`ConnectError::Interrupted`](netipc_transport::link::ConnectError)
    /// that the deadline passed means that too many wait there: try again soon.
    pub fn start(
        transport: &dyn Transport,
        endpoint: &Endpoint,
        proposal: Proposal,
        wait: &Wait<'_>,
    ) -> Result<Self, OpenError> {
        let mut link = transport.connect(endpoint, wait)?;
        let handshake = ClientHandshake::new(Proposal {
            packet_size: link.packet_size(),
            supported: proposal.supported.and(available(link.profiles())),
            ..proposal
        });
        let sent = send_packet(&mut *link, &handshake.hello(), wait);
        Ok(Self {
            link: Some(link),
            handshake,
            auth_token: proposal.auth_token,
            sent,
        })
    }

    /// Receives the answer, and gives the session.
    ///
    /// # Errors
    /// Why there is no session. After [`LinkError::Timeout`] and [`LinkError::Aborted`] it may be called again,
    /// unless it was attaching shared memory; after any other it fails the same way.
    pub fn finish(&mut self, wait: &Wait<'_>) -> Result<Connection, OpenError> {
        let link = self.link.as_mut().ok_or(LinkError::Disconnected)?;
        let agreed = match answer(&mut **link, &self.handshake, &mut self.sent, wait) {
            Err(error @ OpenError::Link(LinkError::Timeout | LinkError::Aborted)) => {
                return Err(error);
            }
            answered => answered,
        };
        let link = self.link.take().ok_or(LinkError::Disconnected)?;
        let agreed =
            agreed.map_err(|error| with_users(error, link.info().peer.uid, link.own_uid()))?;
        let buffer = buffer(Role::Client, &agreed).map_err(LinkError::Io)?;
        let link = link.attach(&plan(&agreed, self.auth_token), wait)?;
        Ok(Connection::new(Role::Client, link, agreed, buffer))
    }

    /// What is ready when the server has answered, or is gone.
    #[must_use]
    pub fn wait_object(&self) -> Option<WaitObject<'_>> {
        self.link.as_ref().and_then(|link| link.wait_object())
    }
}

/// What the server says to our HELLO.
fn answer(
    link: &mut dyn Baseline,
    handshake: &ClientHandshake,
    sent: &mut Result<(), LinkError>,
    wait: &Wait<'_>,
) -> Result<Agreed, OpenError> {
    let mut ack = [0; ACK_PACKET_LEN + 1];
    let len = match link.receive(&mut ack, wait) {
        Ok(len) => len.min(ack.len()),
        Err(error) => {
            return Err(std::mem::replace(sent, Ok(()))
                .err()
                .unwrap_or(error)
                .into());
        }
    };
    Ok(handshake.ack(ack.get(..len).unwrap_or_default())?)
}

/// A server that says no to the token may mean the user: where the two are of different users, that is
/// said. Root is let in everywhere.
fn with_users(error: OpenError, server: Option<u32>, own: Option<u32>) -> OpenError {
    match (error, server, own) {
        (OpenError::Handshake(HandshakeError::AuthFailed), Some(server), Some(own))
            if own != server && own != 0 =>
        {
            OpenError::OtherUser { server, own }
        }
        (error, ..) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_between_two_users_names_both_unless_root_asked() {
        let refused = || OpenError::Handshake(HandshakeError::AuthFailed);
        let other = with_users(refused(), Some(7), Some(8));
        assert!(matches!(other, OpenError::OtherUser { server: 7, own: 8 }));
        for (server, own) in [
            (Some(8), Some(8)),
            (Some(7), Some(0)),
            (None, Some(8)),
            (Some(7), None),
        ] {
            let same = with_users(refused(), server, own);
            assert!(
                matches!(same, OpenError::Handshake(_)),
                "{server:?} {own:?}"
            );
        }
        let late = OpenError::Link(LinkError::Timeout);
        let late = with_users(late, Some(7), Some(8));
        assert!(matches!(late, OpenError::Link(LinkError::Timeout)));
    }
}
