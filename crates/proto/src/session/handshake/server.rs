use std::borrow::Cow;

use super::client::agreed;
use super::{
    ACK_PACKET_LEN, Agreed, MAX_HELLO_LEN, Policy, envelope, packet, response_bytes, select_profile,
};
use crate::wire::{Header, Hello, HelloAck, Kind, Opcode, Profiles, Reader, Status, WireError};

/// The server's side: check the first packet with [`hello`](Self::hello), then make the
/// [`Offer`] come true.
#[derive(Clone, Copy, Debug)]
pub struct ServerHandshake {
    policy: Policy,
}

/// A session that passed every check but a free slot.
///
/// The driver prepares the data plane of [`profile`](Self::profile); where it cannot, it asks
/// [`without_profile`](Self::without_profile) for the next best. Then it sends the packet of
/// [`accept`](Self::accept), or of [`Refusal::packet`].
#[derive(Clone, Copy, Debug)]
pub struct Offer {
    ack: HelloAck,
    /// The common profiles that were not given up yet.
    candidates: Profiles,
    client_preferred: Profiles,
    server_preferred: Profiles,
}

/// Why a client gets no session, and whether it gets an answer.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// What came is no HELLO: close without an answer.
    #[error("not a HELLO")]
    Drop(#[source] WireError),
    /// Answer with `status` and close.
    #[error("refused with {status}: {why}")]
    Reply {
        /// The status of the answer.
        status: Status,
        /// The reason, for the server's log.
        why: Cow<'static, str>,
    },
}

impl ServerHandshake {
    /// A handshake that decides by `policy`.
    #[must_use]
    pub const fn new(policy: Policy) -> Self {
        Self { policy }
    }

    /// Checks a client's first packet, check by check in the order of the contract.
    /// `peer_allowed` says whether the process at the other end may talk to us at all.
    ///
    /// # Errors
    /// Why there is no session.
    pub fn hello(&self, bytes: &[u8], peer_allowed: bool) -> Result<Offer, Refusal> {
        let version = read_version(bytes).map_err(Refusal::Drop)?;
        if version != Header::VERSION {
            return Err(refuse(
                Status::INCOMPATIBLE,
                "another version of the envelope",
            ));
        }
        let payload = bytes.get(Header::LEN..).unwrap_or_default();
        let hello = Hello::decode(payload).map_err(Refusal::Drop)?;
        self.validate_hello(&hello, peer_allowed)
    }

    fn validate_hello(&self, hello: &Hello, peer_allowed: bool) -> Result<Offer, Refusal> {
        let policy = &self.policy;
        if hello.layout_version != Hello::LAYOUT {
            return Err(refuse(Status::INCOMPATIBLE, "another layout of HELLO"));
        }
        if hello.flags != 0 || hello.padding != 0 {
            return Err(refuse(
                Status::BAD_ENVELOPE,
                "unknown flags or padding in HELLO",
            ));
        }
        // One comparison of two registers takes the same time whatever they hold.
        if hello.auth_token ^ policy.auth_token != 0 {
            return Err(refuse(Status::AUTH_FAILED, "wrong auth token"));
        }
        if !peer_allowed {
            return Err(refuse(Status::AUTH_FAILED, "a user that is not allowed"));
        }
        let intersection = hello.supported.and(policy.supported);
        if intersection.is_empty() {
            return Err(no_profile(hello.supported, policy.supported));
        }
        if hello.max_request_payload_bytes > policy.request.payload_bytes
            || hello.max_request_batch_items > policy.request.batch_items
        {
            return Err(refuse(
                Status::LIMIT_EXCEEDED,
                "a proposal above the request limits",
            ));
        }
        let packet_size = hello.packet_size.min(policy.packet_size);
        if packet_size as usize <= Header::LEN {
            return Err(refuse(
                Status::INCOMPATIBLE,
                "packets without room for a payload",
            ));
        }
        Ok(self.offer(hello, intersection, packet_size))
    }

    fn offer(&self, hello: &Hello, intersection: Profiles, packet_size: u32) -> Offer {
        let (client, server) = (hello.preferred, self.policy.preferred);
        let hint = hello.max_response_payload_bytes;
        let ack = HelloAck {
            layout_version: Hello::LAYOUT,
            flags: 0,
            supported: self.policy.supported,
            intersection,
            selected: select_profile(intersection, client, server),
            max_request_payload_bytes: hello.max_request_payload_bytes,
            max_request_batch_items: hello.max_request_batch_items,
            max_response_payload_bytes: response_bytes(
                hint,
                self.policy.min_response_bytes,
                self.policy.max_response_bytes,
            ),
            max_response_batch_items: hello.max_request_batch_items,
            packet_size,
            session_id: 0,
        };
        Offer {
            ack,
            candidates: intersection,
            client_preferred: client,
            server_preferred: server,
        }
    }
}

impl Offer {
    /// The profile whose data plane has to be ready before the acceptance leaves.
    #[must_use]
    pub const fn profile(&self) -> Profiles {
        self.ack.selected
    }

    /// What will be agreed, for session `session_id`.
    #[must_use]
    pub const fn agreed(&self, session_id: u64) -> Agreed {
        agreed(&HelloAck {
            session_id,
            ..self.ack
        })
    }

    /// The offer with the next best profile, where the selected one cannot be had.
    ///
    /// # Errors
    /// [`Status::UNSUPPORTED`] when none is left.
    pub fn without_profile(self) -> Result<Self, Refusal> {
        let candidates = self.candidates.without(self.ack.selected);
        if candidates.is_empty() {
            return Err(refuse(
                Status::UNSUPPORTED,
                "no profile left that the server can prepare",
            ));
        }
        let selected = select_profile(candidates, self.client_preferred, self.server_preferred);
        Ok(Self {
            ack: HelloAck {
                selected,
                ..self.ack
            },
            candidates,
            ..self
        })
    }

    /// The packet that accepts the session under `session_id`.
    #[must_use]
    pub fn accept(&self, session_id: u64) -> [u8; ACK_PACKET_LEN] {
        let ack = HelloAck {
            session_id,
            ..self.ack
        };
        packet(envelope(Opcode::HELLO_ACK, Status::OK), &ack.encode())
    }
}

impl Refusal {
    /// The answer when there is no free slot.
    #[must_use]
    pub const fn busy() -> Self {
        refuse(Status::INTERNAL_ERROR, "every session slot is taken")
    }

    /// The answer when there is no memory for messages as long as proposed.
    #[must_use]
    pub const fn no_memory() -> Self {
        refuse(
            Status::LIMIT_EXCEEDED,
            "no memory for messages as long as proposed",
        )
    }

    /// The packet to send before closing; none where what came was no HELLO.
    #[must_use]
    pub fn packet(&self) -> Option<[u8; ACK_PACKET_LEN]> {
        match self {
            Self::Drop(_) => None,
            Self::Reply { status, .. } => {
                let header = envelope(Opcode::HELLO_ACK, *status);
                Some(packet(header, &HelloAck::refusal().encode()))
            }
        }
    }
}

/// Checks that `bytes` are a HELLO of any version: only the fields that every version has. Returns
/// the version.
fn read_version(bytes: &[u8]) -> Result<u16, WireError> {
    if bytes.len() > MAX_HELLO_LEN {
        return Err(WireError::layout(
            "hello length",
            MAX_HELLO_LEN as u64,
            bytes.len() as u64,
        ));
    }
    let mut r = Reader::record::<{ Header::LEN }>(bytes, "hello")?;
    let (magic, version) = (r.u32("hello magic")?, r.u16("hello version")?);
    if magic != Header::MAGIC {
        return Err(WireError::layout(
            "hello magic",
            Header::MAGIC.into(),
            magic.into(),
        ));
    }
    r.expect_u16(32, "hello header_len")?;
    r.expect_u16(Kind::CONTROL.0, "hello kind")?;
    let _flags = r.u16("hello flags")?;
    r.expect_u16(Opcode::HELLO.0, "hello opcode")?;
    Ok(version)
}

const fn refuse(status: Status, why: &'static str) -> Refusal {
    let why = Cow::Borrowed(why);
    Refusal::Reply { status, why }
}

/// Both lists, as the two sides are configured by different people.
#[cold]
fn no_profile(client: Profiles, server: Profiles) -> Refusal {
    let why =
        format!("no profile in common: the client offers {client}, this server takes {server}");
    Refusal::Reply {
        status: Status::UNSUPPORTED,
        why: why.into(),
    }
}
