//! Labels: a table of spans behind the texts, and the keys and values behind it.

use netipc_proto::wire::WireErrorKind;

use super::record::text_at;
use super::{Malformed, need};

/// A key and its value.
type Label = (Vec<u8>, Vec<u8>);

/// Adds `labels` to a record, at the end of its texts.
pub(super) fn write(labels: &[Label], out: &mut Vec<u8>) -> Result<(), Malformed> {
    if labels.is_empty() {
        return Ok(());
    }
    out.resize(out.len().next_multiple_of(8), 0);
    let start = out.len() + 16 * labels.len();
    let mut texts: Vec<u8> = Vec::new();
    for (key, value) in labels {
        let good = !key.is_empty() && !key.contains(&0) && !value.contains(&0);
        need(good, WireErrorKind::BadLayout, || {
            "a label without a key, or with a NUL inside".to_owned()
        })?;
        for part in [key, value] {
            out.extend(span(start + texts.len(), part.len())?);
            texts.extend(part);
            texts.push(0);
        }
    }
    out.extend(texts);
    Ok(())
}

/// The `count` labels behind texts that end at `end`, and where they end.
pub(super) fn read(bytes: &[u8], count: u64, end: u64) -> Result<(Vec<Label>, u64), Malformed> {
    let mut labels = Vec::new();
    if count == 0 {
        return Ok((labels, end));
    }
    let table = end.next_multiple_of(8);
    let mut end_of_texts = table + 16 * count;
    need(
        end_of_texts <= bytes.len() as u64,
        WireErrorKind::OutOfBounds,
        || format!("table of {count} labels"),
    )
    .map_err(|why| why.or_at(position(table)))?;
    let gap = bytes
        .get(position(end)..position(table))
        .unwrap_or_default();
    need(
        gap.iter().all(|byte| *byte == 0),
        WireErrorKind::BadLayout,
        || "the gap before the labels is not zero".to_owned(),
    )
    .map_err(|why| why.or_at(position(end)))?;
    for entry in (table..table + 16 * count).step_by(16) {
        need(
            u32_at(bytes, entry + 4) != 0,
            WireErrorKind::BadLayout,
            || "a label without a key".to_owned(),
        )
        .map_err(|why| why.or_at(position(entry)))?;
        let mut part = |at| {
            need(
                u32_at(bytes, at) == end_of_texts,
                WireErrorKind::BadLayout,
                || "a label is not where the one before ends".to_owned(),
            )
            .map_err(|why| why.or_at(position(at)))?;
            let text = text_at(bytes, end_of_texts, u32_at(bytes, at + 4))
                .map_err(|why| why.or_at(position(at)))?;
            let nul = text.iter().position(|byte| *byte == 0);
            need(nul.is_none(), WireErrorKind::BadLayout, || {
                "NUL inside a label".to_owned()
            })
            .map_err(|why| why.or_at(position(end_of_texts) + nul.unwrap_or_default()))?;
            end_of_texts += text.len() as u64 + 1;
            Ok::<_, Malformed>(text.to_vec())
        };
        labels.push((part(entry)?, part(entry + 8)?));
    }
    Ok((labels, end_of_texts))
}

/// Offset and length of a text.
pub(super) fn span(offset: usize, len: usize) -> Result<[u8; 8], Malformed> {
    let narrow = |n: usize| {
        let why = || Malformed::new(WireErrorKind::Overflow, format!("{n} bytes in a text"));
        u32::try_from(n).ok().ok_or_else(why)
    };
    let value = u64::from(narrow(offset)?) | (u64::from(narrow(len)?) << 32);
    Ok(value.to_le_bytes())
}

/// The number at byte `at`; 0 beyond the end.
pub(super) fn u32_at(bytes: &[u8], at: u64) -> u64 {
    let four = bytes.get(position(at)..).and_then(<[u8]>::first_chunk);
    four.map_or(0, |four| u32::from_le_bytes(*four).into())
}

pub(super) fn position(at: u64) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}
