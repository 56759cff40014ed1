//! What the tests of codecs share.

use std::fs;
use std::path::{Path, PathBuf};

use netipc_schema::codec::{Malformed, Way};
use netipc_schema::json::Json;
use netipc_schema::{Schema, load_all};

pub(crate) const NAMES: [&str; 7] = [
    "increment",
    "string-reverse",
    "cgroups-snapshot",
    "cgroups-lookup",
    "apps-lookup",
    "ip-to-asn",
    "pid-traffic",
];

pub(crate) fn crate_dir() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn service_file(name: &str) -> PathBuf {
    crate_dir().join(format!("../../services/{name}.toml"))
}

pub(crate) fn schemas() -> Vec<Schema> {
    load_all(NAMES.map(service_file)).unwrap()
}

pub(crate) fn schema(name: &str) -> Schema {
    let found = schemas().into_iter().find(|schema| schema.name == name);
    found.unwrap()
}

/// A golden message.
pub(crate) struct Golden {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) input: Json,
    pub(crate) bytes: Vec<u8>,
}

/// The golden messages, and those of the kinds that no deployed peer knows.
pub(crate) fn golden() -> Vec<Golden> {
    let files = ["../../vectors/codec.json", "tests/data/new_kinds.json"];
    let all = files.iter().flat_map(|file| list(file));
    all.map(|case| Golden {
        name: text(&case, "name"),
        kind: text(&case, "type"),
        input: case.get("input").unwrap().clone(),
        bytes: unhex(&text(&case, "hex")),
    })
    .collect()
}

/// The rows of a file in `tests/data`.
pub(crate) fn rows(file: &str) -> Vec<Json> {
    list(&format!("tests/data/{file}"))
}

fn list(file: &str) -> Vec<Json> {
    rows_of(&fs::read_to_string(crate_dir().join(file)).unwrap())
}

/// The rows of a list.
pub(crate) fn rows_of(text: &str) -> Vec<Json> {
    match serde_json::from_str(text).unwrap() {
        Json::List(rows) => rows,
        other => panic!("{other:?} is no list"),
    }
}

/// The string of that name.
pub(crate) fn text(row: &Json, name: &str) -> String {
    match row.get(name) {
        Some(Json::Text(text)) => text.clone(),
        _ => panic!("no {name} in {row:?}"),
    }
}

/// The schema and the way of a golden message, if it is one of a service.
pub(crate) fn of_service(kind: &str, schemas: &[Schema]) -> Option<(Schema, Way)> {
    let (name, way) = match (
        kind.strip_suffix("_request"),
        kind.strip_suffix("_response"),
    ) {
        (Some(name), _) => (name, Way::Request),
        (_, Some(name)) => (name, Way::Response),
        _ => (kind, Way::Response),
    };
    let schema = schemas
        .iter()
        .find(|schema| schema.name.replace('-', "_") == name)?;
    Some((schema.clone(), way))
}

pub(crate) fn verdict<T>(read: &Result<T, Malformed>) -> String {
    match read {
        Ok(_) => "accepted".to_owned(),
        Err(error) => format!("{:?}", error.kind()),
    }
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The rows of a member of a golden file.
pub(crate) fn rows_of_member(file: &str, member: &str) -> Vec<Json> {
    let text = fs::read_to_string(crate_dir().join("../../vectors").join(file)).unwrap();
    let json: Json = serde_json::from_str(&text).unwrap();
    match json.get(member) {
        Some(Json::List(rows)) => rows.clone(),
        other => panic!("{other:?} is no list"),
    }
}
