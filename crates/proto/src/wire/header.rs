use super::{Fields, Flags, Kind, MethodCode, Reader, Status, WireError, WireErrorKind};

/// The 32 bytes in front of every message.
///
/// ```text
/// 0      4       6          8    10     12   14     16          20         24           32
/// magic  version header_len kind flags  code status payload_len item_count message_id
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Header {
    /// Request, response or control.
    pub kind: Kind,
    /// Whether the payload is a batch.
    pub flags: Flags,
    /// The method, or the opcode of a control message.
    pub code: u16,
    /// How the request fared; [`Status::OK`] in a request.
    pub status: Status,
    /// Bytes after this header, in all chunks together.
    pub payload_len: u32,
    /// Items in a batch, else 1.
    pub item_count: u32,
    /// Pairs a response with its request. 0 is a legal id.
    pub message_id: u64,
}

impl Header {
    /// Bytes on the wire.
    pub const LEN: usize = 32;
    /// The first four bytes.
    pub const MAGIC: u32 = 0x4e49_5043;
    /// The same, as the envelope says it.
    pub const LEN_FIELD: u16 = 32;
    /// The version of the envelope.
    pub const VERSION: u16 = 1;

    /// The header of a single request; the session fills in the payload's length.
    #[must_use]
    pub const fn request(method: MethodCode, message_id: u64) -> Self {
        Self {
            kind: Kind::REQUEST,
            flags: Flags::NONE,
            code: method.0,
            status: Status::OK,
            payload_len: 0,
            item_count: 1,
            message_id,
        }
    }

    /// The header of a batch of `items` requests.
    #[must_use]
    pub const fn batch(method: MethodCode, message_id: u64, items: u32) -> Self {
        Self {
            flags: Flags::BATCH,
            item_count: items,
            ..Self::request(method, message_id)
        }
    }

    /// The header of the answer to `self`: in kind when it went well, empty and single otherwise.
    #[must_use]
    pub fn answer(&self, status: Status) -> Self {
        let batch = status == Status::OK && self.flags.is_batch();
        Self {
            kind: Kind::RESPONSE,
            flags: if batch { Flags::BATCH } else { Flags::NONE },
            status,
            payload_len: 0,
            item_count: if batch { self.item_count } else { 1 },
            ..*self
        }
    }

    /// The bytes to send.
    #[must_use]
    #[inline]
    pub fn encode(&self) -> [u8; Self::LEN] {
        Fields::record(|fields| {
            fields
                .u32(Self::MAGIC)
                .u16(Self::VERSION)
                .u16(Self::LEN_FIELD)
                .u16(self.kind.0)
                .u16(self.flags.0)
                .u16(self.code)
                .u16(self.status.0)
                .u32(self.payload_len)
                .u32(self.item_count)
                .u64(self.message_id)
        })
    }

    /// Reads and checks the front of a packet: length, magic, version, header length, kind, in
    /// this order, and nothing else.
    ///
    /// # Errors
    /// [`WireErrorKind::Truncated`], [`WireErrorKind::BadMagic`], [`WireErrorKind::BadVersion`],
    /// [`WireErrorKind::BadHeaderLen`] or [`WireErrorKind::BadKind`].
    #[inline]
    pub fn decode(packet: &[u8]) -> Result<Self, WireError> {
        let mut r = Reader::record::<{ Self::LEN }>(packet, "header")?;
        check(
            r.u32("header")?,
            Self::MAGIC,
            WireErrorKind::BadMagic,
            "header magic",
        )?;
        check(
            r.u16("header")?,
            Self::VERSION,
            WireErrorKind::BadVersion,
            "header version",
        )?;
        check(
            r.u16("header")?,
            Self::LEN_FIELD,
            WireErrorKind::BadHeaderLen,
            "header length",
        )?;
        let kind = Kind(r.u16("header")?);
        if kind.name().is_none() {
            let bad = WireErrorKind::BadKind;
            return Err(WireError::new(
                bad,
                "message kind",
                Kind::CONTROL.0.into(),
                kind.0.into(),
            ));
        }
        Ok(Self {
            kind,
            flags: Flags(r.u16("header")?),
            code: r.u16("header")?,
            status: Status(r.u16("header")?),
            payload_len: r.u32("header")?,
            item_count: r.u32("header")?,
            message_id: r.u64("header")?,
        })
    }
}

/// Fails with `kind` unless `found` is `want`.
#[inline]
pub(super) fn check<T: Into<u64> + Copy + PartialEq>(
    found: T,
    want: T,
    kind: WireErrorKind,
    field: &'static str,
) -> Result<(), WireError> {
    if found == want {
        Ok(())
    } else {
        Err(WireError::new(kind, field, want.into(), found.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Rule W3.
    #[test]
    fn the_decoder_checks_in_the_order_of_the_contract() {
        let good = Header::request(MethodCode::INCREMENT, 7).encode();
        assert_eq!(
            Header::decode(&good),
            Ok(Header::request(MethodCode::INCREMENT, 7))
        );
        let spoil = |from: usize| {
            let mut bytes = good;
            bytes[from..10].fill(0xff);
            Header::decode(&bytes).unwrap_err().kind()
        };
        assert_eq!(
            Header::decode(&good[..31]).unwrap_err().kind(),
            WireErrorKind::Truncated
        );
        assert_eq!(spoil(0), WireErrorKind::BadMagic);
        assert_eq!(spoil(4), WireErrorKind::BadVersion);
        assert_eq!(spoil(6), WireErrorKind::BadHeaderLen);
        assert_eq!(spoil(8), WireErrorKind::BadKind);
    }

    // Rule S28.
    #[test]
    fn an_error_answer_is_single_and_empty() {
        let batch = Header::batch(MethodCode::INCREMENT, 9, 12);
        let ok = batch.answer(Status::OK);
        assert_eq!(
            (ok.flags, ok.item_count, ok.message_id),
            (Flags::BATCH, 12, 9)
        );
        let failed = batch.answer(Status::INTERNAL_ERROR);
        assert_eq!(
            (failed.flags, failed.item_count, failed.code),
            (Flags::NONE, 1, 1)
        );
    }
}
