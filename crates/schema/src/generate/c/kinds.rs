//! What only lookups, only snapshots and only values have.

use std::fmt::Write;

use super::cache;
use super::codec::{self, Coded};
use super::enricher;
use super::rules::{self, Says};
use super::text::comment;
use super::types::{ident, structure, type_name, value_name};
use crate::model::{
    Field, KeyForm, Kind, LookupKind, Record, Schema, SnapshotKind, Type, ValueKind,
};

/// Declarations and definitions of a service, with marks in place of names.
pub(super) struct Parts {
    /// For the header.
    pub(super) header: String,
    /// For the source.
    pub(super) source: String,
}

/// Both parts, whatever the kind.
pub(super) fn parts(schema: &Schema) -> Parts {
    match &schema.kind {
        Kind::Lookup(kind) => lookup(schema, kind),
        Kind::Snapshot(kind) => snapshot(schema, kind),
        Kind::Value(kind) => value(schema, kind),
    }
}

/// What `_init` makes of what is no item of a lookup.
const UNSET: &str = "Makes it one in which nothing is set.";

/// The struct of a record, and what initialises one.
fn record(schema: &Schema, name: &str, record: &Record, init: &str) -> String {
    let fields: Vec<&Field> = record.named().collect();
    structure(schema, name, &record.about, &fields)
        + &comment(0, init)
        + &format!("void @p@_{name}_init(@p@_{name}_t *{name});\n\n")
}

/// Client and server, which are the same for all kinds, around what is different.
fn framed(body: &str, bytes: &str) -> String {
    let end = include_str!("client_end.h.in");
    body.replace("@client@", include_str!("client.h.in"))
        .replace("@client_end@", end)
        + "\n"
        + include_str!("server.h.in")
        + bytes
        + include_str!("answer.h.in")
}

/// The function that answers the bytes of a request, and what serves and asks with it.
fn service(schema: &Schema, decode: &str, init: &str, call: &str) -> String {
    let answer = include_str!("answer.c.in")
        .replace("@decode@", decode)
        .replace("@init@", init)
        .replace("@call@", call);
    let batches = if schema.batches() { "true" } else { "false" };
    let server = include_str!("server.c.in").replace("@batches@", batches);
    format!("\n{}\n{answer}\n{server}", include_str!("client.c.in"))
}

fn lookup(schema: &Schema, kind: &LookupKind) -> Parts {
    let item = Coded {
        name: "item",
        record: &kind.item,
    };
    let key = Coded {
        name: "key",
        record: &kind.key,
    };
    let key_fields: Vec<&Field> = kind.key.named().collect();
    let mut header = structure(schema, "key", "What is looked up.", &key_fields);
    let mut unset = kind.status().values.iter();
    let unset = unset.find(|value| value.number == kind.unset_status());
    let init = format!(
        "Makes it one without data: nothing is set, and its status is \"{}\".",
        unset.map_or("", |value| &value.name)
    );
    header.push_str(&record(schema, "item", &kind.item, &init));
    let bytes = key.declarations() + &item.declarations() + include_str!("lookup_bytes.h.in");
    let enriched = enricher::parts(kind);
    let body = include_str!("lookup.h.in").replace("@enricher@", &enriched.header);
    header.push_str(&framed(&body, &bytes));
    let mut source = key_functions(kind);
    let unset = value_name(schema, kind.status(), kind.unset_status());
    source.push_str(&item.functions(Some(&unset)));
    source.push_str(&rules::reasons("item", &kind.item));
    source.push_str(&why_key(&key_fields));
    source.push_str(include_str!("lookup.c.in"));
    source.push_str(&enriched.source);
    source.push_str(&service(
        schema,
        "    @p@_request_t request;\n    if (@p@_request_decode(ptr, ptr_len, &request) != NIPC_OK) {\n",
        "    @p@_builder_init(builder, &request, buf, size);\n",
        "handle(user, &request, builder)",
    ));
    let status = kind.item.named().next();
    let marks = [
        ("@status@", type_name(schema, &kind.status().name)),
        (
            "@status_at@",
            status.map_or(2, |field| field.offset).to_string(),
        ),
        ("@exceeded@", kind.exceeded().to_string()),
        ("@oversized@", kind.oversized().to_string()),
        ("@shortest@", kind.shortest().to_string()),
        ("@item_size@", kind.item.size.to_string()),
        ("@typical@", kind.item.typical.unwrap_or(0).to_string()),
        ("@key_of_item@", copies(&key_fields, "key.", "item->")),
        ("@key_to_item@", copies(&key_fields, "item->", "key->")),
    ];
    for (mark, text) in marks {
        header = header.replace(mark, &text);
        source = source.replace(mark, &text);
    }
    Parts { header, source }
}

/// Copies the fields.
fn copies(fields: &[&Field], to: &str, from: &str) -> String {
    let copy = |field: &&Field| {
        let name = ident(field);
        match field.form {
            Type::Chars(size) | Type::Bytes(size) => {
                format!("    memcpy({to}{name}, {from}{name}, {size});\n")
            }
            _ => format!("    {to}{name} = {from}{name};\n"),
        }
    };
    fields.iter().map(copy).collect()
}

/// That a field of two keys is the same.
fn same(field: &Field) -> String {
    let name = ident(field);
    match &field.form {
        Type::Text => format!("nipc_made_same_text(a->{name}, b->{name})"),
        Type::Ip => format!("nipc_made_same_ip(&a->{name}, &b->{name})"),
        Type::Chars(size) | Type::Bytes(size) => {
            format!("memcmp(a->{name}, b->{name}, {size}) == 0")
        }
        _ => format!("a->{name} == b->{name}"),
    }
}

/// `why_key`, which says in which field an item is not of the key that it has to answer.
fn why_key(fields: &[&Field]) -> String {
    let mut out =
        "static const char *why_key(const @p@_key_t *a, const @p@_key_t *b) {\n".to_owned();
    for field in fields {
        let _ = write!(
            out,
            "    if (!({})) {{\n        return \"{}: not that of the key which it answers\";\n    }}\n",
            same(field),
            field.label()
        );
    }
    out.push_str("    return NULL;\n}\n\n");
    out
}

/// Whether two keys are the same, and a key as it stands in a request.
fn key_functions(kind: &LookupKind) -> String {
    let all: Vec<String> = kind.key.named().map(same).collect();
    let mut out = format!(
        "bool @p@_key_equal(const @p@_key_t *a, const @p@_key_t *b) {{\n    return {};\n}}\n\n",
        all.join(" && ")
    );
    let check = rules::check("key", &kind.key);
    let form = kind.form();
    let template = match form {
        KeyForm::Text => include_str!("key_text.c.in"),
        KeyForm::Ip => include_str!("key_ip.c.in"),
        KeyForm::One | KeyForm::Several => {
            let coded = Coded {
                name: "key",
                record: &kind.key,
            };
            let exact = format!(
                "    if (len != {}) {{\n        return NIPC_ERR_BAD_LAYOUT;\n    }}\n",
                kind.key.size
            );
            let truncated = format!(
                "    if (len < {}) {{\n        return NIPC_ERR_TRUNCATED;\n    }}\n",
                kind.key.size
            );
            out.push_str(&coded.without_init().replace(&truncated, &exact));
            return out;
        }
    };
    let (checked, sent) = if check.is_empty() {
        ("NIPC_OK", "NIPC_OK")
    } else {
        ("check_key(out)", "check_key(key)")
    };
    if form == KeyForm::Text {
        out.push_str(&check);
    }
    let name = kind.alone().map(ident).unwrap_or_default();
    out.push_str(
        &template
            .replace("@field@", &name)
            .replace("@checked@", checked)
            .replace("@sent@", sent),
    );
    out
}

fn snapshot(schema: &Schema, kind: &SnapshotKind) -> Parts {
    let item = Coded {
        name: "item",
        record: &kind.item,
    };
    let own: Vec<&Field> = kind
        .response
        .named()
        .filter(|field| !field.is("item_count"))
        .collect();
    let mut header = record(schema, "item", &kind.item, UNSET);
    header.push_str(&structure(
        schema,
        "header",
        "What a snapshot says besides its items.",
        &own,
    ));
    let bytes = item.declarations() + include_str!("snapshot_bytes.h.in");
    let cache = cache::parts(schema, kind);
    let body = include_str!("snapshot.h.in").replace("@cache@", &cache.header);
    header.push_str(&framed(&body, &bytes));
    let mut source = item.functions(None);
    source.push_str(&rules::reasons("item", &kind.item));
    source.push_str(&header_functions(&kind.response));
    source.push_str(include_str!("snapshot.c.in"));
    source.push_str(&cache.source);
    source.push_str(&service(
        schema,
        "    if (@p@_request_check(ptr, ptr_len) != NIPC_OK) {\n",
        "    @p@_builder_init(builder, buf, size);\n",
        "handle(user, builder)",
    ));
    let source = source
        .replace("@item_size@", &kind.item.size.to_string())
        .replace("@header_size@", &kind.response.size.to_string());
    Parts { header, source }
}

/// Reads and writes what stands in front of the directory, but for the number of items.
fn header_functions(record: &Record) -> String {
    let mut own = record.clone();
    own.fields.retain(|field| !field.is("item_count"));
    let mut out =
        "static nipc_error_t read_header(const uint8_t *bytes, size_t len, @p@_header_t *out) {\n"
            .to_owned();
    if own.named().any(|field| field.form == Type::Ip) {
        out.push_str("    nipc_error_t error;\n");
    }
    out.push_str(&codec::head(&own, "out->"));
    out.push_str(&rules::body(&own, "out->", Says::Error));
    out.push_str("    return NIPC_OK;\n}\n\n");
    out.push_str("static nipc_error_t write_header(uint8_t *out, const @p@_header_t *header) {\n");
    out.push_str(&rules::body(&own, "header->", Says::Error));
    let _ = writeln!(out, "    memset(out, 0, {});", own.size);
    for field in &own.fields {
        out.push_str(&codec::put(field, "header->"));
    }
    out.push_str("    return NIPC_OK;\n}\n\n");
    out
}

fn value(schema: &Schema, kind: &ValueKind) -> Parts {
    let [request, response] = [("request", &kind.request), ("response", &kind.response)]
        .map(|(name, record)| Coded { name, record });
    let mut header = String::new();
    for coded in [request, response] {
        header.push_str(&record(schema, coded.name, coded.record, UNSET));
    }
    let (declared, defined) = if kind.batches {
        (
            include_str!("value_batch.h.in"),
            include_str!("value_batch.c.in"),
        )
    } else {
        ("", "")
    };
    let body = include_str!("value.h.in").replace("@batch@", declared);
    let bytes =
        request.declarations() + &response.declarations() + include_str!("value_bytes.h.in");
    header.push_str(&framed(&body, &bytes));
    let mut source = request.functions(None) + &response.functions(None);
    source.push_str(&rules::reasons("response", &kind.response));
    source.push_str(include_str!("value.c.in"));
    source.push_str(defined);
    source.push_str(&service(
        schema,
        "    @p@_request_t request;\n    if (@p@_request_decode(ptr, ptr_len, &request) != NIPC_OK) {\n",
        "    @p@_builder_init(builder, buf, size);\n",
        "handle(user, &request, builder)",
    ));
    Parts { header, source }
}
