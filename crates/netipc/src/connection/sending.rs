//! A message that is sent in steps that need not wait.

use netipc_proto::session::{Packet, Packets, SessionError};
use netipc_proto::wire::Header;
use netipc_transport::link::LinkError;
use netipc_transport::wait::Wait;

use super::{Connection, ConnectionError, is_unsent};

/// A message on its way, for event loops: made by [`Connection::begin_send`], and sent by
/// [`Connection::go_on`] as the peer makes room for it.
#[derive(Debug)]
pub struct Sending<'p> {
    /// What goes next; nothing once all is sent.
    next: Option<Packet<'p>>,
    rest: Packets<'p>,
    message_id: u64,
    /// Whether nothing of it was sent.
    is_fresh: bool,
}

impl Connection {
    /// Begins a message, of which nothing is sent yet: [`go_on`](Self::go_on) does. No other may be sent
    /// before it is out; where it is given up half sent, the session is over.
    ///
    /// # Errors
    /// As [`send`](Self::send), of what needs no link.
    pub fn begin_send<'p>(
        &mut self,
        header: Header,
        payload: &'p [u8],
    ) -> Result<Sending<'p>, ConnectionError> {
        if self.half_sent {
            return Err(SessionError::Ended.into());
        }
        let (first, rest) = self.session.send(header, payload)?.split_first();
        Ok(Sending {
            next: Some(first),
            rest,
            message_id: header.message_id,
            is_fresh: true,
        })
    }

    /// Sends what there is room for within `wait`; returns whether all is sent. Where not, it may be called
    /// again, as when the [wait object](Self::wait_object) can be written to.
    ///
    /// # Errors
    /// As [`send`](Self::send). A wait that ends is none.
    pub fn go_on(
        &mut self,
        sending: &mut Sending<'_>,
        wait: &Wait<'_>,
    ) -> Result<bool, ConnectionError> {
        while let Some(packet) = sending.next {
            match self.link.send(&packet.head, packet.body, wait) {
                Ok(()) => {
                    sending.is_fresh = false;
                    sending.next = sending.rest.next();
                    // What came instead of the rest would be taken for it.
                    self.half_sent = sending.next.is_some();
                }
                Err(LinkError::Timeout | LinkError::Aborted) => return Ok(false),
                Err(error) => {
                    if sending.is_fresh && is_unsent(&error) {
                        self.session.retract(sending.message_id);
                    } else {
                        self.over = true;
                    }
                    return Err(error.into());
                }
            }
        }
        Ok(true)
    }
}
