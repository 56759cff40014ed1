//! Structs, enums and flags.

use std::fmt::Write;

use super::super::names::{camel, meaning};
use crate::doc::sentences;
use crate::model::{Enum, Field, Flags, Record, Schema, Type};

/// Enums and flags, but those that the module has.
pub(super) fn write_names(out: &mut String, schema: &Schema) {
    for names in schema.enums.iter().filter(|names| !in_module(names)) {
        let (name, bits) = (&names.name, 8 * names.size);
        let _ = write!(
            out,
            "\n// {name}: {}\ntype {name} uint{bits}\n\n// The values of [{name}] that have a name.\nconst (\n",
            lower(&names.about)
        );
        for value in &names.values {
            let constant = constant(name, &value.name);
            let about = lower(meaning(&value.name, &value.about));
            let _ = writeln!(
                out,
                "// {constant}: {about}\n{constant} {name} = {}",
                value.number
            );
        }
        let _ = write!(
            out,
            ")\n\n// String returns the name, or the number where there is none.\nfunc (v {name}) String() string {{\nswitch v {{\n"
        );
        for value in &names.values {
            let _ = writeln!(
                out,
                "case {}:\nreturn \"{}\"",
                constant(name, &value.name),
                value.name
            );
        }
        let _ = write!(
            out,
            "default:\nreturn fmt.Sprintf(\"{name} %d\", uint{bits}(v))\n}}\n}}\n"
        );
    }
    for names in &schema.flags {
        write_flags(out, names);
    }
}

fn write_flags(out: &mut String, names: &Flags) {
    let (name, bits) = (&names.name, 8 * names.size);
    let _ = write!(
        out,
        "\n// {name}: {}\ntype {name} uint{bits}\n\n// The bits of [{name}] that have a name.\nconst (\n",
        lower(&names.about)
    );
    for bit in &names.bits {
        let constant = constant(name, &bit.name);
        let _ = writeln!(
            out,
            "// {constant}: {}\n{constant} {name} = 1 << {}",
            lower(&bit.about),
            bit.number
        );
    }
    out.push_str(")\n");
}

/// Whether the module has the enum.
fn in_module(names: &Enum) -> bool {
    names.name == "Orchestrator" && names.shared.as_deref() == Some("common.toml")
}

/// The constant of a value.
fn constant(of: &str, value: &str) -> String {
    of.to_owned() + &camel(value)
}

/// A sentence that goes on behind a colon.
fn lower(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next();
    let second = letters.clone().next();
    match (first, second) {
        // An abbreviation stays as it is.
        (Some(_), Some(second)) if second.is_uppercase() => sentence.to_owned(),
        (Some(first), _) => first.to_lowercase().collect::<String>() + letters.as_str(),
        _ => String::new(),
    }
}

/// The struct of a record.
pub(super) fn write_record(out: &mut String, name: &str, record: &Record) {
    let _ = write!(
        out,
        "\n// {name}: {}\ntype {name} struct {{\n",
        lower(&record.about)
    );
    write_fields(out, record.named());
    out.push_str("}\n");
    for field in record.named().filter(|field| field.unset != 0) {
        let constant = format!("{}Unset", go_name(field));
        let _ = write!(
            out,
            "\n// {constant} is the [{name}].{} that is not set.\nconst {constant} {} = {}\n",
            go_name(field),
            go_type(field),
            field.unset
        );
    }
}

/// The fields of a struct.
pub(super) fn write_fields<'f>(out: &mut String, fields: impl Iterator<Item = &'f Field>) {
    for field in fields {
        let name = go_name(field);
        let _ = writeln!(
            out,
            "// {name}: {}\n{name} {}",
            lower(&sentences(field)),
            go_type(field)
        );
    }
}

/// The name of a field.
pub(super) fn go_name(field: &Field) -> String {
    match field.label() {
        // Methods of items.
        "key" | "size" | "encode" | "bare" | "read" | "rules" | "check_all" | "status_code"
        | "same" => camel(field.label()) + "Field",
        name => camel(name),
    }
}

/// The type of a field.
pub(super) fn go_type(field: &Field) -> String {
    match &field.form {
        Type::Unsigned(size) => format!("uint{}", 8 * size),
        Type::Signed(size) => format!("int{}", 8 * size),
        Type::Enum(names) if in_module(names) => format!("protocol.{}", names.name),
        Type::Enum(names) => names.name.clone(),
        Type::Flags(names) => names.name.clone(),
        Type::Chars(size) | Type::Bytes(size) => format!("[{size}]byte"),
        Type::Ip => "netip.Addr".to_owned(),
        Type::Text => "protocol.CStringView".to_owned(),
        Type::Labels => "protocol.Labels".to_owned(),
    }
}

/// Whether a value says "not set", as a condition on `value`.
pub(super) fn is_unset(field: &Field, value: &str) -> String {
    match &field.form {
        Type::Text | Type::Labels => format!("{value}.Len() == 0"),
        Type::Ip => format!("!{value}.IsValid()"),
        Type::Chars(_) | Type::Bytes(_) => format!("{value} == {}{{}}", go_type_of_array(field)),
        _ => format!("{value} == {}", field.unset),
    }
}

/// The same, turned round.
pub(super) fn is_set(field: &Field, value: &str) -> String {
    match &field.form {
        Type::Text | Type::Labels => format!("{value}.Len() != 0"),
        Type::Ip => format!("{value}.IsValid()"),
        Type::Chars(_) | Type::Bytes(_) => format!("{value} != {}{{}}", go_type_of_array(field)),
        _ => format!("{value} != {}", field.unset),
    }
}

/// An array literal in a condition needs parentheses.
fn go_type_of_array(field: &Field) -> String {
    format!("({})", go_type(field))
        .replace("([", "[")
        .replace("byte)", "byte")
}
