use super::{Decode, Encode, Fields, Reader, WireError, Writer};

/// A payload that is one number.
impl Encode for u64 {
    fn size(&self) -> usize {
        8
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        out.fields(Fields::<8>::new().u64(*self))
    }
}

/// Bytes behind the first 8 are not looked at.
impl Decode<'_> for u64 {
    fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        Reader::record::<8>(bytes, "number")?.u64("number")
    }
}
