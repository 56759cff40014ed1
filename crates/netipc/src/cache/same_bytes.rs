/// Whether two names are the same, for [`Cached::matching`](super::Cached::matching). Most are so short that a call to the library's comparison, and
/// what has to be put aside for it, costs more than the work.
///
/// ```text
/// | 8 bytes |            of 8 to 16 bytes: the first eight and the last eight,
///      | 8 bytes |       however much they overlap
/// ```
#[inline]
#[must_use]
pub fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match a.len() {
        8..=16 => ends(a) == ends(b),
        _ => words(a, b),
    }
}

/// The first and the last eight bytes, of at least eight.
#[inline]
fn ends(bytes: &[u8]) -> Option<[u64; 2]> {
    let ends = [*bytes.first_chunk()?, *bytes.last_chunk()?];
    Some(ends.map(u64::from_le_bytes))
}

#[inline]
fn words(a: &[u8], b: &[u8]) -> bool {
    let ((a, rest_a), (b, rest_b)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    a.iter().eq(b) && rest_a.iter().eq(rest_b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_and_every_place() {
        for len in 0..80 {
            let name: Vec<u8> = (1..=80).take(len).collect();
            assert!(same_bytes(&name, &name.clone()), "{len}");
            assert!(!same_bytes(&name, &[&*name, b"x"].concat()), "{len}");
            for at in 0..len {
                let mut other = name.clone();
                other[at] ^= 0x80;
                assert!(!same_bytes(&name, &other), "{at} of {len}");
            }
        }
    }
}
