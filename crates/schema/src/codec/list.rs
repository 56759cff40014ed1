//! Lists: a directory of offsets and lengths, and items at multiples of 8.

use netipc_proto::wire::WireErrorKind;

use super::labels::{position, span, u32_at};
use super::{Malformed, need};

/// Adds a directory and the items to `out`.
pub(super) fn pack(out: &mut Vec<u8>, items: &[Vec<u8>]) -> Result<(), Malformed> {
    let mut packed: Vec<u8> = Vec::new();
    for item in items {
        packed.resize(packed.len().next_multiple_of(8), 0);
        out.extend(span(packed.len(), item.len())?);
        packed.extend(item);
    }
    out.extend(packed);
    Ok(())
}

/// How strict a list is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct ListRules {
    shortest: u64,
    ordered: bool,
}

impl ListRules {
    /// Items stand in the order of the directory, and a short one is a layout of its own.
    pub(super) const fn ordered(shortest: usize) -> Self {
        Self {
            shortest: shortest as u64,
            ordered: true,
        }
    }

    /// Items stand anywhere, and a short one ends too early. The whole directory is read first.
    pub(super) const fn any_order(shortest: usize) -> Self {
        Self {
            shortest: shortest as u64,
            ordered: false,
        }
    }
}

/// Each item of the list whose directory stands at `at`, once its entry is found good.
pub(super) fn unpack(
    bytes: &[u8],
    at: usize,
    count: u64,
    rules: ListRules,
) -> impl Iterator<Item = Result<(usize, &[u8]), Malformed>> {
    let at = at as u64;
    let area = at + 8 * count;
    let whole = area <= bytes.len() as u64;
    let missing = (!whole).then(|| {
        let why = format!("directory of {count} entries");
        Err(Malformed::new(WireErrorKind::Truncated, why).or_at(bytes.len()))
    });
    let mut end = 0;
    let entries = (0..if whole { count } else { 0 }).map(move |nth| {
        let entry = at + 8 * nth;
        let (offset, len) = (u32_at(bytes, entry), u32_at(bytes, entry + 4));
        let long = len >= rules.shortest;
        let inside = area + offset + len <= bytes.len() as u64;
        let behind = !rules.ordered || offset >= end;
        // In the order of the contract; beside each the half of the entry that breaks it.
        for (good, kind, half) in [
            (offset % 8 == 0, WireErrorKind::BadAlignment, 0),
            (!rules.ordered || long, WireErrorKind::BadLayout, 4),
            (inside, WireErrorKind::OutOfBounds, 0),
            (long, WireErrorKind::Truncated, 4),
            (behind, WireErrorKind::BadLayout, 0),
        ] {
            let what = || format!("item at {offset} of {len} bytes");
            need(good, kind, what).map_err(|why| why.or_at(position(entry + half)))?;
        }
        end = offset + len;
        let start = position(area + offset);
        let item = bytes.get(start..position(area + end));
        Ok((start, item.unwrap_or_default()))
    });
    missing.into_iter().chain(entries)
}

/// The payload of several requests or responses in one message.
///
/// # Errors
/// Beyond 4 GiB.
pub fn encode_batch(items: &[Vec<u8>]) -> Result<Vec<u8>, Malformed> {
    let mut out = Vec::new();
    pack(&mut out, items)?;
    out.resize(out.len().next_multiple_of(8), 0);
    Ok(out)
}

/// The `count` requests or responses in the payload of one message.
///
/// # Errors
/// The rule that the directory breaks.
pub fn decode_batch(bytes: &[u8], count: u32) -> Result<Vec<&[u8]>, Malformed> {
    let items = decode_batch_at(bytes, count)?.into_iter();
    Ok(items.map(|(_, item)| item).collect())
}

/// The same, each with the byte of the payload at which it begins.
///
/// # Errors
/// As [`decode_batch`].
pub fn decode_batch_at(bytes: &[u8], count: u32) -> Result<Vec<(usize, &[u8])>, Malformed> {
    unpack(bytes, 0, count.into(), ListRules::any_order(0)).collect()
}
