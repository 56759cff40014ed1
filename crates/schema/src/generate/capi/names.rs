//! What things are called in the C library. Names follow from those of the schema; where integrations
//! know older ones, those stay.

pub(super) use crate::generate::names::module;
use crate::generate::names::{camel, constant, snake, stem};
use crate::model::{Enum, Field, Schema};

/// In front of the names of a service: `apps_lookup`.
pub(super) fn prefix(schema: &Schema) -> String {
    stem(schema).replace('-', "_")
}

/// The function that makes a server.
pub(super) fn init(schema: &Schema) -> String {
    match schema.name.as_str() {
        "cgroups-snapshot" => "nipc_server_init_typed".to_owned(),
        _ => format!("nipc_server_init_{}", module(schema)),
    }
}

/// The type of an enum, and what its values begin with.
pub(super) fn enum_names(names: &Enum) -> (String, String) {
    let (stem, end) = match names.name.strip_suffix("Status") {
        Some("Cgroup") => ("cgroup_lookup".to_owned(), "_status"),
        Some("Pid") => ("pid_lookup".to_owned(), "_status"),
        Some(stem) => (snake(stem), "_status"),
        None => (snake(&names.name), ""),
    };
    let values = format!("NIPC_{}_", constant(&stem));
    (format!("nipc_{stem}{end}_t"), values)
}

/// The value of an enum.
pub(super) fn value(names: &Enum, name: &str) -> String {
    enum_names(names).1 + &constant(name)
}

/// Where Rust has an enum.
pub(super) fn path(schema: &Schema, names: &Enum) -> String {
    if names.shared.is_some() {
        format!("netipc::service::{}", names.name)
    } else {
        format!("netipc::service::{}::{}", module(schema), names.name)
    }
}

/// The number that says that a field is not set, where it has a name.
pub(super) fn unset(field: &Field) -> Option<String> {
    match (field.label(), field.unset) {
        (_, 0) => None,
        ("uid", 0xffff_ffff) => Some("NIPC_UID_UNSET".to_owned()),
        (_, number) => Some(number.to_string()),
    }
}

/// What only C programs have for a field.
pub(super) fn more(field: &Field) -> Option<&'static str> {
    (field.label() == "hash").then_some("nipc_simple_hash, mostly.")
}

/// The order in which the function that adds an item takes its fields: that of the wire, but for the
/// item whose statuses come first.
pub(super) fn arguments<'f>(schema: &Schema, mut fields: Vec<&'f Field>) -> Vec<&'f Field> {
    if schema.name == "apps-lookup" {
        fields.sort_by_key(|field| !field.label().ends_with("status"));
    }
    fields
}

/// The name of a service in Rust.
pub(super) fn kind(schema: &Schema) -> String {
    camel(&schema.name)
}

/// `a` or `an`.
pub(super) fn article(schema: &Schema) -> &'static str {
    if schema.name.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    }
}
