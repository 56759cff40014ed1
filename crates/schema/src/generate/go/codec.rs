//! Bytes from structs and structs from bytes.

use std::fmt::Write;

use super::types::{go_name, go_type, is_set, is_unset};
use crate::model::{Family, Field, Record, Schema, Type};

/// `Size`, `Encode`, the check of bytes and of values, and the reading of what was checked.
pub(super) fn write(out: &mut String, schema: &Schema, name: &str, record: &Record) {
    let size = record.size;
    let _ = write!(
        out,
        "\nconst {0}Len = {size}\n\n// Size returns the bytes on the wire.\nfunc (v {name}) Size() int {{\nreturn {1}\n}}\n",
        lower(name),
        size_of(record, name)
    );
    encode(out, record, name);
    check_bytes(out, schema, record, name);
    read(out, record, name);
    let rules = rules(record);
    if !rules.is_empty() {
        let _ = write!(
            out,
            "\n// check tells which rule of the schema the {0} breaks.\nfunc (v *{name}) check() error {{\n{rules}return nil\n}}\n",
            name.to_lowercase()
        );
    }
}

pub(super) fn lower(name: &str) -> String {
    name.to_lowercase()
}

fn size_of(record: &Record, name: &str) -> String {
    let mut sum = format!("{}Len", lower(name));
    for text in record.texts() {
        let _ = write!(sum, " + v.{}.Len() + 1", go_name(text));
    }
    match record.labels() {
        Some(labels) => format!("v.{}.EndAfter({sum})", go_name(labels)),
        None => sum,
    }
}

fn encode(out: &mut String, record: &Record, name: &str) {
    let _ = write!(
        out,
        "\n// Encode writes the {0} to dst, which has exactly Size bytes. It fails with [protocol.ErrBadLayout] where\n\
         // it may not be sent.\nfunc (v {name}) Encode(dst []byte) error {{\n",
        lower(name)
    );
    if !rules(record).is_empty() {
        out.push_str("if err := v.check(); err != nil {\nreturn err\n}\n");
    }
    let texts = record.texts().count() > 0 || record.labels().is_some();
    if texts {
        let _ = writeln!(out, "end := {}Len", lower(name));
    }
    for field in &record.fields {
        out.push_str(&put(field, "v."));
        if field.form == Type::Text {
            let value = format!("v.{}", go_name(field));
            let _ = if field.nul {
                writeln!(
                    out,
                    "copy(dst[end:], {value}.Bytes())\ndst[end+{value}.Len()] = 0"
                )
            } else {
                writeln!(
                    out,
                    "if err := protocol.PutText(dst[end:], {value}, \"{}\"); err != nil {{\nreturn err\n}}",
                    field.label()
                )
            };
            let _ = writeln!(out, "end += {value}.Len() + 1");
        }
    }
    match record.labels() {
        Some(labels) => {
            let _ = writeln!(out, "return v.{}.Encode(dst, end)\n}}", go_name(labels));
        }
        None => out.push_str("return nil\n}\n"),
    }
}

/// Writes a field of the fixed part to `dst`; the value is named behind `of`.
pub(super) fn put(field: &Field, of: &str) -> String {
    let (at, size) = (field.offset, field.form.size());
    let value = format!("{of}{}", go_name(field));
    if !field.has_value() {
        return match (&field.form, field.constant) {
            (form, Some(constant)) if form.is_number() => {
                put_number(size, at, &unsigned(constant, size))
            }
            _ => format!("clear(dst[{at}:{}])\n", at + size),
        };
    }
    match &field.form {
        Type::Text => format!("protocol.PutSpan(dst[{at}:], end, {value}.Len())\n"),
        Type::Labels => put_number(2, at, &format!("uint16({value}.Len())")),
        Type::Ip => format!("protocol.PutIP(dst[{at}:], {value})\n"),
        Type::Chars(_) | Type::Bytes(_) => format!("copy(dst[{at}:], {value}[:])\n"),
        Type::Unsigned(_) => put_number(size, at, &value),
        _ => put_number(size, at, &format!("uint{}({value})", 8 * size)),
    }
}

fn put_number(size: usize, at: usize, value: &str) -> String {
    if size == 1 {
        return format!("dst[{at}] = {value}\n");
    }
    format!(
        "binary.LittleEndian.PutUint{}(dst[{at}:], {value})\n",
        8 * size
    )
}

/// A number as that many bytes without sign.
fn unsigned(number: i128, size: usize) -> String {
    let mask = if size == 8 {
        u64::MAX
    } else {
        (1 << (8 * size)) - 1
    };
    let bits = number.to_le_bytes();
    let low = bits
        .first_chunk::<8>()
        .map_or(0, |low| u64::from_le_bytes(*low));
    (low & mask).to_string()
}

fn check_bytes(out: &mut String, schema: &Schema, record: &Record, name: &str) {
    let (low, size) = (lower(name), record.size);
    let _ = write!(
        out,
        "\n// check{name} fails unless bytes are one.\nfunc check{name}(bytes []byte) error {{\n\
         if len(bytes) < {low}Len {{\n\
         return protocol.NewWireError(protocol.ErrTruncated, \"{} {low}\", {low}Len, uint64(len(bytes)))\n}}\n",
        schema.name
    );
    for field in &record.fields {
        out.push_str(&expect(field, "bytes"));
    }
    let texts: Vec<&Field> = record.texts().collect();
    let lookup = record.family == Family::Lookup;
    if lookup && texts.iter().all(|text| !text.nul) && !texts.is_empty() {
        let spans: Vec<String> = texts
            .iter()
            .map(|text| format!("protocol.ReadSpan(bytes[{}:])", text.offset))
            .collect();
        let labels: Vec<&str> = texts.iter().map(|text| text.label()).collect();
        let _ = writeln!(
            out,
            "spans := [...]protocol.Span{{{}}}\nend, err := protocol.CheckTexts(bytes, {low}Len, spans[:], \"{}\")\n\
             if err != nil {{\nreturn err\n}}",
            spans.join(", "),
            labels.join(" or ")
        );
    } else {
        texts_one_by_one(out, record, &texts, &low);
    }
    let end = if texts.is_empty() {
        size.to_string()
    } else {
        "end".to_owned()
    };
    if let Some(labels) = record.labels() {
        let _ = writeln!(
            out,
            "if err := protocol.CheckLabels(bytes, binary.LittleEndian.Uint16(bytes[{}:]), {end}); err != nil {{\nreturn err\n}}",
            labels.offset
        );
    } else if lookup {
        let _ = writeln!(
            out,
            "if uint64(len(bytes)) != {end} {{\n\
             return protocol.NewWireError(protocol.ErrBadLayout, \"item length\", {end}, uint64(len(bytes)))\n}}"
        );
    }
    if rules(record).is_empty() {
        out.push_str("return nil\n}\n");
    } else {
        let _ = writeln!(out, "v := read{name}(bytes)\nreturn v.check()\n}}");
    }
}

fn texts_one_by_one(out: &mut String, record: &Record, texts: &[&Field], low: &str) {
    for (nth, text) in texts.iter().enumerate() {
        let (label, at) = (text.label(), text.offset);
        let _ = writeln!(out, "span{nth} := protocol.ReadSpan(bytes[{at}:])");
        if record.family == Family::Value {
            let start = if nth == 0 {
                format!("uint64({low}Len)")
            } else {
                format!("span{}.End()", nth - 1)
            };
            let _ = writeln!(
                out,
                "if uint64(span{nth}.Offset) != {start} {{\n\
                 return protocol.NewWireError(protocol.ErrBadLayout, \"{label}\", {start}, uint64(span{nth}.Offset))\n}}"
            );
        }
        let _ = writeln!(
            out,
            "if err := protocol.CheckText(bytes, {low}Len, span{nth}, \"{label}\"); err != nil {{\nreturn err\n}}"
        );
    }
    let pairs = (1..texts.len()).flat_map(|nth| (0..nth).map(move |other| (nth, other)));
    for (nth, other) in pairs.filter(|_| record.family != Family::Value) {
        let label = texts.get(nth).map_or("", |text| text.label());
        let _ = writeln!(
            out,
            "if !span{nth}.ApartFrom(span{other}) {{\n\
             return protocol.NewWireError(protocol.ErrBadLayout, \"{label}\", span{other}.End(), uint64(span{nth}.Offset))\n}}"
        );
    }
    for (nth, text) in texts.iter().enumerate() {
        if !text.nul && record.family != Family::Snapshot {
            let _ = writeln!(
                out,
                "if err := protocol.CheckNoNul(protocol.TextAt(bytes, span{nth}), \"{}\"); err != nil {{\nreturn err\n}}",
                text.label()
            );
        }
    }
    if record.family == Family::Lookup && !texts.is_empty() {
        let ends: Vec<String> = (0..texts.len())
            .map(|nth| format!("span{nth}.End()"))
            .collect();
        let _ = writeln!(out, "end := max({low}Len, {})", ends.join(", "));
    }
}

/// What bytes of a field of fixed size must be, whatever stands beside it.
pub(super) fn expect(field: &Field, bytes: &str) -> String {
    let (at, size) = (field.offset, field.form.size());
    let part = format!("{bytes}[{at}:{}]", at + size);
    let label = field.name.as_deref().unwrap_or("reserved");
    if !field.has_value() {
        return match field.constant {
            Some(constant) if field.form.is_number() => {
                let found = get_number(size, at, bytes);
                let wanted = unsigned(constant, size);
                format!(
                    "if found := {found}; found != {wanted} {{\n\
                     return protocol.NewWireError(protocol.ErrBadLayout, \"{label}\", {wanted}, uint64(found))\n}}\n"
                )
            }
            _ => format!(
                "if err := protocol.CheckZeros({part}, \"{label}\"); err != nil {{\nreturn err\n}}\n"
            ),
        };
    }
    match &field.form {
        Type::Ip if field.key => format!(
            "if address, err := protocol.ReadIP({part}, \"{label}\"); err != nil {{\nreturn err\n\
             }} else if !address.IsValid() {{\n\
             return protocol.NewWireError(protocol.ErrBadLayout, \"{label}\", 16, 0)\n}}\n"
        ),
        Type::Ip => {
            format!(
                "if _, err := protocol.ReadIP({part}, \"{label}\"); err != nil {{\nreturn err\n}}\n"
            )
        }
        Type::Chars(_) => format!(
            "if !protocol.IsPadded({part}) {{\n\
             return protocol.NewWireError(protocol.ErrBadLayout, \"{label}\", 0, 1)\n}}\n"
        ),
        _ => String::new(),
    }
}

fn get_number(size: usize, at: usize, bytes: &str) -> String {
    if size == 1 {
        return format!("{bytes}[{at}]");
    }
    format!("binary.LittleEndian.Uint{}({bytes}[{at}:])", 8 * size)
}

/// The value of a field of fixed size in bytes that were checked.
pub(super) fn get(field: &Field, bytes: &str) -> String {
    let (at, size) = (field.offset, field.form.size());
    match &field.form {
        Type::Unsigned(_) => get_number(size, at, bytes),
        Type::Chars(_) | Type::Bytes(_) => {
            format!("{}({bytes}[{at}:{}])", go_type(field), at + size)
        }
        Type::Ip => String::new(),
        _ => format!("{}({})", go_type(field), get_number(size, at, bytes)),
    }
}

fn read(out: &mut String, record: &Record, name: &str) {
    let _ = write!(
        out,
        "\n// read{name} reads bytes that were checked before; no bytes are nothing.\n\
         func read{name}(bytes []byte) (v {name}) {{\nif len(bytes) < {}Len {{\nreturn v\n}}\n",
        lower(name)
    );
    for field in record.named() {
        let name = go_name(field);
        let at = field.offset;
        let _ = match field.form {
            Type::Text => writeln!(
                out,
                "v.{name} = protocol.TextAt(bytes, protocol.ReadSpan(bytes[{at}:]))"
            ),
            Type::Ip => writeln!(
                out,
                "v.{name}, _ = protocol.ReadIP(bytes[{at}:], \"{}\")",
                field.label()
            ),
            Type::Labels => {
                let ends = record
                    .texts()
                    .map(|text| format!("protocol.ReadSpan(bytes[{}:]).End()", text.offset));
                let ends: Vec<String> = ends.collect();
                let end = if ends.is_empty() {
                    record.size.to_string()
                } else {
                    format!("max({})", ends.join(", "))
                };
                writeln!(
                    out,
                    "v.{name} = protocol.LabelsAt(bytes, binary.LittleEndian.Uint16(bytes[{at}:]), {end})"
                )
            }
            _ => writeln!(out, "v.{name} = {}", get(field, "bytes")),
        };
    }
    out.push_str("return v\n}\n");
}

/// The rules that tie values to their types, and to one another, as statements on `v`.
pub(super) fn rules(record: &Record) -> String {
    let mut body = String::new();
    for field in record.named() {
        named(&mut body, field);
    }
    let lookup = record.family == Family::Lookup;
    for field in record.named().filter(|field| lookup && field.key) {
        bounds(&mut body, field);
    }
    let mut known = String::new();
    for field in record.named().filter(|field| !lookup || !field.key) {
        bounds(&mut known, field);
    }
    matrix(&mut known, record);
    if lookup {
        let set: Vec<String> = record
            .named()
            .filter(|field| !field.key && !field.is("status"))
            .map(|field| is_set(field, &format!("v.{}", go_name(field))))
            .collect();
        if !set.is_empty() {
            let _ = writeln!(
                body,
                "if v.Status != 0 {{\nif {} {{\n\
                 return protocol.NewWireError(protocol.ErrBadLayout, \"data with status\", 0, uint64(v.Status))\n}}\n\
                 return nil\n}}",
                set.join(" || ")
            );
        }
    }
    body + &known
}

/// The rules of fixed fields alone: of a header, or of a key.
pub(super) fn rules_of_fields(record: &Record) -> String {
    let mut body = String::new();
    for field in record.named() {
        named(&mut body, field);
        bounds(&mut body, field);
    }
    body
}

fn refuse(body: &mut String, condition: &str, label: &str, found: &str) {
    let _ = writeln!(
        body,
        "if {condition} {{\nreturn protocol.NewWireError(protocol.ErrBadLayout, \"{label}\", 0, {found})\n}}"
    );
}

/// A closed enum has only values with a name, a text of fixed size zeros behind it.
fn named(body: &mut String, field: &Field) {
    let value = format!("v.{}", go_name(field));
    match &field.form {
        Type::Enum(names) if !names.open => {
            let numbers: Vec<String> = names
                .values
                .iter()
                .map(|value| value.number.to_string())
                .collect();
            let _ = writeln!(
                body,
                "switch {value} {{\ncase {}:\ndefault:\n\
                 return protocol.NewWireError(protocol.ErrBadLayout, \"{}\", 0, uint64({value}))\n}}",
                numbers.join(", "),
                field.label()
            );
        }
        Type::Chars(_) => refuse(
            body,
            &format!("!protocol.IsPadded({value}[:])"),
            field.label(),
            "1",
        ),
        Type::Ip if field.key => refuse(body, &format!("!{value}.IsValid()"), field.label(), "0"),
        _ => {}
    }
}

/// `min` and `max`.
fn bounds(body: &mut String, field: &Field) {
    let text = field.form == Type::Text;
    let value = format!("v.{}", go_name(field));
    let size = if text {
        format!("{value}.Len()")
    } else {
        value
    };
    let (least, most) = if text {
        (0, i128::MAX)
    } else {
        field.form.range()
    };
    if let Some(min) = field.min.filter(|min| *min > least) {
        refuse(body, &format!("{size} < {min}"), field.label(), "0");
    }
    if let Some(max) = field.max.filter(|max| *max < most) {
        refuse(body, &format!("{size} > {max}"), field.label(), "1");
    }
}

/// What the values of an enum demand of other fields.
fn matrix(body: &mut String, record: &Record) {
    for rule in &record.rules {
        let find = |name: &String| record.named().find(|field| field.is(name));
        let Some(subject) = find(&rule.field) else {
            continue;
        };
        let other = |name, set: bool| {
            let field = find(name)?;
            let value = format!("v.{}", go_name(field));
            Some(if set {
                is_unset(field, &value)
            } else {
                is_set(field, &value)
            })
        };
        let set = rule.set.iter().filter_map(|name| other(name, true));
        let unset = rule.unset.iter().filter_map(|name| other(name, false));
        let broken: Vec<String> = set.chain(unset).collect();
        if !broken.is_empty() {
            let name = go_name(subject);
            let condition = format!("v.{name} == {} && ({})", rule.value, broken.join(" || "));
            refuse(
                body,
                &condition,
                &format!("data with {}", rule.field),
                &format!("uint64(v.{name})"),
            );
        }
    }
}
