//! The golden bytes of batches, and what the lookup builders do when space is short. Those of the services are tried by
//! `crates/generated`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use netipc::lookup::{
    Key, Lookup, LookupAnswer, LookupItem, LookupReply, LookupRequest, TextKey, encode_request,
};
use netipc::service::apps_lookup::{AppsLookup, AppsLookupItem, Pid, PidStatus};
use netipc::service::cgroups_lookup::{CgroupStatus, CgroupsLookup, CgroupsLookupItem};
use netipc::service::{Orchestrator, Service};
use netipc::wire::{Decode, WireErrorKind, write_batch};
use serde_json::Value;

const CODEC: &str = include_str!("../../../vectors/codec.json");
const SHORT: &str = include_str!("../../../vectors/builder_overflow.json");

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

fn request<L: Lookup>(keys: &[Key<'_, L>]) -> Vec<u8> {
    let mut request = vec![0xee; 7];
    encode_request::<L>(keys, &mut request).unwrap();
    request
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

fn list<'v>(value: &'v Value, field: &str) -> &'v Vec<Value> {
    value[field].as_array().unwrap()
}

fn as_bytes(value: &Value) -> &[u8] {
    value.as_str().unwrap().as_bytes()
}

fn number<T: TryFrom<u64>>(value: &Value, field: &str) -> T {
    let number = value[field].as_u64().and_then(|n| T::try_from(n).ok());
    number.unwrap_or_else(|| panic!("no {field} of this size in {value}"))
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
