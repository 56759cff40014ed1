//! Bytes from structs and structs from bytes.

use std::fmt::Write;

use super::names::{Go, local};
use super::rules::{self, Values, mentions};
use super::types::go_name;
use super::words::{expect, of_struct, put_all, read};
use crate::model::{Family, Field, Record, Type};

/// The constant with the bytes of the fixed part.
pub(super) fn length(go: &Go<'_>, record: &Record, name: &str) -> String {
    match record.family {
        Family::Value | Family::Fixed => format!("{name}HeaderLen"),
        _ => format!("protocol.{}ItemHeaderLen", go.prefix())
            .replace("protocol.ItemHeaderLen", "ItemHeaderLen"),
    }
}

/// The function that checks bytes.
pub(super) fn checker(go: &Go<'_>, record: &Record, name: &str) -> String {
    match record.family {
        Family::Value | Family::Fixed => format!("check{name}"),
        _ => format!("check{}Item", go.prefix()),
    }
}

/// `Size`, `Encode`, the check of bytes and of values, and the reading of what was checked.
pub(super) fn write(out: &mut String, go: &Go<'_>, name: &str, record: &Record) {
    let (len, what) = (length(go, record, name), what(record, name));
    let _ = write!(
        out,
        "\n// {len} is the bytes in front of the texts of {what}.\nconst {len} = {}\n\
         \n// Size returns the bytes on the wire.\nfunc (v {name}) Size() int {{ return v.size() }}\n\
         \nfunc (v *{name}) size() int {{ return {} }}\n",
        record.size,
        size_of(record, &len)
    );
    encode(out, go, record, name);
    check_bytes(out, go, record, name);
    read_all(out, go, record, name);
    let rules = rules::of_record(go, record, Values::Struct);
    if !rules.is_empty() {
        let _ = write!(
            out,
            "\n// check tells which rule of the schema {what} breaks.\nfunc (v *{name}) check() error {{\n{rules}return nil\n}}\n"
        );
    }
}

/// What a record is in a comment.
fn what(record: &Record, name: &str) -> String {
    match record.family {
        Family::Value | Family::Fixed => format!("a {}", name.to_lowercase()),
        _ => "an item".to_owned(),
    }
}

fn size_of(record: &Record, len: &str) -> String {
    let mut sum = len.to_owned();
    for text in record.texts() {
        let _ = write!(sum, " + v.{}.Len() + 1", go_name(text));
    }
    match record.labels() {
        Some(labels) => format!("v.{}.EndAfter({sum})", go_name(labels)),
        None => sum,
    }
}

fn encode(out: &mut String, go: &Go<'_>, record: &Record, name: &str) {
    let len = length(go, record, name);
    let _ = write!(
        out,
        "\n// Encode writes {} to dst, which has exactly Size bytes. It fails with [protocol.ErrBadLayout] where\n\
         // it may not be sent.\nfunc (v {name}) Encode(dst []byte) error {{ return v.encode(dst) }}\n\
         \nfunc (v *{name}) encode(dst []byte) error {{\n",
        what(record, name)
    );
    if !rules::of_record(go, record, Values::Struct).is_empty() {
        out.push_str("if err := v.check(); err != nil {\nreturn err\n}\n");
    }
    let texts: Vec<&Field> = record.texts().collect();
    let mut next = len.clone();
    for (nth, text) in texts.iter().enumerate() {
        let place = local(text) + "At";
        let _ = if nth == 0 {
            writeln!(out, "const {place} = {next}")
        } else {
            writeln!(out, "{place} := {next}")
        };
        next = format!("{place} + v.{}.Len() + 1", go_name(text));
    }
    if record.labels().is_some() {
        let _ = writeln!(out, "end := {next}");
    }
    let _ = writeln!(out, "b := dst[:{len}]");
    out.push_str(&put_all(record, &of_struct("v"), "b"));
    for text in texts {
        let (value, place) = (format!("v.{}", go_name(text)), local(text) + "At");
        let _ = if text.nul {
            writeln!(out, "protocol.CopyText(dst[{place}:], {value}.Bytes())")
        } else {
            writeln!(
                out,
                "if !protocol.CopyText(dst[{place}:], {value}.Bytes()) {{\n\
                 return protocol.CheckNoNul({value}, \"{}\")\n}}",
                text.label()
            )
        };
    }
    if let Some(labels) = record.labels() {
        let value = format!("v.{}", go_name(labels));
        let _ = writeln!(
            out,
            "if {value}.Len() == 0 {{\nreturn nil\n}}\nreturn {value}.Encode(dst, end)\n}}"
        );
    } else {
        out.push_str("return nil\n}\n");
    }
}

fn check_bytes(out: &mut String, go: &Go<'_>, record: &Record, name: &str) {
    let (len, checker) = (length(go, record, name), checker(go, record, name));
    let mut body = String::new();
    for field in &record.fields {
        body.push_str(&expect(field, "b", "return "));
    }
    let texts: Vec<&Field> = record.texts().collect();
    let rules = rules::of_record(go, record, Values::Locals);
    let lookup = record.family == Family::Lookup;
    for text in &texts {
        let _ = writeln!(
            body,
            "{} := protocol.ReadSpan(b[{}:])",
            local(text),
            text.offset
        );
    }
    if lookup && texts.iter().all(|text| !text.nul) && !texts.is_empty() {
        texts_at_once(&mut body, &texts, &len);
    } else if record.family == Family::Snapshot && !texts.is_empty() {
        texts_where_written(&mut body, record, &texts, &len);
    } else {
        texts_one_by_one(&mut body, record, &texts, &len);
    }
    if lookup {
        tail(&mut body, record, &len);
    }
    body.push_str(&rules::locals(go, record, &rules));
    let header = if body.contains("b[") {
        format!("b := bytes[:{len}]\n")
    } else {
        String::new()
    };
    let _ = write!(
        out,
        "\n// {checker} fails unless bytes are {}.\nfunc {checker}(bytes []byte) error {{\n\
         if len(bytes) < {len} {{\n\
         return protocol.NewWireError(protocol.ErrTruncated, \"{} {}\", {len}, uint64(len(bytes)))\n}}\n\
         {header}{body}{rules}return nil\n}}\n",
        what(record, name),
        go.schema.name,
        if record.family == Family::Value {
            name.to_lowercase()
        } else {
            "item".to_owned()
        },
    );
}

/// Texts where writers put them, all looked at together; others one by one.
fn texts_at_once(body: &mut String, texts: &[&Field], len: &str) {
    let mut end = len.to_owned();
    for (nth, text) in texts.iter().enumerate() {
        let assign = if nth == 0 { ":=" } else { "=" };
        let _ = writeln!(body, "end {assign} {}.Follows(bytes, {end})", local(text));
        "end".clone_into(&mut end);
    }
    let spans: Vec<String> = texts.iter().map(|text| local(text)).collect();
    let labels: Vec<&str> = texts.iter().map(|text| text.label()).collect();
    let _ = writeln!(
        body,
        "if end == protocol.Nowhere || !protocol.CleanTexts(bytes, {len}, end, {}) {{\nvar err error\n\
         spans := [...]protocol.Span{{{}}}\n\
         if end, err = protocol.CheckTexts(bytes, {len}, spans[:], \"{}\"); err != nil {{\nreturn err\n}}\n}}",
        texts.len(),
        spans.join(", "),
        labels.join(" or ")
    );
}

/// Texts of a snapshot, which may have NULs: nothing more is looked at where they are where writers put them.
fn texts_where_written(body: &mut String, record: &Record, texts: &[&Field], len: &str) {
    let end = texts.iter().fold(len.to_owned(), |end, text| {
        format!("{}.Follows(bytes, {end})", local(text))
    });
    let _ = writeln!(body, "if {end} == protocol.Nowhere {{");
    texts_one_by_one(body, record, texts, len);
    body.push_str("}\n");
}

/// What lies behind the texts of an item of a lookup: labels, or nothing.
fn tail(body: &mut String, record: &Record, len: &str) {
    let end = if record.texts().count() == 0 {
        format!("uint64({len})")
    } else {
        "end".to_owned()
    };
    if let Some(labels) = record.labels() {
        let name = local(labels);
        let _ = writeln!(
            body,
            "{name} := binary.LittleEndian.Uint16(b[{}:])\n\
             if {name} != 0 || {end} != uint64(len(bytes)) {{\n\
             if err := protocol.CheckLabels(bytes, {name}, {end}); err != nil {{\nreturn err\n}}\n}}",
            labels.offset
        );
    } else {
        let _ = writeln!(
            body,
            "if uint64(len(bytes)) != {end} {{\n\
             return protocol.NewWireError(protocol.ErrBadLayout, \"item length\", {end}, uint64(len(bytes)))\n}}"
        );
    }
}

fn texts_one_by_one(body: &mut String, record: &Record, texts: &[&Field], len: &str) {
    for (nth, text) in texts.iter().enumerate() {
        let (label, span) = (text.label(), local(text));
        if record.family == Family::Value {
            let before = nth.checked_sub(1).and_then(|before| texts.get(before));
            let start = before.map_or_else(
                || format!("uint64({len})"),
                |before| format!("{}.End()", local(before)),
            );
            let _ = writeln!(
                body,
                "if uint64({span}.Offset) != {start} {{\n\
                 return protocol.NewWireError(protocol.ErrBadLayout, \"{label}\", {start}, uint64({span}.Offset))\n}}"
            );
        }
        let _ = writeln!(
            body,
            "if err := protocol.CheckText(bytes, {len}, {span}, \"{label}\"); err != nil {{\nreturn err\n}}"
        );
    }
    if record.family != Family::Value {
        for (nth, text) in texts.iter().enumerate() {
            for other in texts.iter().take(nth) {
                let (span, other) = (local(text), local(other));
                let _ = writeln!(
                    body,
                    "if !{span}.ApartFrom({other}) {{\n\
                     return protocol.NewWireError(protocol.ErrBadLayout, \"{}\", {other}.End(), uint64({span}.Offset))\n}}",
                    text.label()
                );
            }
        }
    }
    for text in texts
        .iter()
        .filter(|text| !text.nul && record.family != Family::Snapshot)
    {
        let _ = writeln!(
            body,
            "if err := protocol.CheckNoNul(protocol.TextAt(bytes, {}), \"{}\"); err != nil {{\nreturn err\n}}",
            local(text),
            text.label()
        );
    }
    if record.family == Family::Lookup && !texts.is_empty() {
        let ends: Vec<String> = texts.iter().map(|text| local(text) + ".End()").collect();
        let _ = writeln!(body, "end := max({len}, {})", ends.join(", "));
    }
}

fn read_all(out: &mut String, go: &Go<'_>, record: &Record, name: &str) {
    let len = length(go, record, name);
    let mut body = String::new();
    for text in record.texts() {
        let _ = writeln!(
            body,
            "{} := protocol.ReadSpan(b[{}:])",
            local(text),
            text.offset
        );
    }
    let ends: Vec<String> = record.texts().map(|text| local(text) + ".End()").collect();
    for field in record.named() {
        let field_name = go_name(field);
        let _ = match field.form {
            Type::Text => writeln!(
                body,
                "v.{field_name} = protocol.TextAt(bytes, {})",
                local(field)
            ),
            Type::Labels => {
                let end = match ends.as_slice() {
                    [] => len.clone(),
                    [end] => end.clone(),
                    _ => format!("max({})", ends.join(", ")),
                };
                writeln!(
                    body,
                    "v.{field_name}.Locate(bytes, binary.LittleEndian.Uint16(b[{}:]), {end})",
                    field.offset
                )
            }
            _ => writeln!(body, "{}", read(go, field, "b", "v.").trim_end()),
        };
    }
    let header = if mentions(&body, "b") {
        format!("b := bytes[:{len}]\n")
    } else {
        String::new()
    };
    let _ = write!(
        out,
        "\n// read makes it the one in bytes that were checked before.\n\
         func (v *{name}) read(bytes []byte) {{\n{header}{body}}}\n"
    );
}
