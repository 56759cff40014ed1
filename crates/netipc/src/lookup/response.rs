//! What a client makes of the response to one request of a lookup.

use netipc_proto::internals::assume_valid;
use netipc_proto::wire::{List, ListRules, Packed, WireError};

use super::format::{Format, View};
use super::{LOOKUP_HEADER_LEN, read_header};
use crate::error::{Failure, ProtocolError};

/// Decodes a response: its generation, and its items.
pub(super) fn decode_response<'p, F: Format>(
    format: &F,
    payload: &'p [u8],
) -> Result<(u64, List<'p, F::Item>), WireError> {
    let (count, generation) = read_header(format.layout(), payload)?;
    let rules = ListRules {
        min_len: format.min_item_len(),
        ordered: true,
    };
    let check = |item| format.check(item);
    Packed::parse_each(payload, LOOKUP_HEADER_LEN, count, rules, check)?;
    let items = assume_valid::<List<'_, F::Item>>(payload).list(LOOKUP_HEADER_LEN, count);
    Ok((generation, items))
}

/// Checks the items of a response against the `count` keys that were asked. Returns how many of them,
/// from the first on, are answers: behind them, every key is to be asked again. And the first of these
/// answers that says that no response can hold its item, if there is one.
pub(super) fn validate_response<'k, F: Format>(
    format: &F,
    items: List<'_, F::Item>,
    keys: impl Iterator<Item = View<'k, F::Key>>,
    count: usize,
) -> Result<(usize, Option<usize>), Failure> {
    if items.len() != count {
        return Err(bad_answer("item_count", count, items.len()));
    }
    let exceeded = format.exceeded();
    let (mut answered, mut oversized) = (count, None);
    for (index, (item, key)) in items.iter().zip(keys).enumerate() {
        if !format.answers(&item, key) {
            return Err(Failure::Protocol(ProtocolError::EchoedKey { index }));
        }
        let status = format.status(&item);
        if status == exceeded {
            if index == 0 {
                return Err(bad_answer("status of the first item", 0, exceeded.into()));
            }
            answered = answered.min(index);
        } else if answered < index {
            return Err(bad_answer("item behind a full answer", answered, index));
        } else if status == format.oversized() {
            oversized = oversized.or(Some(index));
        }
    }
    Ok((answered, oversized))
}

fn bad_answer(field: &'static str, expected: usize, found: usize) -> Failure {
    Failure::Protocol(ProtocolError::Answer {
        field,
        expected: expected as u64,
        found: found as u64,
    })
}
