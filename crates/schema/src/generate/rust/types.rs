//! Structs, enums and flags.

use std::fmt::Write;

use super::super::names::{camel, constant, meaning};
use super::{BOTH, alone, borrows, struct_name};
use crate::doc::sentences;
use crate::model::{Enum, Field, Flags, Kind, Record, Schema, Type};

/// Enums and flags, but those that the library has.
pub(super) fn write_names(out: &mut String, schema: &Schema) {
    for names in schema.enums.iter().filter(|names| !in_library(names)) {
        let _ = write!(
            out,
            "\nnetipc::codes! {{\n    /// {}\n    pub struct {}{} {{\n",
            names.about,
            names.name,
            if names.size == 2 {
                String::new()
            } else {
                format!(" of u{}", 8 * names.size)
            }
        );
        for value in &names.values {
            let _ = writeln!(
                out,
                "        /// {}\n        {} = {}, \"{}\";",
                meaning(&value.name, &value.about),
                constant(&value.name),
                value.number,
                value.name
            );
        }
        out.push_str("    }\n}\n");
    }
    for names in &schema.flags {
        write_flags(out, names);
    }
}

/// Whether the crate `netipc` has the enum.
fn in_library(names: &Enum) -> bool {
    names.name == "Orchestrator" && names.shared.as_deref() == Some("common.toml")
}

fn write_flags(out: &mut String, names: &Flags) {
    let (name, int) = (&names.name, format!("u{}", 8 * names.size));
    let _ = write!(
        out,
        "\n/// {}\n#[derive(Clone, Copy, Debug)]\npub struct {name};\n\nimpl {name} {{\n",
        names.about
    );
    for bit in &names.bits {
        let _ = writeln!(
            out,
            "/// {}\npub const {}: {int} = {:#x};",
            bit.about,
            constant(&bit.name),
            1_u64 << bit.number
        );
    }
    out.push_str("}\n");
}

/// The struct of a record, written and read, and its constants.
pub(super) fn write_record(out: &mut String, schema: &Schema, part: &str, record: &Record) {
    const DERIVE: &str = "#[derive(Clone, Copy, Debug, Eq, PartialEq)]";
    let name = struct_name(schema, part);
    let life = if borrows(record) { "<'a>" } else { "" };
    let about = about(schema, part, record);
    if let Some(field) = alone(record) {
        let form = rust_type(field);
        let _ = writeln!(
            out,
            "\n/// {about}\n{DERIVE}\npub struct {name}{life}(\n/// {}\npub {form},\n);",
            sentences(field)
        );
        write_new(out, field, &name);
        constants(out, record, &name);
        write_default(out, schema, record, &name);
        return;
    }
    let _ = write!(out, "\n/// {about}\n{DERIVE}\npub struct {name}{life} {{\n",);
    for field in record.named() {
        let _ = writeln!(
            out,
            "/// {}\npub {}: {},",
            meaning_of(field),
            ident(field),
            type_in(schema, field)
        );
    }
    out.push_str("}\n");
    constants(out, record, &name);
    write_default(out, schema, record, &name);
}

/// What a field is; which bits a number has.
fn meaning_of(field: &Field) -> String {
    match &field.form {
        Type::Flags(names) => format!("{} Bits of [`{}`].", sentences(field), names.name),
        _ => sentences(field),
    }
}

/// What a record is; one that is asked and answered alike says both.
fn about(schema: &Schema, part: &str, record: &Record) -> String {
    match &schema.kind {
        Kind::Value(kind) if part == BOTH => {
            let (asked, answered) = (&kind.request.about, &kind.response.about);
            format!("What is asked and answered.\n///\n/// Asked: {asked} Answered: {answered}")
        }
        _ => record.about.clone(),
    }
}

/// A text alone is made of bytes.
fn write_new(out: &mut String, field: &Field, name: &str) {
    if field.form == Type::Text {
        let _ = write!(
            out,
            "\nimpl<'a> {name}<'a> {{\n/// One of these bytes.\n#[must_use]\n\
             pub const fn new(bytes: &'a [u8]) -> Self {{\nSelf(CStrView::new(bytes))\n}}\n}}\n"
        );
    }
}

/// The type of a field of a record: a text that is a key is one here, too, so that its bytes are
/// looked at once.
fn type_in(schema: &Schema, field: &Field) -> String {
    if is_text_key(field) {
        format!("{}Key<'a>", camel(&schema.name))
    } else {
        rust_type(field)
    }
}

/// Whether the field is a text that was looked up.
pub(super) fn is_text_key(field: &Field) -> bool {
    field.key && field.form == Type::Text
}

/// The text of a field, as a `CStrView`.
pub(super) fn text_of(field: &Field) -> String {
    let name = ident(field);
    if is_text_key(field) {
        format!("self.{name}.text()")
    } else {
        format!("self.{name}")
    }
}

/// What is not set, and the bounds of texts, by name.
fn constants(out: &mut String, record: &Record, name: &str) {
    let mut lines = String::new();
    for field in record.named() {
        let label = constant(field.label());
        if field.unset != 0 {
            let _ = writeln!(
                lines,
                "/// The `{}` that is not set.\npub const {label}_UNSET: {} = {};",
                field.label(),
                rust_type(field),
                number_of(field, field.unset)
            );
        }
        for (word, bound, what) in [("MIN", field.min, "least"), ("MAX", field.max, "most")] {
            if let (Some(bound), Type::Text) = (bound, &field.form) {
                let _ = writeln!(
                    lines,
                    "/// Bytes that a `{}` has at {what}.\npub const {label}_{word}: usize = {bound};",
                    field.label()
                );
            }
        }
    }
    if !lines.is_empty() {
        let _ = write!(
            out,
            "\nimpl {name}{} {{\n{lines}}}\n",
            if borrows(record) { "<'_>" } else { "" }
        );
    }
}

fn write_default(out: &mut String, schema: &Schema, record: &Record, name: &str) {
    let (open, anonymous) = if borrows(record) {
        ("<'a>", "<'_>")
    } else {
        ("", "")
    };
    let _ = write!(
        out,
        "\nimpl{open} {name}{open} {{\n/// Nothing is set.\nconst UNSET: Self = "
    );
    if let Some(field) = alone(record) {
        let _ = writeln!(out, "Self({});", unset(field));
    } else {
        out.push_str("Self {\n");
        for field in record.named() {
            let mut value = unset_in(schema, field);
            if is_text_key(field) {
                value = format!("{}Key::checked({value})", camel(&schema.name));
            }
            let _ = writeln!(out, "{}: {value},", ident(field));
        }
        out.push_str("};\n");
    }
    let _ = write!(
        out,
        "}}\n\nimpl Default for {name}{anonymous} {{\nfn default() -> Self {{\nSelf::UNSET\n}}\n}}\n"
    );
}

/// As [`unset`]. An item in which nothing is set says that there is no data.
fn unset_in(schema: &Schema, field: &Field) -> String {
    if let (Kind::Lookup(kind), true) = (&schema.kind, field.is("status")) {
        return number_of(field, kind.unset_status().into());
    }
    unset(field)
}

/// The name of a field, which may be a word of the language.
pub(super) fn ident(field: &Field) -> String {
    const WORDS: [&str; 42] = [
        "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do",
        "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in",
        "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
        "return", "static", "struct", "trait", "try", "type", "typeof", "unsafe", "use",
    ];
    const MORE: [&str; 7] = [
        "true", "unsized", "virtual", "where", "while", "yield", "fields",
    ];
    match field.label() {
        // These cannot even be written raw.
        name @ ("self" | "super" | "crate") => format!("{name}_"),
        name if WORDS.contains(&name) || MORE.contains(&name) => format!("r#{name}"),
        name => name.to_owned(),
    }
}

/// Public fields of a struct.
pub(super) fn declarations<'f>(fields: impl IntoIterator<Item = &'f Field>) -> String {
    let mut out = String::new();
    for field in fields {
        let _ = writeln!(
            out,
            "/// {}\npub {}: {},",
            sentences(field),
            ident(field),
            rust_type(field)
        );
    }
    out
}

/// The type of a field.
pub(super) fn rust_type(field: &Field) -> String {
    match &field.form {
        Type::Unsigned(size) => format!("u{}", 8 * size),
        Type::Signed(size) => format!("i{}", 8 * size),
        Type::Enum(names) => names.name.clone(),
        Type::Flags(names) => format!("u{}", 8 * names.size),
        Type::Chars(size) | Type::Bytes(size) => format!("[u8; {size}]"),
        Type::Ip if field.key => "IpAddr".to_owned(),
        Type::Ip => "Option<IpAddr>".to_owned(),
        Type::Text => "CStrView<'a>".to_owned(),
        Type::Labels => "Labels<'a>".to_owned(),
    }
}

/// The value that says "not set".
pub(super) fn unset(field: &Field) -> String {
    match &field.form {
        Type::Chars(size) | Type::Bytes(size) => format!("[0; {size}]"),
        Type::Ip if field.key => "IpAddr::V4(Ipv4Addr::UNSPECIFIED)".to_owned(),
        Type::Ip => "None".to_owned(),
        Type::Text => "CStrView::EMPTY".to_owned(),
        Type::Labels => "Labels::NONE".to_owned(),
        _ => number_of(field, field.unset),
    }
}

/// A number as a value of the field.
pub(super) fn number_of(field: &Field, number: i128) -> String {
    let literal = if number > 0xffff {
        format!("{number:#x}")
    } else {
        number.to_string()
    };
    match &field.form {
        Type::Enum(names) => match u64::try_from(number).ok().and_then(|n| names.name_of(n)) {
            Some(value) => format!("{}::{}", names.name, constant(value)),
            None => format!("{}({literal})", names.name),
        },
        _ => literal,
    }
}
