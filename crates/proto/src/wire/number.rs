use super::{Decode, Encode, Layout, Reader, WireError, Writer};

/// A payload that is one number.
impl Layout for u64 {
    type View<'a> = Self;
}

impl Encode for u64 {
    #[inline]
    fn size(&self) -> usize {
        8
    }

    #[inline]
    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        out.record::<8>(|fields| fields.u64(*self))
    }
}

/// Bytes behind the first 8 are not looked at.
impl Decode<'_> for u64 {
    #[inline]
    fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        Reader::record::<8>(bytes, "number")?.u64("number")
    }
}
