//! Names, enums, flags and structs.

use std::fmt::Write;

use super::super::names::{self, constant, meaning};
use super::text::comment;
use crate::doc::sentences;
use crate::model::{Enum, Field, Flags, Record, Schema, Type};

/// What every name of a service begins with: `ip_to_asn`.
pub(super) fn prefix(schema: &Schema) -> String {
    schema.name.replace('-', "_")
}

/// Words that name no field: of C, of C++, and of what compilers and headers define.
const WORDS: &str = "alignas alignof and and_eq asm assert auto bitand bitor bool break case catch char \
    class compl concept const consteval constexpr constinit const_cast continue decltype default delete \
    do double dynamic_cast else enum errno explicit export extern false far float for friend goto i386 if \
    inline int interface linux long mutable namespace near new noexcept not not_eq nullptr operator or \
    or_eq private protected public register reinterpret_cast requires restrict return short signed sizeof \
    small static static_assert static_cast stderr stdin stdout struct switch template this thread_local \
    throw true try typedef typeid typename typeof union unix unsigned using virtual void volatile wchar_t \
    while xor xor_eq";

/// The name of a field, with `_` behind a word of the language.
pub(super) fn ident(field: &Field) -> String {
    let name = field.label();
    let taken = WORDS.split_whitespace().any(|word| word == name);
    format!("{name}{}", if taken { "_" } else { "" })
}

/// What the structs of a service are called; enums and flags must not be.
const STRUCTS: [&str; 12] = [
    "builder", "cache", "client", "guard", "handler", "header", "item", "key", "labels", "reply",
    "request", "response",
];

/// `LookupStatus` as `lookup_status`, with more behind what is taken.
pub(super) fn snake(name: &str) -> String {
    let mut out = names::snake(name);
    if STRUCTS.contains(&out.as_str()) || out == "server" {
        out.push_str("_code");
    }
    out
}

/// The type of an enum or of flags.
pub(super) fn type_name(schema: &Schema, name: &str) -> String {
    format!("{}_{}_t", prefix(schema), snake(name))
}

/// What the constants of an enum, or of flags, begin with.
fn constant_prefix(schema: &Schema, name: &str) -> String {
    format!("{}_{}", prefix(schema), snake(name)).to_ascii_uppercase()
}

/// The constant of a value of an enum.
pub(super) fn value_name(schema: &Schema, names: &Enum, number: u64) -> String {
    let mut values = names.values.iter();
    let value = values.find(|value| value.number == number);
    value.map_or_else(
        || number.to_string(),
        |value| {
            let big = constant_prefix(schema, &names.name);
            format!("{big}_{}", constant(&value.name))
        },
    )
}

/// Enums and flags, for the header.
pub(super) fn names(schema: &Schema) -> String {
    let mut out = String::new();
    for names in &schema.enums {
        enumeration(&mut out, schema, names);
    }
    for names in &schema.flags {
        flags(&mut out, schema, names);
    }
    out
}

fn enumeration(out: &mut String, schema: &Schema, names: &Enum) {
    let (kind, big) = (
        type_name(schema, &names.name),
        constant_prefix(schema, &names.name),
    );
    let open = if names.open {
        " Numbers without a name are kept."
    } else {
        ""
    };
    let _ = write!(
        out,
        "{}typedef uint{}_t {kind};\n\n",
        comment(0, &format!("{}{open}", names.about)),
        8 * names.size
    );
    for value in &names.values {
        let _ = writeln!(
            out,
            "{}#define {big}_{} UINT{}_C({})",
            comment(0, meaning(&value.name, &value.about)),
            constant(&value.name),
            8 * names.size,
            value.number
        );
    }
    let _ = write!(
        out,
        "\n/** The name of the value, such as \"{}\"; NULL where it has none. */\n\
         const char *{}_{}_name({kind} value);\n\n",
        names.values.first().map_or("", |value| &value.name),
        prefix(schema),
        snake(&names.name)
    );
}

fn flags(out: &mut String, schema: &Schema, names: &Flags) {
    let (kind, big) = (
        type_name(schema, &names.name),
        constant_prefix(schema, &names.name),
    );
    let about = format!("{} Other bits are kept.", names.about);
    let _ = write!(
        out,
        "{}typedef uint{}_t {kind};\n\n",
        comment(0, &about),
        8 * names.size
    );
    for bit in &names.bits {
        let _ = writeln!(
            out,
            "{}#define {big}_{} (UINT{}_C(1) << {})",
            comment(0, &bit.about),
            constant(&bit.name),
            8 * names.size,
            bit.number
        );
    }
    out.push('\n');
}

/// The functions that name the values of enums.
pub(super) fn name_functions(schema: &Schema) -> String {
    let mut out = String::new();
    for names in &schema.enums {
        let _ = write!(
            out,
            "const char *{}_{}_name({} value) {{\n    switch (value) {{\n",
            prefix(schema),
            snake(&names.name),
            type_name(schema, &names.name)
        );
        for value in &names.values {
            let _ = write!(
                out,
                "    case {}_{}:\n        return \"{}\";\n",
                constant_prefix(schema, &names.name),
                constant(&value.name),
                value.name
            );
        }
        out.push_str("    default:\n        return NULL;\n    }\n}\n\n");
    }
    out
}

/// The struct of these fields, and the numbers that go with them.
pub(super) fn structure(schema: &Schema, name: &str, about: &str, fields: &[&Field]) -> String {
    let p = prefix(schema);
    let mut out = format!("{}typedef struct {p}_{name}_t {{\n", comment(0, about));
    for field in fields {
        let _ = writeln!(
            out,
            "{}    {};",
            comment(4, &sentences(field)),
            declaration(schema, field)
        );
    }
    if fields.is_empty() {
        out.push_str("    /** Structs of C are not empty. */\n    uint8_t nothing;\n");
    }
    let _ = write!(out, "}} {p}_{name}_t;\n\n");
    let constants = constants(&p, name, fields);
    if !constants.is_empty() {
        let _ = writeln!(out, "{constants}");
    }
    out
}

/// What is not set, and the bounds of texts, by name.
fn constants(p: &str, name: &str, fields: &[&Field]) -> String {
    let big = format!("{p}_{name}").to_ascii_uppercase();
    let mut out = String::new();
    for field in fields {
        let label = field.label().to_ascii_uppercase();
        if field.unset != 0 {
            let _ = writeln!(
                out,
                "/** The {} that is not set. */\n#define {big}_{label}_UNSET {}",
                field.label(),
                number(field, field.unset)
            );
        }
        for (word, bound, what) in [("MIN", field.min, "least"), ("MAX", field.max, "most")] {
            if let (Some(bound), Type::Text) = (bound, &field.form) {
                let _ = writeln!(
                    out,
                    "/** Bytes that a {} has at {what}. */\n#define {big}_{label}_{word} {bound}u",
                    field.label()
                );
            }
        }
    }
    out
}

fn declaration(schema: &Schema, field: &Field) -> String {
    let name = ident(field);
    match &field.form {
        Type::Unsigned(size) => format!("uint{}_t {name}", 8 * size),
        Type::Signed(size) => format!("int{}_t {name}", 8 * size),
        Type::Enum(names) => format!("{} {name}", type_name(schema, &names.name)),
        Type::Flags(names) => format!("{} {name}", type_name(schema, &names.name)),
        Type::Chars(size) => format!("char {name}[{size}]"),
        Type::Bytes(size) => format!("uint8_t {name}[{size}]"),
        Type::Ip => format!("nipc_ip_t {name}"),
        Type::Text => format!("nipc_str_view_t {name}"),
        Type::Labels => format!("{}_labels_t {name}", prefix(schema)),
    }
}

/// A number as a value of the field.
pub(super) fn number(field: &Field, number: i128) -> String {
    let size = field.form.size();
    match (&field.form, size) {
        // The least number has no literal of its own.
        (Type::Signed(_), 4 | 8) if number == field.form.range().0 => {
            format!("(-INT{0}_C({1}) - 1)", 8 * size, -(number + 1))
        }
        (Type::Signed(_), 8) => format!("INT64_C({number})"),
        (_, 8) => format!("UINT64_C({number})"),
        (Type::Signed(_), _) | (_, 1 | 2) => number.to_string(),
        _ => format!("{number}u"),
    }
}

/// The labels of items, where there are any.
pub(super) fn labels(schema: &Schema) -> Option<String> {
    let found = schema
        .parts()
        .into_iter()
        .any(|(_, record): (_, &Record)| record.labels().is_some());
    let text = "/** Labels: a list to send, or those that came. */
typedef nipc_labels_t @p@_labels_t;

/** Label index, from 0 on; false beyond the last. */
bool @p@_label(const @p@_labels_t *labels, uint32_t index, nipc_lookup_label_view_t *out);

";
    found.then(|| text.replace("@p@", &prefix(schema)))
}

/// The function that gives one of the labels.
pub(super) const LABEL: &str = "\
bool @p@_label(const @p@_labels_t *labels, uint32_t index, nipc_lookup_label_view_t *out) {
    return nipc_made_label(labels, index, out);
}

";
