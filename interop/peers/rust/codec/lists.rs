use netipc::service::Service;
use netipc::service::cgroups_snapshot::{
    CgroupsItemView, CgroupsRequest, CgroupsResponseView, CgroupsSnapshot,
};
use netipc::wire::{Decode, ListRules, Packed, WireError, write_batch};
use netipc_interop::differential::{Line, Words};

use super::{Failure, in_room, name, put};

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

pub(super) fn encode_snapshot_request(words: &mut Words<'_>) -> Result<Line, Failure> {
    in_room(words, |_, buf| put(&CgroupsRequest, buf))
}

pub(super) fn decode_snapshot_request(bytes: &[u8]) -> Result<Line, Failure> {
    CgroupsRequest::decode(bytes)?;
    Ok(Line::default())
}

pub(super) fn encode_snapshot(words: &mut Words<'_>) -> Result<Line, Failure> {
    in_room(words, |words, buf| {
        let truncated = words.number::<u8>()? == 1;
        let (systemd_enabled, generation) = (words.number()?, words.number()?);
        let mut answer = CgroupsSnapshot::answer(&CgroupsRequest, buf)?;
        for _ in 0..words.number()? {
            let [hash, options, enabled] = [words.number()?, words.number()?, words.number()?];
            let (name, path) = (words.bytes()?, words.bytes()?);
            let added = answer.add(hash, options, enabled, &name, &path);
            debug_assert_eq!(added.err(), answer.error(), "the first error stays");
        }
        answer.set_header(systemd_enabled, generation);
        if truncated {
            answer.accept_truncated();
        }
        let after = Some(answer.item_count());
        CgroupsSnapshot::finish(answer).map_err(|error| Failure::Wire {
            kind: error.kind(),
            after,
        })
    })
}

pub(super) fn decode_snapshot(bytes: &[u8]) -> Result<Line, Failure> {
    let reply = CgroupsResponseView::decode(bytes)?;
    let mut line = Line::default();
    line.word(reply.systemd_enabled).word(reply.generation);
    line.word(reply.item_count);
    for item in reply.iter() {
        match item {
            Ok(item) => {
                let CgroupsItemView {
                    hash,
                    options,
                    enabled,
                    name,
                    path,
                } = item;
                line.word(hash).word(options).word(enabled);
                line.bytes(&name).bytes(&path);
            }
            Err(error) => {
                line.word("error").word(name(error.kind()));
            }
        }
    }
    if let Err(error) = reply.validate() {
        line.word("error").word(name(error.kind()));
    }
    Ok(line)
}
