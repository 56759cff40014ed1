//! The enricher of a lookup, over that of `netipc/netipc_any.h`.

use std::fmt::Write;

use super::codec;
use super::kinds::Parts;
use super::types::ident;
use crate::model::{Field, LookupKind, Type};

/// The end of a value's name that says: not known yet.
const LATER: &str = "retry-later";
/// The end of a status' name that says: never known.
const NEVER: &str = "permanent";
/// The field that tells one owner of a key from another.
const IDENTITY: &str = "starttime";

/// What a header and a source get for it.
pub(super) fn parts(kind: &LookupKind) -> Parts {
    let texts: Vec<&Field> = kind.item.texts().collect();
    let mut fields = kind.item.named();
    let identity = fields.find(|field| field.is(IDENTITY) && field.form == Type::Unsigned(8));
    let (text_places, text_room, declared) = places(&texts);
    let marks = [
        ("@verdicts@", verdicts(kind)),
        (
            "@identity_of@",
            identity.map_or_else(String::new, identity_of),
        ),
        ("@read_fixed@", read_fixed(kind)),
        ("@text_places@", text_places),
        ("@described@", described(kind, &texts, identity.is_some())),
        ("@texts@", declared),
        ("@text_room@", text_room),
        ("@put_together@", put_together(kind, &texts)),
    ];
    let mut source = include_str!("enricher.c.in").to_owned();
    for (mark, text) in marks {
        source = source.replace(mark, &text);
    }
    let meant = match identity {
        Some(_) => {
            "starttime of the owner of the key that is meant: an item of another one is not given; 0 takes any"
        }
        None => "0: items of this service do not tell one owner of a key from another",
    };
    let header = include_str!("enricher.h.in").replace("@identity_is@", meant);
    Parts { header, source }
}

/// The cases of statuses but those that are not known now.
fn verdicts(kind: &LookupKind) -> String {
    let mut later = String::new();
    for field in kind.item.named().skip(1).filter(|field| !field.key) {
        let Type::Enum(names) = &field.form else {
            continue;
        };
        for value in names
            .values
            .iter()
            .filter(|value| value.name.ends_with(LATER))
        {
            let found = match names.size {
                1 => format!("bytes[{}]", field.offset),
                size => format!("nipc_made_get_u{}(bytes + {})", 8 * size, field.offset),
            };
            let _ = write!(
                later,
                "        if ({found} == {}) {{\n            return NIPC_VERDICT_PROVISIONAL;\n        }}\n",
                value.number
            );
        }
    }
    let mut out = format!("    case 0:\n{later}        return NIPC_VERDICT_KNOWN;\n");
    let oversized = kind.oversized();
    let never = kind.status().values.iter().filter(|value| {
        value.number != 0 && value.number != oversized && value.name.ends_with(NEVER)
    });
    for value in never {
        let _ = write!(
            out,
            "    case {}:\n        return NIPC_VERDICT_FOR_GOOD;\n",
            value.number
        );
    }
    let _ = write!(
        out,
        "    case {oversized}:\n        return NIPC_VERDICT_OVERSIZED;\n"
    );
    out
}

fn identity_of(field: &Field) -> String {
    format!(
        "/* When the owner of the key began. */\nstatic uint64_t identity_of(void *user, nipc_bytes_view_t item) {{\n    \
         (void)user;\n    return nipc_made_get_u64((const uint8_t *)item.ptr + {});\n}}\n\n",
        field.offset
    )
}

fn read_fixed(kind: &LookupKind) -> String {
    let mut out = String::new();
    if kind.item.named().any(|field| field.form == Type::Ip) {
        out.push_str("    nipc_error_t error;\n");
    }
    out.push_str(&codec::head(&kind.item, "out->"));
    out
}

/// Where texts are, what takes them and for how many there is room, and its declaration.
fn places(texts: &[&Field]) -> (String, String, String) {
    if texts.is_empty() {
        return (String::new(), "NULL, 0".to_owned(), String::new());
    }
    let places: Vec<String> = texts.iter().map(|text| text.offset.to_string()).collect();
    let count = places.len();
    (
        format!(
            "    static const uint32_t text_places[] = {{{}}};\n",
            places.join(", ")
        ),
        format!("texts, {count}"),
        format!("    nipc_str_view_t texts[{count}];\n"),
    )
}

/// What is said of the lookup besides.
fn described(kind: &LookupKind, texts: &[&Field], has_identity: bool) -> String {
    let mut out = String::new();
    if has_identity {
        out.push_str("    enriched.identity = identity_of;\n");
    }
    if !kind.key.named().any(|field| field.form == Type::Text) {
        out.push_str("    enriched.fixed_size_keys = true;\n");
    }
    if !texts.is_empty() {
        let _ = write!(
            out,
            "    enriched.texts = text_places;\n    enriched.text_count = {};\n",
            texts.len()
        );
    }
    if let Some(labels) = kind.item.labels() {
        let _ = writeln!(out, "    enriched.labels = {};", labels.offset);
    }
    out
}

fn put_together(kind: &LookupKind, texts: &[&Field]) -> String {
    let mut out = String::new();
    for (nth, text) in texts.iter().enumerate() {
        let _ = writeln!(out, "        item->{} = texts[{nth}];", ident(text));
    }
    if let Some(labels) = kind.item.labels().map(ident) {
        let _ = write!(
            out,
            "        if (parts.label_count > 0) {{\n            item->{labels}.count = parts.label_count;\n            \
             item->{labels}.table = item->{labels}.item = (const uint8_t *)parts.labels.ptr;\n        }}\n"
        );
    }
    out
}
