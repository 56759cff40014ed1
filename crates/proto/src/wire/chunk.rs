use super::header::check;
use super::{Fields, Header, Reader, WireError, WireErrorKind};

/// The 32 bytes in front of every packet of a message but the first.
///
/// ```text
/// 0      4       6      8           16                 20           24           28                 32
/// magic  version flags  message_id  total_message_len  chunk_index  chunk_count  chunk_payload_len
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ChunkHeader {
    /// That of the message.
    pub message_id: u64,
    /// Bytes of the whole message, its header included and chunk headers not.
    pub total_message_len: u32,
    /// 1 for the first continuation.
    pub chunk_index: u32,
    /// Packets of the message, the first included.
    pub chunk_count: u32,
    /// Bytes of data in this packet.
    pub chunk_payload_len: u32,
}

impl ChunkHeader {
    /// Bytes on the wire: the same as those of the envelope, so that a packet's data always starts
    /// at the same place.
    pub const LEN: usize = Header::LEN;
    /// The first four bytes.
    pub const MAGIC: u32 = 0x4e43_484b;

    /// The bytes to send.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::LEN] {
        Fields::record(|fields| {
            fields
                .u32(Self::MAGIC)
                .u16(Header::VERSION)
                .u16(0)
                .u64(self.message_id)
                .u32(self.total_message_len)
                .u32(self.chunk_index)
                .u32(self.chunk_count)
                .u32(self.chunk_payload_len)
        })
    }

    /// Reads a chunk header.
    ///
    /// # Errors
    /// [`WireErrorKind::Truncated`], [`WireErrorKind::BadMagic`], [`WireErrorKind::BadVersion`], or
    /// [`WireErrorKind::BadLayout`] for flags.
    pub fn decode(packet: &[u8]) -> Result<Self, WireError> {
        let mut r = Reader::record::<{ Self::LEN }>(packet, "chunk header")?;
        check(
            r.u32("chunk")?,
            Self::MAGIC,
            WireErrorKind::BadMagic,
            "chunk magic",
        )?;
        check(
            r.u16("chunk")?,
            Header::VERSION,
            WireErrorKind::BadVersion,
            "chunk version",
        )?;
        r.expect_u16(0, "chunk flags")?;
        Ok(Self {
            message_id: r.u64("chunk")?,
            total_message_len: r.u32("chunk")?,
            chunk_index: r.u32("chunk")?,
            chunk_count: r.u32("chunk")?,
            chunk_payload_len: r.u32("chunk")?,
        })
    }

    /// Fails unless every field is that of `want`.
    ///
    /// # Errors
    /// [`WireErrorKind::BadLayout`], naming the first field that differs.
    pub fn expect(&self, want: &Self) -> Result<(), WireError> {
        let bad = WireErrorKind::BadLayout;
        check(self.message_id, want.message_id, bad, "chunk message_id")?;
        check(
            self.total_message_len,
            want.total_message_len,
            bad,
            "chunk total_message_len",
        )?;
        check(self.chunk_index, want.chunk_index, bad, "chunk_index")?;
        check(self.chunk_count, want.chunk_count, bad, "chunk_count")?;
        check(
            self.chunk_payload_len,
            want.chunk_payload_len,
            bad,
            "chunk_payload_len",
        )
    }
}
