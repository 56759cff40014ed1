use super::{Fields, Profiles, Reader, WireError};

/// What a client proposes, in the 44 bytes after the envelope of its first packet.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Hello {
    /// Version of this layout: 1.
    pub layout_version: u16,
    /// No flag is defined.
    pub flags: u16,
    /// Profiles that the client can use.
    pub supported: Profiles,
    /// Profiles that it would rather use.
    pub preferred: Profiles,
    /// Bytes of the largest request payload (a proposal that the server takes or refuses).
    pub max_request_payload_bytes: u32,
    /// Items of the largest request batch.
    pub max_request_batch_items: u32,
    /// Bytes of the largest response payload (a hint; the server decides).
    pub max_response_payload_bytes: u32,
    /// Items of the largest response batch (for symmetry).
    pub max_response_batch_items: u32,
    /// Zero.
    pub padding: u32,
    /// The shared secret of the endpoint.
    pub auth_token: u64,
    /// Bytes of the largest packet.
    pub packet_size: u32,
}

impl Hello {
    /// Bytes on the wire.
    pub const LEN: usize = 44;
    /// The version of the layout.
    pub const LAYOUT: u16 = 1;

    /// The bytes to send.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::LEN] {
        Fields::record(|fields| {
            fields
                .u16(self.layout_version)
                .u16(self.flags)
                .u32(self.supported.0)
                .u32(self.preferred.0)
                .u32(self.max_request_payload_bytes)
                .u32(self.max_request_batch_items)
                .u32(self.max_response_payload_bytes)
                .u32(self.max_response_batch_items)
                .u32(self.padding)
                .u64(self.auth_token)
                .u32(self.packet_size)
        })
    }

    /// Reads every field and checks none: what to refuse, and how, is the handshake's decision.
    ///
    /// # Errors
    /// [`Truncated`](super::WireErrorKind::Truncated) only.
    pub fn decode(payload: &[u8]) -> Result<Self, WireError> {
        let mut r = Reader::record::<{ Self::LEN }>(payload, "hello")?;
        Ok(Self {
            layout_version: r.u16("hello")?,
            flags: r.u16("hello")?,
            supported: Profiles(r.u32("hello")?),
            preferred: Profiles(r.u32("hello")?),
            max_request_payload_bytes: r.u32("hello")?,
            max_request_batch_items: r.u32("hello")?,
            max_response_payload_bytes: r.u32("hello")?,
            max_response_batch_items: r.u32("hello")?,
            padding: r.u32("hello")?,
            auth_token: r.u64("hello")?,
            packet_size: r.u32("hello")?,
        })
    }
}

/// What a server has decided, in the 48 bytes after the envelope of its first packet.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct HelloAck {
    /// Version of this layout: 1.
    pub layout_version: u16,
    /// No flag is defined.
    pub flags: u16,
    /// Profiles that the server can use.
    pub supported: Profiles,
    /// Profiles that both can use.
    pub intersection: Profiles,
    /// The one profile of the session.
    pub selected: Profiles,
    /// Bytes of the largest request payload.
    pub max_request_payload_bytes: u32,
    /// Items of the largest request batch.
    pub max_request_batch_items: u32,
    /// Bytes of the largest response payload.
    pub max_response_payload_bytes: u32,
    /// Items of the largest response batch.
    pub max_response_batch_items: u32,
    /// Bytes of the largest packet.
    pub packet_size: u32,
    /// The server's number for the session.
    pub session_id: u64,
}

impl HelloAck {
    /// Bytes on the wire.
    pub const LEN: usize = 48;

    /// The payload of a refusal: zero but for the layout.
    #[must_use]
    pub fn refusal() -> Self {
        Self {
            layout_version: Hello::LAYOUT,
            ..Self::default()
        }
    }

    /// The bytes to send.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::LEN] {
        Fields::record(|fields| {
            fields
                .u16(self.layout_version)
                .u16(self.flags)
                .u32(self.supported.0)
                .u32(self.intersection.0)
                .u32(self.selected.0)
                .u32(self.max_request_payload_bytes)
                .u32(self.max_request_batch_items)
                .u32(self.max_response_payload_bytes)
                .u32(self.max_response_batch_items)
                .u32(self.packet_size)
                .u32(0)
                .u64(self.session_id)
        })
    }

    /// Reads every field and checks none; the padding is not looked at.
    ///
    /// # Errors
    /// [`Truncated`](super::WireErrorKind::Truncated) only.
    pub fn decode(payload: &[u8]) -> Result<Self, WireError> {
        let mut r = Reader::record::<{ Self::LEN }>(payload, "hello_ack")?;
        Ok(Self {
            layout_version: r.u16("hello_ack")?,
            flags: r.u16("hello_ack")?,
            supported: Profiles(r.u32("hello_ack")?),
            intersection: Profiles(r.u32("hello_ack")?),
            selected: Profiles(r.u32("hello_ack")?),
            max_request_payload_bytes: r.u32("hello_ack")?,
            max_request_batch_items: r.u32("hello_ack")?,
            max_response_payload_bytes: r.u32("hello_ack")?,
            max_response_batch_items: r.u32("hello_ack")?,
            packet_size: r.u32("hello_ack")?,
            session_id: {
                let _padding = r.u32("hello_ack")?;
                r.u64("hello_ack")?
            },
        })
    }
}
