use super::{ACK_PACKET_LEN, Agreed, HELLO_PACKET_LEN, Proposal, envelope, packet};
use crate::session::{DirectionLimits, Limits};
use crate::wire::{
    Header, Hello, HelloAck, Kind, Opcode, Profiles, Status, WireError, WireErrorKind,
};

/// The client's side: send [`hello`](Self::hello), then check the answer with [`ack`](Self::ack).
#[derive(Clone, Copy, Debug)]
pub struct ClientHandshake {
    proposal: Proposal,
}

impl ClientHandshake {
    /// A handshake that proposes `proposal`.
    #[must_use]
    pub const fn new(proposal: Proposal) -> Self {
        Self { proposal }
    }

    /// The packet to send first.
    #[must_use]
    pub fn hello(&self) -> [u8; HELLO_PACKET_LEN] {
        let Proposal {
            supported,
            preferred,
            request,
            response,
            ..
        } = self.proposal;
        let hello = Hello {
            layout_version: Hello::LAYOUT,
            flags: 0,
            supported,
            preferred,
            max_request_payload_bytes: request.payload_bytes,
            max_request_batch_items: request.batch_items,
            max_response_payload_bytes: response.payload_bytes,
            max_response_batch_items: response.batch_items,
            padding: 0,
            auth_token: self.proposal.auth_token,
            packet_size: self.proposal.packet_size,
        };
        packet(envelope(Opcode::HELLO, Status::OK), &hello.encode())
    }

    /// Checks the server's answer, check by check in the order of the contract.
    ///
    /// # Errors
    /// Why there is no session.
    pub fn ack(&self, bytes: &[u8]) -> Result<Agreed, HandshakeError> {
        let header = Header::decode(bytes).map_err(|error| match error.kind() {
            WireErrorKind::BadVersion => HandshakeError::Incompatible {
                source: Some(error),
            },
            _ => HandshakeError::Protocol(error),
        })?;
        expect("hello_ack kind", Kind::CONTROL.0, header.kind.0)?;
        expect("hello_ack opcode", Opcode::HELLO_ACK.0, header.code)?;
        self.refusal(header.status)?;
        if bytes.len() != ACK_PACKET_LEN {
            let error = WireError::layout("hello_ack length", 80, bytes.len() as u64);
            return Err(HandshakeError::Protocol(error));
        }
        let payload = bytes.get(Header::LEN..).unwrap_or_default();
        let ack = HelloAck::decode(payload).map_err(HandshakeError::Protocol)?;
        self.validate_ack(&ack)
    }

    /// What the server means by a status other than OK.
    fn refusal(&self, status: Status) -> Result<(), HandshakeError> {
        Err(match status {
            Status::OK => return Ok(()),
            Status::AUTH_FAILED => HandshakeError::AuthFailed,
            Status::UNSUPPORTED => HandshakeError::NoProfile {
                offered: self.proposal.supported,
            },
            Status::INCOMPATIBLE => HandshakeError::Incompatible { source: None },
            Status::LIMIT_EXCEEDED => HandshakeError::LimitExceeded,
            status => HandshakeError::Rejected { status },
        })
    }

    fn validate_ack(&self, ack: &HelloAck) -> Result<Agreed, HandshakeError> {
        let Proposal {
            supported,
            request,
            response_ceiling,
            packet_size,
            ..
        } = self.proposal;
        if ack.layout_version != Hello::LAYOUT {
            let found = ack.layout_version.into();
            let error = WireError::layout("hello_ack layout_version", Hello::LAYOUT.into(), found);
            return Err(HandshakeError::Incompatible {
                source: Some(error),
            });
        }
        expect("hello_ack flags", 0, ack.flags)?;
        let selected = ack.selected;
        if !selected.is_one() || selected.and(supported).is_empty() {
            return Err(HandshakeError::Profile {
                selected,
                offered: supported,
            });
        }
        if ack.packet_size <= 32 || ack.packet_size > packet_size {
            return Err(HandshakeError::PacketSize {
                agreed: ack.packet_size,
                ours: packet_size,
            });
        }
        let limits = [
            (
                "request payload bytes",
                ack.max_request_payload_bytes,
                request.payload_bytes,
            ),
            (
                "request batch items",
                ack.max_request_batch_items,
                request.batch_items,
            ),
            (
                "response payload bytes",
                ack.max_response_payload_bytes,
                response_ceiling,
            ),
        ];
        for (what, agreed, limit) in limits {
            if agreed > limit {
                return Err(HandshakeError::Limit {
                    what,
                    agreed,
                    limit,
                });
            }
        }
        Ok(agreed(ack))
    }
}

/// What an accepted HELLO_ACK says.
pub(super) const fn agreed(ack: &HelloAck) -> Agreed {
    let request = DirectionLimits {
        payload_bytes: ack.max_request_payload_bytes,
        batch_items: ack.max_request_batch_items,
    };
    let response = DirectionLimits {
        payload_bytes: ack.max_response_payload_bytes,
        batch_items: ack.max_response_batch_items,
    };
    Agreed {
        profile: ack.selected,
        limits: Limits {
            request,
            response,
            packet_size: ack.packet_size,
        },
        session_id: ack.session_id,
        server_supported: ack.supported,
    }
}

fn expect(field: &'static str, want: u16, found: u16) -> Result<(), HandshakeError> {
    if found == want {
        Ok(())
    } else {
        Err(HandshakeError::Protocol(WireError::layout(
            field,
            want.into(),
            found.into(),
        )))
    }
}

/// What a server means by the status, where the contract says it.
fn meaning(status: Status) -> &'static str {
    if status == Status::INTERNAL_ERROR {
        ": all its sessions are taken (raise its workers), or it stops"
    } else {
        ""
    }
}

/// Why a handshake gave the client no session.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The answer is no HELLO_ACK.
    #[error("the answer is not a HELLO_ACK")]
    Protocol(#[source] WireError),
    /// The server speaks another version.
    #[error("the server speaks another version of the protocol: upgrade the older side")]
    Incompatible {
        /// The field that says so, where the answer has one.
        #[source]
        source: Option<WireError>,
    },
    /// The server does not accept the token, or this user.
    #[error("the server refused the auth token: use the token the server was started with")]
    AuthFailed,
    /// The sides have no profile in common. The server does not tell its client what it takes.
    #[error(
        "no transport profile in common with the server: offered was {offered}, the server's log names both lists"
    )]
    NoProfile {
        /// What was offered.
        offered: Profiles,
    },
    /// The server takes no requests as large as proposed.
    #[error("the proposed request limits are above the server's")]
    LimitExceeded,
    /// The server is full, or failed.
    #[error("the server turned the session down with {status}{}", meaning(*status))]
    Rejected {
        /// What it said.
        status: Status,
    },
    /// The server selected a profile that it may not.
    #[error("the server selected {selected}, offered was {offered}")]
    Profile {
        /// What it selected.
        selected: Profiles,
        /// What it may select.
        offered: Profiles,
    },
    /// The server agreed on a packet size that cannot be.
    #[error("the server agreed on packets of {agreed} bytes, proposed were {ours}")]
    PacketSize {
        /// What it said.
        agreed: u32,
        /// What was proposed.
        ours: u32,
    },
    /// The server agreed on more than it may.
    #[error("the server agreed on {agreed} {what}, the limit is {limit}")]
    Limit {
        /// Which limit.
        what: &'static str,
        /// What it said.
        agreed: u32,
        /// The most that is acceptable.
        limit: u32,
    },
}
