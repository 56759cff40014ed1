//! The answer of a lookup, which has room for a placeholder of every key.

use netipc_proto::wire::WireErrorKind;

use super::list::pack;
use super::{Malformed, Value};
use crate::model::LookupKind;

impl LookupKind {
    /// The response to `keys` with `items`, one for each, in at most `budget` bytes.
    ///
    /// What does not fit says so: an item that no answer can hold is oversized, and from the first
    /// that does not fit beside the others on the client has to ask again.
    ///
    /// # Errors
    /// [`WireErrorKind::Overflow`] where not even the first item fits beside placeholders, and the
    /// rule that an item breaks.
    pub fn answer(
        &self,
        keys: &[Vec<Value>],
        items: &[Vec<Value>],
        generation: u64,
        budget: usize,
    ) -> Result<Vec<u8>, Malformed> {
        if keys.len() != items.len() {
            let why = format!("{} items for {} keys", items.len(), keys.len());
            return Err(Malformed::new(WireErrorKind::BadItemCount, why));
        }
        let blank = |key: &Vec<Value>, status| self.item.encode(&self.bare(key, status));
        let exceeded: Vec<Vec<u8>> = keys
            .iter()
            .map(|key| blank(key, self.exceeded()))
            .collect::<Result<_, _>>()?;
        let rest = rest_of(&exceeded);
        let front = self.response.size + 8 * keys.len();
        let overflow = || Malformed::new(WireErrorKind::Overflow, format!("{budget} bytes"));
        let (mut written, mut end, mut full) = (Vec::new(), front, false);
        for (nth, (key, item)) in keys.iter().zip(items).enumerate() {
            if self.key_of(item) != *key {
                return Err(Malformed::layout(format!("item {nth} answers another key")));
            }
            let behind = rest.get(nth + 1).copied();
            let fits = |size: usize| {
                let start = end.next_multiple_of(8) + size;
                behind.map_or(start, |rest| start.next_multiple_of(8) + rest) <= budget
            };
            let mut bytes = self.item.encode(item)?;
            if full || !fits(bytes.len()) {
                let alone = self.response.size + 8 + bytes.len() <= budget;
                if nth == 0 && alone {
                    return Err(overflow());
                }
                full = full || alone;
                bytes = match exceeded.get(nth).filter(|_| full) {
                    Some(placeholder) => placeholder.clone(),
                    None => blank(key, self.oversized())?,
                };
            }
            if !fits(bytes.len()) {
                return Err(overflow());
            }
            end = end.next_multiple_of(8) + bytes.len();
            written.push(bytes);
        }
        if front > budget {
            return Err(overflow());
        }
        let count = Value::count(written.len());
        let mut out = self
            .response
            .encode(&[count, Value::Number(generation.into())])?;
        pack(&mut out, &written)?;
        Ok(out)
    }
}

/// For each item, the bytes that it and those behind it take from a multiple of 8 on.
fn rest_of(items: &[Vec<u8>]) -> Vec<usize> {
    let mut rest: Vec<usize> = Vec::with_capacity(items.len());
    for item in items.iter().rev() {
        let all = rest
            .last()
            .map_or(item.len(), |rest| item.len().next_multiple_of(8) + rest);
        rest.push(all);
    }
    rest.reverse();
    rest
}
