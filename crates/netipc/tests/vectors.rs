//! The golden bytes of the services, both ways, and what the lookup builders do when space is short.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use netipc::lookup::{
    Key, Lookup, LookupAnswer, LookupItem, LookupReply, LookupRequest, TextKey, encode_request,
};
use netipc::service::Service;
use netipc::service::apps_lookup::{AppsCgroupStatus, AppsLookup, AppsLookupItem, Pid, PidStatus};
use netipc::service::cgroups_lookup::{CgroupStatus, CgroupsLookup, CgroupsLookupItem};
use netipc::service::cgroups_snapshot::{
    CgroupsItemView, CgroupsRequest, CgroupsResponseView, CgroupsSnapshot,
};
use netipc::service::increment::Increment;
use netipc::service::string_reverse::{StringReverse, Text};
use netipc::service::{Orchestrator, ValueAnswer};
use netipc::wire::{
    CStrView, Decode, Encode, Label, Labels, Valid, WireErrorKind, Writer, write_batch,
};
use serde_json::Value;

const CODEC: &str = include_str!("../../../vectors/codec.json");
const SHORT: &str = include_str!("../../../vectors/builder_overflow.json");

// Rule C4.
#[test]
fn numbers() {
    for (input, bytes) in vectors("increment", 2) {
        let value: u64 = number(&input, "value");
        assert_eq!(encoded(&value), bytes);
        assert_eq!(u64::decode(&bytes), Ok(value));
        let mut buf = [0xee; 8];
        let mut answer = Increment::answer(&0, &mut buf).unwrap();
        answer.put(&value).unwrap();
        assert_eq!(Increment::finish(answer), Ok(8));
        assert_eq!(buf[..], bytes);
    }
}

// Rule C5.
#[test]
fn texts() {
    for (input, bytes) in vectors("string_reverse", 2) {
        let text = Text::new(text(&input, "text"));
        assert_eq!(encoded(&text), bytes);
        assert_eq!(Text::decode(&bytes), Ok(text));
        let mut buf = vec![0xee; bytes.len()];
        let mut answer: ValueAnswer<'_> = StringReverse::answer(&Text::new(b""), &mut buf).unwrap();
        answer.put(&text).unwrap();
        assert_eq!(StringReverse::finish(answer), Ok(bytes.len()));
        assert_eq!(buf, bytes);
    }
}

// Rules C2, C6, C7, C8.
#[test]
fn snapshots() {
    for (_, bytes) in vectors("cgroups_snapshot_request", 1) {
        assert_eq!(encoded(&CgroupsRequest), bytes);
        assert_eq!(CgroupsRequest::decode(&bytes), Ok(CgroupsRequest));
    }
    for (input, bytes) in vectors("cgroups_snapshot_response", 2) {
        let items: Vec<_> = list(&input, "items").iter().map(snapshot_item).collect();
        let (systemd, generation) = (
            number(&input, "systemd_enabled"),
            number(&input, "generation"),
        );
        // One byte less than it takes is too little.
        for (room, fits) in [(bytes.len(), true), (bytes.len() - 1, false)] {
            let mut buf = vec![0xee; room];
            let Ok(mut answer) = CgroupsSnapshot::answer(&CgroupsRequest, &mut buf) else {
                assert!(!fits && items.is_empty());
                continue;
            };
            let added = items.iter().try_for_each(|item| answer.push(item));
            answer.set_header(systemd, generation);
            assert_eq!(added.is_ok(), fits);
            let finished = CgroupsSnapshot::finish(answer);
            assert_eq!(finished.is_ok(), fits);
            if fits {
                assert_eq!(buf, bytes);
            }
        }
        let view = CgroupsResponseView::decode(&bytes).unwrap();
        assert_eq!(
            (view.systemd_enabled, view.generation),
            (systemd, generation)
        );
        assert!(view.iter().map(Result::unwrap).eq(items.iter().copied()));
    }
}

// Rule W4.
#[test]
fn batches() {
    for (input, bytes) in vectors("batch", 2) {
        let items: Vec<_> = list(&input, "items").iter().map(unhex).collect();
        let mut buf = vec![0xee; bytes.len()];
        let write = |item: &Vec<u8>, out: &mut [u8]| {
            out[..item.len()].copy_from_slice(item);
            Ok(item.len())
        };
        let written = write_batch(&mut buf, items.iter(), write, |error| error);
        assert_eq!(written, Ok(bytes.len()));
        assert_eq!(buf, bytes);
    }
}

// Rules C12, C14, C15.
#[test]
fn cgroups_requests() {
    for (input, bytes) in vectors("cgroups_lookup_request", 2) {
        let paths: Vec<_> = list(&input, "paths").iter().map(as_bytes).collect();
        let keys: Vec<_> = paths
            .iter()
            .map(|path| TextKey::new(path).unwrap())
            .collect();
        assert_eq!(request::<CgroupsLookup>(&keys), bytes);
        let read = LookupRequest::<CgroupsLookup>::decode(&bytes).unwrap();
        assert!(read.keys().eq(keys));
    }
}

// Rules C12, C18, C19.
#[test]
fn cgroups_replies() {
    for (input, bytes) in vectors("cgroups_lookup_response", 8) {
        for (fields, item) in with_items::<CgroupsLookup>(&input, &bytes) {
            let labels = labels(fields);
            let expected = CgroupsLookupItem {
                status: CgroupStatus(number(fields, "status")),
                orchestrator: Orchestrator(number(fields, "orchestrator")),
                path: TextKey::new(text(fields, "path")).unwrap(),
                name: CStrView::new(text(fields, "name")),
                labels: Labels::Pairs(&labels),
            };
            assert_eq!(CgroupsLookupItem::decode(item), Ok(expected));
            let valid = Valid::<CgroupsLookupItem<'_>>::decode(item).unwrap();
            assert_eq!(valid.view(), expected);
            assert_eq!(encoded(&expected), item);
        }
    }
}

// Rules C12, C14, C16.
#[test]
fn apps_requests() {
    for (input, bytes) in vectors("apps_lookup_request", 2) {
        let pids = list(&input, "pids").iter();
        let keys: Vec<_> = pids.map(|pid| Pid(narrow(pid.as_u64().unwrap()))).collect();
        assert_eq!(request::<AppsLookup>(&keys), bytes);
        let read = LookupRequest::<AppsLookup>::decode(&bytes).unwrap();
        assert!(read.keys().eq(keys));
    }
}

// Rules C12, C18, C21.
#[test]
fn apps_replies() {
    for (input, bytes) in vectors("apps_lookup_response", 9) {
        for (fields, item) in with_items::<AppsLookup>(&input, &bytes) {
            let labels = labels(fields);
            let expected = AppsLookupItem {
                status: PidStatus(number(fields, "status")),
                cgroup_status: AppsCgroupStatus(number(fields, "cgroup_status")),
                orchestrator: Orchestrator(number(fields, "orchestrator")),
                pid: number(fields, "pid"),
                ppid: number(fields, "ppid"),
                uid: number(fields, "uid"),
                starttime: number(fields, "starttime"),
                comm: CStrView::new(text(fields, "comm")),
                cgroup_path: CStrView::new(text(fields, "cgroup_path")),
                cgroup_name: CStrView::new(text(fields, "cgroup_name")),
                labels: Labels::Pairs(&labels),
            };
            assert_eq!(AppsLookupItem::decode(item), Ok(expected));
            let valid = Valid::<AppsLookupItem<'_>>::decode(item).unwrap();
            assert_eq!(valid.view(), expected);
            assert_eq!(encoded(&expected), item);
        }
    }
}

// Rules C26, C29, C31.
#[test]
fn cgroups_answers_in_little_space() {
    let cases: Value = serde_json::from_str(SHORT).unwrap();
    let cases = list(&cases, "cases");
    assert_eq!(cases.len(), 12);
    for case in cases {
        let paths: Vec<_> = (0..number(case, "keys"))
            .map(|i: u32| format!("/p{i:02}"))
            .collect();
        let keys: Vec<_> = paths
            .iter()
            .map(|path| TextKey::new(path.as_bytes()).unwrap())
            .collect();
        let names: Vec<_> = list(case, "name_lens").iter().map(letters).collect();
        let items = keys
            .iter()
            .zip(&names)
            .map(|(key, name)| CgroupsLookupItem {
                status: CgroupStatus::KNOWN,
                orchestrator: Orchestrator::K8S,
                name: name.into(),
                ..CgroupsLookupItem::bare(*key, 0)
            });
        answers_as_told::<CgroupsLookup>(case, &keys, items);
    }
}

// Rules C26, C29, C30, C31.
#[test]
fn apps_answers_in_little_space() {
    let cases: Value = serde_json::from_str(SHORT).unwrap();
    let cases = list(&cases, "apps_cases");
    assert_eq!(cases.len(), 10);
    let path = format!("/{}", "p".repeat(20));
    for case in cases {
        let asked = list(case, "items");
        let keys: Vec<_> = (100..).take(asked.len()).map(Pid).collect();
        let texts: Vec<_> = asked
            .iter()
            .map(|item| (letters(&item["comm_len"]), letters(&item["name_len"])))
            .collect();
        let items = keys
            .iter()
            .zip(&texts)
            .map(|(Pid(pid), (comm, name))| AppsLookupItem {
                status: PidStatus::KNOWN,
                orchestrator: Orchestrator::DOCKER,
                pid: *pid,
                ppid: 1,
                uid: 1000,
                starttime: 42,
                comm: comm.into(),
                cgroup_path: (&path).into(),
                cgroup_name: name.into(),
                ..AppsLookupItem::default()
            });
        answers_as_told::<AppsLookup>(case, &keys, items);
    }
}

/// Answers with `items` in the budget of `case`, and compares with what it says.
fn answers_as_told<'a, L: Lookup>(
    case: &Value,
    keys: &[Key<'a, L>],
    items: impl Iterator<Item = L::Item<'a>>,
) {
    let request = request::<L>(keys);
    let request = LookupRequest::<L>::decode(&request).unwrap();
    let mut buf = vec![0xee; number(case, "budget")];
    let filled = LookupAnswer::new(request, &mut buf).and_then(|mut answer| {
        answer.set_generation(9);
        for item in items {
            answer.add(&item)?;
        }
        L::finish(answer)
    });
    if let Some(error) = case["error"].as_str() {
        assert_eq!(error, "overflow");
        assert_eq!(
            filled.unwrap_err().kind(),
            WireErrorKind::Overflow,
            "{case}"
        );
        return;
    }
    assert_eq!(filled, Ok(number(case, "len")), "{case}");
    let reply = LookupReply::<L>::decode(&buf[..filled.unwrap()]).unwrap();
    let statuses: Vec<_> = reply.iter().map(|item| item.status().into()).collect();
    assert_eq!(Value::Array(statuses), case["statuses"], "{case}");
    assert_eq!(reply.generation, 9);
}

/// Checks the reply as a whole and gives each item's fields and bytes.
fn with_items<'v, L: Lookup>(input: &'v Value, bytes: &'v [u8]) -> Vec<(&'v Value, &'v [u8])> {
    let reply = LookupReply::<L>::decode(bytes).unwrap();
    let fields = list(input, "items");
    assert_eq!(reply.len(), fields.len());
    assert_eq!(reply.generation, number::<u64>(input, "generation"));
    // Answered again item by item, it is the same reply.
    if reply.iter().all(|item| item.status() != L::Item::EXCEEDED) {
        let keys: Vec<_> = reply.iter().map(|item| item.key()).collect();
        let request = request::<L>(&keys);
        let request = LookupRequest::<L>::decode(&request).unwrap();
        let mut buf = vec![0xee; bytes.len()];
        let mut answer = L::answer(&request, &mut buf).unwrap();
        for item in reply.iter() {
            answer.add(&item).unwrap();
        }
        answer.set_generation(reply.generation);
        assert_eq!(L::finish(answer), Ok(bytes.len()));
        assert_eq!(buf, bytes);
    }
    fields.iter().zip(raw_items(bytes)).collect()
}

/// The bytes of every item of a reply.
fn raw_items(bytes: &[u8]) -> Vec<&[u8]> {
    let at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let count = at(4);
    let items = &bytes[16 + 8 * count..];
    (0..count)
        .map(|i| &items[at(16 + 8 * i)..][..at(20 + 8 * i)])
        .collect()
}

fn request<L: Lookup>(keys: &[Key<'_, L>]) -> Vec<u8> {
    let mut request = vec![0xee; 7];
    encode_request::<L>(keys, &mut request).unwrap();
    request
}

fn encoded(value: &impl Encode) -> Vec<u8> {
    let mut buf = vec![0xee; value.size()];
    value.encode(&mut Writer::new(&mut buf)).unwrap();
    buf
}

/// Input and bytes of each of the `count` vectors of this type.
fn vectors(kind: &str, count: usize) -> Vec<(Value, Vec<u8>)> {
    let entries: Vec<Value> = serde_json::from_str(CODEC).unwrap();
    let found: Vec<_> = entries
        .into_iter()
        .filter(|entry| entry["type"] == kind)
        .map(|entry| (entry["input"].clone(), unhex(&entry["hex"])))
        .collect();
    assert_eq!(found.len(), count, "vectors of type {kind}");
    found
}

fn snapshot_item(fields: &Value) -> CgroupsItemView<'_> {
    CgroupsItemView {
        hash: number(fields, "hash"),
        options: number(fields, "options"),
        enabled: number(fields, "enabled"),
        name: CStrView::new(text(fields, "name")),
        path: CStrView::new(text(fields, "path")),
    }
}

fn labels(fields: &Value) -> Vec<Label<'_>> {
    list(fields, "labels")
        .iter()
        .map(|pair| Label::new(as_bytes(&pair[0]), as_bytes(&pair[1])))
        .collect()
}

fn list<'v>(value: &'v Value, field: &str) -> &'v Vec<Value> {
    value[field].as_array().unwrap()
}

fn text<'v>(value: &'v Value, field: &str) -> &'v [u8] {
    as_bytes(&value[field])
}

fn as_bytes(value: &Value) -> &[u8] {
    value.as_str().unwrap().as_bytes()
}

fn number<T: TryFrom<u64>>(value: &Value, field: &str) -> T {
    let number = value[field].as_u64().and_then(|n| T::try_from(n).ok());
    number.unwrap_or_else(|| panic!("no {field} of this size in {value}"))
}

fn narrow(n: u64) -> u32 {
    u32::try_from(n).unwrap()
}

/// As many letters as `len` says.
fn letters(len: &Value) -> String {
    "n".repeat(usize::try_from(len.as_u64().unwrap()).unwrap())
}

fn unhex(hex: &Value) -> Vec<u8> {
    let digits = as_bytes(hex).chunks(2);
    digits
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
