//! What a made file of the C library uses of other files.

use std::collections::BTreeMap;
use std::fmt::Write;

/// Names by where they are. Functions stand with their parenthesis, or with what they are generic over.
const KNOWN: &str = "\
    std::ffi c_char c_int c_void
    std ptr
    netipc CallError ErrorCode Handler HandlerFailed
    netipc::lookup LOOKUP_HEADER_LEN LookupItem LookupKey TextKey
    netipc::protocol MethodCode
    netipc::service ReplyOf ValueAnswer
    netipc::snapshot SNAPSHOT_HEADER_LEN Snapshot
    netipc::wire CStrView Decode Encode Writer
    crate::border buffer catch_code catch_length chars elements shared
    crate::error CodeResult nipc_error_t of_wire
    crate::layout layout
    crate::protocol Builder Zeroed nipc_lookup_label_view_t nipc_str_view_t zeroed
    crate::protocol::builder add builders change finish init nipc_builder_state_t
    crate::protocol::codec LAYOUT_VERSION decode encode part read_again
    crate::protocol::dispatch Payloads dispatch handled
    crate::protocol::item_list Answer
    crate::protocol::keys OwnedKeys lies_in
    crate::protocol::lookup LABELS_ALONE encode_request item key label lookup_views next_key start
    crate::protocol::raw_items encode_raw most_items nipc_lookup_raw_item_t raw_item
    crate::protocol::text LabelViews
    crate::service::calls answer answers arguments pairs
    crate::service::client_handle LockedState call noted
    crate::service::config nipc_server_config_t
    crate::service::handler Callback User handler_result
    crate::service::managed_server nipc_managed_server_t
    crate::service::server init_typed
    crate::service::server_handle ServerId
    crate::service::types nipc_client_ctx_t";

/// Names whose use does not show them: traits of methods.
const METHODS: &str = "\
    netipc::wire::Decode ::decode(
    netipc::wire::Decode u64::decode
    netipc::wire::Encode .encode(
    netipc::lookup::LookupItem Item::HEADER_LEN
    crate::error::of_wire (of_wire)
    netipc::service::Service as Service>
    netipc::service::Service ::METHOD
    netipc::service::Service ::call(
    netipc::snapshot::Snapshot ::ITEM_HEADER_LEN
    crate::protocol::Zeroed ::ZEROED
    crate::protocol::Builder .returned(
    crate::protocol::item_list item_list::
    crate::protocol::keys keys::";

/// What `body` uses of those and of `own`, which are whole paths. The formatter puts them in order.
pub(super) fn of(body: &str, own: &[String]) -> String {
    let code: String = body
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| [line, "\n"])
        .collect();
    let mut used: BTreeMap<String, ()> = BTreeMap::new();
    for line in KNOWN.lines() {
        let mut words = line.split_whitespace();
        let path = words.next().unwrap_or_default();
        for name in words.filter(|name| is_used(&code, name)) {
            used.insert(format!("{path}::{name}"), ());
        }
    }
    for line in METHODS.lines() {
        let (path, sign) = line.trim().split_once(' ').unwrap_or_default();
        if code.contains(sign) {
            used.insert(path.to_owned(), ());
        }
    }
    for path in own {
        let name = path.rsplit("::").next().unwrap_or_default();
        if is_used(&code, name) {
            used.insert(path.clone(), ());
        }
    }
    written(used.into_keys())
}

/// One `use` for each place, those of this crate in a block of their own.
fn written(paths: impl Iterator<Item = String>) -> String {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in paths {
        if let Some((place, name)) = path.rsplit_once("::") {
            places
                .entry(place.to_owned())
                .or_default()
                .push(name.to_owned());
        }
    }
    let mut out = String::new();
    for start in ["std", "netipc", "crate"] {
        let of_start = |place: &&String| place.split("::").next() == Some(start);
        for (place, names) in places.iter().filter(|(place, _)| of_start(place)) {
            let _ = match &names[..] {
                [name] => writeln!(out, "use {place}::{name};"),
                names => writeln!(out, "use {place}::{{{}}};", names.join(", ")),
            };
        }
        out.push('\n');
    }
    out
}

/// Whether code has the name as a word: a function only where it is called, or handed over to no
/// method and no module.
fn is_used(code: &str, name: &str) -> bool {
    let is_function = name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        && !name.starts_with("nipc_")
        && !name.starts_with("c_");
    code.match_indices(name).any(|(at, _)| {
        let before = code.get(..at).and_then(|before| before.chars().next_back());
        let behind = code.get(at + name.len()..).unwrap_or_default();
        let alone = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let called = ["(", "::<", "!(", "! {"]
            .iter()
            .any(|sign| behind.starts_with(sign));
        let bare = alone(before) && alone(behind.chars().next());
        if is_function && name != "ptr" {
            bare && called && !matches!(before, Some('.' | ':'))
        } else if name == "ptr" {
            bare && behind.starts_with("::")
        } else {
            bare && before != Some(':')
        }
    })
}
