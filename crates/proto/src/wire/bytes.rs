use super::{Decode, Encode, Layout, WireError, Writer};

/// The layout of bytes that say nothing: for those who read them in another way.
#[derive(Debug)]
pub struct Bytes;

impl Layout for Bytes {
    type View<'a> = &'a [u8];
}

/// A payload that is any bytes.
impl Encode for &[u8] {
    fn size(&self) -> usize {
        self.len()
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        out.bytes(self)
    }
}

impl<'a> Decode<'a> for &'a [u8] {
    fn decode(bytes: &'a [u8]) -> Result<Self, WireError> {
        Ok(bytes)
    }
}
