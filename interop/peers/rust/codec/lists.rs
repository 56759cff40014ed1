use netipc::wire::{ListRules, Packed, WireError, write_batch};
use netipc_interop::differential::{Line, Words};

use super::{Failure, in_room};

pub(super) fn encode_batch(words: &mut Words<'_>) -> Result<Line, Failure> {
    in_room(words, |words, buf| {
        let items = words.list(Words::bytes)?;
        let write = |item: &Vec<u8>, out: &mut [u8]| {
            let room = out.len();
            let overflow = || WireError::overflow("item", room, item.len());
            let target = out.get_mut(..item.len()).ok_or_else(overflow)?;
            target.copy_from_slice(item);
            Ok(item.len())
        };
        Ok(write_batch(buf, items.iter(), write, |error| error)?)
    })
}

pub(super) fn decode_batch(count: u32, bytes: &[u8]) -> Result<Line, Failure> {
    let list = Packed::parse(bytes, 0, count, ListRules::BATCH)?;
    let mut line = Line::default();
    line.word(list.len());
    for item in list.iter() {
        line.bytes(item);
    }
    Ok(line)
}
