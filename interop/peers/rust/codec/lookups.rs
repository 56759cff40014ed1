//! Both lookups: a row of words is what each of their keys and items is written as.

use netipc::lookup::{
    Key, Lookup, LookupItem, LookupReply, LookupRequest, TextKey, encode_request, write_request,
};
use netipc::protocol::{AppsCgroupStatus, CgroupStatus, PidStatus};
use netipc::service::apps_lookup::{AppsLookup, AppsLookupItem, Pid};
use netipc::service::cgroups_lookup::{CgroupsLookup, CgroupsLookupItem};
use netipc::service::{Orchestrator, Service};
use netipc::wire::{Decode, Encode, Label, Labels, WireError};
use netipc_interop::differential::{Line, LineError, Words};

use super::{Failure, in_room, put};

/// A lookup whose keys and items can be told in words.
pub(super) trait Spoken: Lookup {
    /// What a key is made of.
    type RawKey;
    /// What an item is made of, but for its labels.
    type Raw;

    fn read_key(words: &mut Words<'_>) -> Result<Self::RawKey, LineError>;
    fn key(raw: &Self::RawKey) -> Result<Key<'_, Self>, WireError>;
    fn say_key(key: Key<'_, Self>, line: &mut Line);

    fn read(words: &mut Words<'_>) -> Result<Self::Raw, LineError>;
    fn item<'a>(raw: &'a Self::Raw, labels: Labels<'a>) -> Result<Self::Item<'a>, WireError>;
    fn say(item: &Self::Item<'_>, line: &mut Line);
}

pub(super) fn encode_keys<L: Spoken>(words: &mut Words<'_>) -> Result<Line, Failure> {
    in_room(words, |words, buf| {
        let keys = words.list(L::read_key)?;
        Ok(write_request::<L>(keys.iter().map(L::key), buf)?)
    })
}

pub(super) fn decode_keys<L: Spoken>(bytes: &[u8]) -> Result<Line, Failure> {
    let request = LookupRequest::<L>::decode(bytes)?;
    let mut line = Line::default();
    line.word(request.len());
    for key in request.keys() {
        L::say_key(key, &mut line);
    }
    Ok(line)
}

pub(super) fn encode_items<L: Spoken>(words: &mut Words<'_>) -> Result<Line, Failure> {
    in_room(words, |words, buf| {
        let bare = words.number::<u8>()? == 1;
        let keys = words.list(L::read_key)?;
        let keys: Vec<_> = keys.iter().map(L::key).collect::<Result<_, _>>()?;
        let mut request = Vec::new();
        encode_request::<L>(&keys, &mut request)?;
        let request = LookupRequest::<L>::decode(&request)?;
        let mut answer = L::answer(&request, buf)?;
        answer.set_generation(words.number()?);
        for _ in 0..words.number()? {
            let (raw, labels) = (L::read(words)?, words.list(label)?);
            let labels: Vec<_> = labels.iter().map(|(k, v)| Label::new(k, v)).collect();
            let item = L::item(&raw, Labels::from(&labels[..]))?;
            let added = match item.status() {
                0 => answer.add(&item),
                status if bare => answer.add_bare(status),
                _ => answer.add(&item),
            };
            debug_assert_eq!(added.err(), answer.error(), "the first error stays");
        }
        let after = Some(answer.item_count());
        L::finish(answer).map_err(|error| Failure::Wire {
            kind: error.kind(),
            after,
        })
    })
}

pub(super) fn decode_items<L: Spoken>(bytes: &[u8]) -> Result<Line, Failure> {
    let reply = LookupReply::<L>::decode(bytes)?;
    let mut line = Line::default();
    line.word(reply.generation).word(reply.item_count);
    for item in reply.iter() {
        let (mut first, mut second) = (Line::default(), Line::default());
        L::say(&item, &mut first);
        line.line(&first);
        // It must be the same once it was written and read again.
        let mut again = vec![0xee; item.size()];
        put(&item, &mut again)?;
        L::say(&L::Item::decode(&again)?, &mut second);
        if first != second {
            line.word("again").line(&second);
        }
    }
    Ok(line)
}

impl Spoken for CgroupsLookup {
    type RawKey = Vec<u8>;
    type Raw = ([u16; 2], [Vec<u8>; 2]);

    fn read_key(words: &mut Words<'_>) -> Result<Vec<u8>, LineError> {
        words.bytes()
    }

    fn key(raw: &Vec<u8>) -> Result<TextKey<'_>, WireError> {
        TextKey::new(raw)
    }

    fn say_key(key: TextKey<'_>, line: &mut Line) {
        line.bytes(key.as_bytes());
    }

    fn read(words: &mut Words<'_>) -> Result<Self::Raw, LineError> {
        let numbers = [words.number()?, words.number()?];
        Ok((numbers, [words.bytes()?, words.bytes()?]))
    }

    fn item<'a>(raw: &'a Self::Raw, labels: Labels<'a>) -> Result<Self::Item<'a>, WireError> {
        let ([status, orchestrator], [path, name]) = raw;
        Ok(CgroupsLookupItem {
            status: CgroupStatus(*status),
            orchestrator: Orchestrator(*orchestrator),
            path: TextKey::new(path)?,
            name: name.into(),
            labels,
        })
    }

    fn say(item: &CgroupsLookupItem<'_>, line: &mut Line) {
        line.word(item.status.0).word(item.orchestrator.0);
        line.bytes(item.path.as_bytes()).bytes(&item.name);
        say_labels(item.labels, line);
    }
}

impl Spoken for AppsLookup {
    type RawKey = u32;
    type Raw = ([u16; 3], [u32; 3], u64, [Vec<u8>; 3]);

    fn read_key(words: &mut Words<'_>) -> Result<u32, LineError> {
        words.number()
    }

    fn key(raw: &u32) -> Result<Pid, WireError> {
        Ok(Pid(*raw))
    }

    fn say_key(Pid(pid): Pid, line: &mut Line) {
        line.word(pid);
    }

    fn read(words: &mut Words<'_>) -> Result<Self::Raw, LineError> {
        Ok((
            [words.number()?, words.number()?, words.number()?],
            [words.number()?, words.number()?, words.number()?],
            words.number()?,
            [words.bytes()?, words.bytes()?, words.bytes()?],
        ))
    }

    fn item<'a>(raw: &'a Self::Raw, labels: Labels<'a>) -> Result<Self::Item<'a>, WireError> {
        let (codes, [pid, ppid, uid], starttime, [comm, path, name]) = raw;
        let [status, cgroup_status, orchestrator] = *codes;
        Ok(AppsLookupItem {
            status: PidStatus(status),
            cgroup_status: AppsCgroupStatus(cgroup_status),
            orchestrator: Orchestrator(orchestrator),
            pid: *pid,
            ppid: *ppid,
            uid: *uid,
            starttime: *starttime,
            comm: comm.into(),
            cgroup_path: path.into(),
            cgroup_name: name.into(),
            labels,
        })
    }

    fn say(item: &AppsLookupItem<'_>, line: &mut Line) {
        line.word(item.status.0).word(item.cgroup_status.0);
        line.word(item.orchestrator.0).word(item.pid);
        line.word(item.ppid).word(item.uid).word(item.starttime);
        line.bytes(&item.comm).bytes(&item.cgroup_path);
        line.bytes(&item.cgroup_name);
        say_labels(item.labels, line);
    }
}

fn label(words: &mut Words<'_>) -> Result<(Vec<u8>, Vec<u8>), LineError> {
    Ok((words.bytes()?, words.bytes()?))
}

fn say_labels(labels: Labels<'_>, line: &mut Line) {
    line.word(labels.len());
    for label in labels.iter() {
        line.bytes(&label.key).bytes(&label.value);
    }
}
