//! Structs, enums and flags.

use std::fmt::Write;

use super::super::names::{camel, lower_sentence, meaning};
use super::names::Go;
use crate::doc::sentences;
use crate::model::{Enum, Field, Flags, Kind, Record, Type};

/// Enums and flags, but those that the module has.
pub(super) fn write_names(out: &mut String, go: &Go<'_>) {
    for names in go.schema.enums.iter().filter(|names| !in_module(names)) {
        let (name, bits) = (&names.name, 8 * names.size);
        let _ = write!(
            out,
            "\n// {name}: {}\ntype {name} uint{bits}\n\n// The values of [{name}] that have a name.\nconst (\n",
            lower_sentence(&names.about)
        );
        for value in &names.values {
            let constant = constant(name, &value.name);
            let about = lower_sentence(meaning(&value.name, &value.about));
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
    for names in &go.schema.flags {
        write_flags(out, go, names);
    }
}

fn write_flags(out: &mut String, go: &Go<'_>, names: &Flags) {
    let (name, bits) = (&names.name, 8 * names.size);
    let about = lower_sentence(&names.about);
    let _ = match go.bit() {
        Some(_) => write!(out, "\n// Bits: {about}\nconst (\n"),
        None => write!(
            out,
            "\n// {name}: {about}\ntype {name} uint{bits}\n\n// The bits of [{name}] that have a name.\nconst (\n"
        ),
    };
    let (prefix, form) = match go.bit() {
        Some(prefix) => (prefix, ""),
        None => (name.as_str(), name.as_str()),
    };
    for bit in &names.bits {
        let constant = constant(prefix, &bit.name);
        let _ = writeln!(
            out,
            "// {constant}: {}\n{constant} {form} = 1 << {}",
            lower_sentence(&bit.about),
            bit.number
        );
    }
    out.push_str(")\n");
    names_of_bits(out, go, names);
}

/// The function that tells the bits by name.
fn names_of_bits(out: &mut String, go: &Go<'_>, names: &Flags) {
    let (name, bits) = (&names.name, 8 * names.size);
    let (head, value) = match go.bit() {
        Some(_) => (
            format!(
                "// {name}String lists the names of bits; what has none is in hex.\nfunc {name}String(v uint{bits}) string {{"
            ),
            "v".to_owned(),
        ),
        None => (
            format!(
                "// String lists the names of the bits; what has none is in hex.\nfunc (v {name}) String() string {{"
            ),
            format!("uint{bits}(v)"),
        ),
    };
    let _ = write!(out, "\n{head}\nvar names []string\n");
    let prefix = go.bit().unwrap_or(name);
    for bit in &names.bits {
        let constant = constant(prefix, &bit.name);
        let _ = write!(
            out,
            "if v&{constant} != 0 {{\nnames = append(names, \"{}\")\nv &^= {constant}\n}}\n",
            bit.name
        );
    }
    let _ = write!(
        out,
        "if v != 0 {{\nnames = append(names, fmt.Sprintf(\"%#x\", {value}))\n}}\nreturn strings.Join(names, \",\")\n}}\n"
    );
}

/// Whether the module has the enum.
fn in_module(names: &Enum) -> bool {
    names.name == "Orchestrator" && names.shared.as_deref() == Some("common.toml")
}

/// The constant of a value of an enum.
pub(super) fn enum_constant(go: &Go<'_>, names: &Enum, value: &str) -> String {
    let constant = constant(&names.name, value);
    if in_module(names) {
        // The module has names of its own for them.
        names.number(value).unwrap_or_default().to_string()
    } else if go.is_library() {
        format!("protocol.{constant}")
    } else {
        constant
    }
}

/// The constant of a value.
fn constant(of: &str, value: &str) -> String {
    of.to_owned() + &camel(value)
}

/// The struct of a record, and constants of its fields.
pub(super) fn write_record(out: &mut String, go: &Go<'_>, name: &str, record: &Record) {
    let _ = write!(
        out,
        "\n// {name}: {}\ntype {name} struct {{\n",
        lower_sentence(&record.about)
    );
    write_fields(out, go, record.named());
    out.push_str("}\n");
    for field in record.named() {
        let field_name = go_name(field);
        if field.unset != 0 {
            let constant = unset(go, name, field);
            let _ = write!(
                out,
                "\n// {constant} is the [{name}].{field_name} that is not set.\nconst {constant} = {}\n",
                field.unset
            );
        }
        if let (Type::Text, Some(max)) = (&field.form, field.max) {
            let constant = of_field(go, name, field) + "Max";
            let _ = write!(
                out,
                "\n// {constant} is the bytes of the longest [{name}].{field_name}.\nconst {constant} = {max}\n"
            );
        }
    }
}

/// The constant that says that a field is not set.
pub(super) fn unset(go: &Go<'_>, record: &str, field: &Field) -> String {
    of_field(go, record, field) + "Unset"
}

/// In front of the names of constants of a field. Values have two records, whose fields may be called the
/// same.
fn of_field(go: &Go<'_>, record: &str, field: &Field) -> String {
    let name = go_name(field);
    if matches!(go.schema.kind, Kind::Value(_)) {
        format!("{record}{name}")
    } else {
        name
    }
}

/// The fields of a struct.
pub(super) fn write_fields<'f>(
    out: &mut String,
    go: &Go<'_>,
    fields: impl Iterator<Item = &'f Field>,
) {
    for field in fields {
        let name = go_name(field);
        let _ = writeln!(
            out,
            "// {name}: {}\n{name} {}",
            lower_sentence(&sentences(field)),
            go_type(go, field)
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
pub(super) fn go_type(go: &Go<'_>, field: &Field) -> String {
    match &field.form {
        Type::Unsigned(size) => format!("uint{}", 8 * size),
        Type::Signed(size) => format!("int{}", 8 * size),
        Type::Enum(names) if in_module(names) => format!("protocol.{}", names.name),
        Type::Enum(names) if go.is_library() => format!("protocol.{}", names.name),
        Type::Enum(names) => names.name.clone(),
        Type::Flags(names) if go.bit().is_some() => format!("uint{}", 8 * names.size),
        Type::Flags(names) => names.name.clone(),
        Type::Chars(_) | Type::Bytes(_) => array(field),
        Type::Ip => "netip.Addr".to_owned(),
        Type::Text => "protocol.CStringView".to_owned(),
        Type::Labels => "protocol.Labels".to_owned(),
    }
}

/// The type of a field of bytes.
pub(super) fn array(field: &Field) -> String {
    format!("[{}]byte", field.form.size())
}
