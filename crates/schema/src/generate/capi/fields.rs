//! Fields of records: as they stand in structs of C, as functions take them, and as values of Rust.

use std::fmt::Write;

use super::names;
use crate::doc::sentences;
use crate::model::{Enum, Field, Record, Schema, Type};

/// The type of a number in Rust, which is that of C by another name; nothing for what is no number.
pub(super) fn number(field: &Field) -> Option<String> {
    match &field.form {
        Type::Signed(size) => Some(format!("i{}", 8 * size)),
        Type::Unsigned(_) | Type::Enum(_) | Type::Flags(_) => {
            Some(format!("u{}", 8 * field.form.size()))
        }
        _ => None,
    }
}

/// Whether C has a type for the field.
pub(super) fn is_known(field: &Field) -> bool {
    number(field).is_some() || matches!(field.form, Type::Text | Type::Labels)
}

/// The fields of the struct that is read, with the two that every item begins with in front of the first
/// that is aligned to 8 bytes.
pub(super) fn of_view(record: &Record, layout: u16) -> String {
    let mut out = String::new();
    let own = format!(
        "    /// The version of the layout: {layout}, as decoders take no other.\n    pub layout_version: u16,\n\
         \x20   /// 0: no flag is defined.\n    pub flags: u16,\n"
    );
    let mut before = Some(own);
    for field in record.named() {
        let small = number(field).is_some() && field.form.size() < 8;
        if !small {
            out.push_str(&before.take().unwrap_or_default());
        }
        out.push_str(&declaration(field));
    }
    out + &before.unwrap_or_default()
}

/// Fields of a struct.
pub(super) fn declarations(record: &Record) -> String {
    record.named().map(declaration).collect()
}

fn declaration(field: &Field) -> String {
    let (name, about) = (field.label(), about(field));
    match (number(field), &field.form) {
        (Some(number), _) => format!("    /// {about}\n    pub {name}: {number},\n"),
        (None, Type::Labels) => format!(
            "    /// Number of {}, which nipc_@p@_item_label reads.\n    pub label_count: u16,\n",
            lower(&about)
        ),
        _ => format!("    /// {about}\n    pub {name}: nipc_str_view_t,\n"),
    }
}

/// What a field is, and its values.
pub(super) fn about(field: &Field) -> String {
    let mut said = vec![sentences_of(field)];
    if let Some(more) = names::more(field) {
        said.push(more.to_owned());
    }
    if let Some(unset) = names::unset(field) {
        said.push(format!("{unset} where it is not known."));
    }
    match &field.form {
        Type::Enum(names) => said.push(format!("{}.", numbers(names))),
        Type::Flags(names) => {
            let bit = |bit: &crate::model::Named| {
                let number = 1_u64 << bit.number;
                format!("{number} {}", bit.about.trim_end_matches('.'))
            };
            let bits: Vec<String> = names.bits.iter().map(bit).collect();
            said.push(format!("Bits: {}.", bits.join("; ")));
        }
        _ => {}
    }
    said.join(" ")
}

/// What the schema says of a field, but for the number that says that it is not set.
fn sentences_of(field: &Field) -> String {
    let not_empty = field.form == Type::Text && field.min == Some(1) && field.max.is_none();
    let mut said = sentences(&Field {
        unset: 0,
        min: field.min.filter(|_| !not_empty),
        ..field.clone()
    });
    if not_empty {
        said.push_str(" It is not empty.");
    }
    said
}

/// Which numbers an enum has.
fn numbers(names: &Enum) -> String {
    let (_, prefix) = names::enum_names(names);
    let more = if names.open {
        ", or one that is not in the list yet"
    } else {
        ""
    };
    format!("A {prefix} number{more}")
}

/// Without the end of the sentence, and in the middle of one.
fn lower(about: &str) -> String {
    let about = about.trim_end_matches('.');
    let mut letters = about.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

/// What the parameters of a function are.
pub(super) fn parameters(fields: &[&Field], record: &Record, known: Option<&str>) -> String {
    let mut out = String::new();
    for field in fields {
        let mut said = lower(&about(field));
        if let (true, Some(known)) = (record.named().next() == Some(field), known) {
            let _ = write!(said, ". With any but {known} all but the key is not set");
        }
        let rules = rules(field, record);
        if !rules.is_empty() {
            let _ = write!(said, ". {}", rules.join("; "));
        }
        if field.form == Type::Labels {
            said = format!("label_count labels, with keys that are not empty: {said}");
        }
        let _ = writeln!(out, "/// \\param {}  {said}", field.label());
    }
    out
}

/// What each value of an enum wants of other fields.
fn rules(field: &Field, record: &Record) -> Vec<String> {
    let Type::Enum(names) = &field.form else {
        return Vec::new();
    };
    let own = record.rules.iter().filter(|rule| field.is(&rule.field));
    let one = |rule: &crate::model::Rule| {
        let value = names.name_of(rule.value).unwrap_or_default();
        let mut said = names::value(names, value);
        if !rule.set.is_empty() {
            let _ = write!(said, " with {}", rule.set.join(", "));
        }
        if !rule.unset.is_empty() {
            let _ = write!(said, " without {}", rule.unset.join(", "));
        }
        said
    };
    own.map(one).collect()
}

/// The parameters of a function.
pub(super) fn arguments(fields: &[&Field]) -> String {
    let argument = |field: &&Field| {
        let name = field.label();
        match (number(field), &field.form) {
            (Some(number), _) => format!("    {name}: {number},\n"),
            (None, Type::Labels) => {
                format!("    {name}: *const nipc_lookup_label_view_t,\n    label_count: u16,\n")
            }
            _ => format!("    {name}: *const c_char,\n    {name}_len: u32,\n"),
        }
    };
    fields.iter().map(argument).collect()
}

/// Texts and labels among the parameters as Rust has them.
pub(super) fn read(fields: &[&Field]) -> String {
    let one = |field: &&Field| {
        let name = field.label();
        match field.form {
            Type::Text => format!(
                "        // SAFETY: C promises the characters.\n        let {name} = unsafe {{ chars({name}, {name}_len) }}?;\n"
            ),
            Type::Labels => format!(
                "        // SAFETY: C promises the labels.\n        let {name} = unsafe {{ LabelViews::new({name}, label_count) }}?;\n"
            ),
            _ => String::new(),
        }
    };
    fields.iter().map(one).collect()
}

/// The item that the parameters are.
pub(super) fn item(schema: &Schema, record: &Record, text_is_key: bool) -> String {
    let kind = names::kind(schema);
    let mut out = format!("        let item = {kind}Item {{\n");
    for field in record.named() {
        let name = field.label();
        let _ = match &field.form {
            Type::Enum(names) => writeln!(out, "{name}: {}({name}),", names.name),
            Type::Text if !(text_is_key && field.key) => {
                writeln!(out, "{name}: CStrView::new({name}),")
            }
            Type::Labels => writeln!(out, "{name}: {name}.labels(),"),
            _ => writeln!(out, "{name},"),
        };
    }
    out.push_str("};\n");
    out
}

/// The fields of the struct that is read, from the item that they are of.
pub(super) fn values(record: &Record) -> String {
    let mut out = "layout_version: LAYOUT_VERSION,\nflags: 0,\n".to_owned();
    for field in record.named() {
        let name = field.label();
        let _ = match field.form {
            Type::Enum(_) => writeln!(out, "{name}: item.{name}.0,"),
            Type::Text => writeln!(out, "{name}: nipc_str_view_t::of(item.{name}.as_bytes()),"),
            Type::Labels => {
                writeln!(out, "label_count: item.{name}.count().unwrap_or_default(),")
            }
            _ => writeln!(out, "{name}: item.{name},"),
        };
    }
    out
}

/// The fields of a struct that is as the bytes are.
pub(super) fn on_wire(fields: &[&Field]) -> String {
    let one = |field: &&Field| {
        let (name, about) = match field.name {
            Some(_) => (field.label(), field.about.as_str()),
            None => ("reserved", "0."),
        };
        let number = format!("u{}", 8 * field.form.size());
        format!("    /// {about}\n    pub {name}: {number},\n")
    };
    fields.iter().map(one).collect()
}
