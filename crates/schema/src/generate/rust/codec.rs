//! Bytes from structs and structs from bytes.

use std::fmt::Write;

use super::super::names::camel;
use super::check::rules_of;
use super::encode::{encode, size};
use super::types::{ident, is_text_key, number_of};
use super::{alone, borrows, reread, struct_name};
use crate::model::{Family, Field, Record, Schema, Type};

/// `Decode`, `Encode`, and the reading of the fixed part.
fn write(out: &mut String, schema: &Schema, part: &str, record: &Record) {
    let name = struct_name(schema, part);
    let (generic, anonymous, life) = if borrows(record) {
        ("<'a>", "<'_>", "'a")
    } else {
        ("", "", "'_")
    };
    let view_life = if borrows(record) { "'a" } else { "'_" };
    let _ = write!(
        out,
        "\nimpl{generic} Decode<{life}> for {name}{generic} {{\n"
    );
    let bytes = if borrows(record) { "&'a [u8]" } else { "&[u8]" };
    let _ = writeln!(
        out,
        "#[inline]\nfn decode(bytes: {bytes}) -> Result<Self, WireError> {{"
    );
    decode(out, schema, record);
    if in_line(record) && record.texts().count() > 0 {
        let _ = writeln!(
            out,
            "}}\n\n#[inline]\nfn decodes(bytes: {bytes}) -> bool {{\nSelf::usual(bytes).is_some()"
        );
    }
    let _ = writeln!(
        out,
        "}}\n\n// Without this, it would be checked again each time it is read.\n#[inline]\n\
         fn view(valid: Valid<{view_life}, Self>) -> Self {{"
    );
    view(out, schema, record);
    out.push_str("}\n}\n");

    let _ = writeln!(
        out,
        "\nimpl Encode for {name}{anonymous} {{\n#[inline]\nfn size(&self) -> usize {{"
    );
    size(out, record, part);
    out.push_str(
        "}\n\n#[inline]\nfn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {\n",
    );
    encode(out, record, part);
    out.push_str("}\n}\n");
    let _ = write!(out, "\nimpl{generic} {name}{generic} {{\n");
    if in_line(record) && record.texts().count() > 0 {
        usual(out, schema, record);
    }
    read(out, schema, record, part);
    reread::write(out, record);
    out.push_str("}\n");
}

/// What stands above the functions of an item of a list, which are called for each of many.
pub(super) const ALWAYS: &str = "#[inline(always)]";

/// As [`write`], for a tuple struct where the record has one field.
pub(super) fn write_part(out: &mut String, schema: &Schema, part: &str, record: &Record) {
    let mut code = String::new();
    write(&mut code, schema, part, record);
    if let Some(field) = alone(record) {
        let name = ident(field);
        for of in ["self", "fixed"] {
            code = code.replace(&format!("{of}.{name}"), &format!("{of}.0"));
        }
        code = code.replace(&format!("Self {{\n{name},\n}}"), &format!("Self({name})"));
    }
    if matches!(record.family, Family::Lookup | Family::Snapshot) {
        code = code.replace("#[inline]", ALWAYS);
    }
    out.push_str(&code);
}

/// Name of the constant for bytes of the fixed part.
pub(super) fn length(part: &str) -> String {
    format!("{}_LEN", part.to_ascii_uppercase())
}

pub(super) fn texts(record: &Record) -> Vec<&Field> {
    record.texts().collect()
}

/// What `read` gives, as a pattern or a type.
pub(super) fn pattern(record: &Record, item: &str) -> String {
    let texts = texts(record);
    let fixed = |field: &Field| !matches!(field.form, Type::Text | Type::Labels);
    let mut parts = vec![if record.named().any(fixed) { item } else { "_" }.to_owned()];
    if !texts.is_empty() {
        parts.push("spans".to_owned());
    }
    if record.labels().is_some() {
        parts.push("label_count".to_owned());
    }
    tuple(&parts)
}

fn tuple(parts: &[String]) -> String {
    match parts {
        [one] => one.clone(),
        several => format!("({})", several.join(", ")),
    }
}

/// Whether the texts of the record are read by the fast path: those of a lookup without NULs.
fn in_line(record: &Record) -> bool {
    record.family == Family::Lookup && record.texts().all(|text| !text.nul)
}

/// What a field is set to: the text or the labels of its name.
pub(super) fn initialiser(schema: &Schema, field: &Field) -> String {
    let name = ident(field);
    if is_text_key(field) {
        format!("{name}: {}Key::checked({name})", camel(&schema.name))
    } else {
        name
    }
}

fn decode(out: &mut String, schema: &Schema, record: &Record) {
    let (texts, behind) = (
        texts(record),
        record.texts().count() > 0 || record.labels().is_some(),
    );
    let _ = writeln!(
        out,
        "let {} = Self::read(bytes)?;",
        pattern(record, if behind { "fixed" } else { "item" })
    );
    if !texts.is_empty() {
        read_texts(out, record, &texts);
    }
    let size = record.size;
    let end = if texts.is_empty() {
        size.to_string()
    } else {
        "end".to_owned()
    };
    if let Some(labels) = record.labels() {
        let _ = writeln!(
            out,
            "let {} = Labels::parse(bytes, label_count, {end})?;",
            ident(labels)
        );
    } else if record.family == Family::Lookup {
        let expected = if texts.is_empty() {
            end.clone()
        } else {
            "end as u64".to_owned()
        };
        let _ = writeln!(
            out,
            "if {end} != bytes.len() {{\nlet found = bytes.len() as u64;\n\
             return Err(WireError::layout(\"item length\", {expected}, found));\n}}"
        );
    }
    if behind {
        out.push_str("let item = Self {\n");
        write_behind(out, schema, record);
        out.push_str("};\n");
    }
    if !rules_of(record).is_empty() {
        out.push_str("item.check()?;\n");
    }
    out.push_str("Ok(item)\n");
}

/// Reads what is as encoders write it, and gives no reasons.
fn usual(out: &mut String, schema: &Schema, record: &Record) {
    let names: Vec<String> = record.texts().map(ident).collect();
    let _ = writeln!(
        out,
        "/// What is written as encoders do. Whether and why anything else is accepted, `decode` knows.\n\
         #[inline]\nfn usual(bytes: &'a [u8]) -> Option<Self> {{\n\
         let {} = Self::read(bytes).ok()?;\n\
         let ([{}], end) = adjacent_strings(bytes, {}, spans)?;",
        pattern(record, "fixed"),
        names.join(", "),
        record.size
    );
    match record.labels() {
        Some(labels) => {
            let name = ident(labels);
            let _ = writeln!(
                out,
                "let {name} = Labels::adjacent(bytes, label_count, end)?;"
            );
        }
        None => out.push_str("if end != bytes.len() {\nreturn None;\n}\n"),
    }
    let ends = if rules_of(record).is_empty() {
        ("Some(Self {\n", "})\n}\n\n")
    } else {
        (
            "let item = Self {\n",
            "};\nitem.check().is_ok().then_some(item)\n}\n\n",
        )
    };
    out.push_str(ends.0);
    write_behind(out, schema, record);
    out.push_str(ends.1);
}

/// The texts and the labels of an item, and the rest of it.
fn write_behind(out: &mut String, schema: &Schema, record: &Record) {
    for field in record
        .named()
        .filter(|field| matches!(field.form, Type::Text | Type::Labels))
    {
        let _ = writeln!(out, "{},", initialiser(schema, field));
    }
    rest_of(out, record);
}

/// The fields that are not behind the fixed part, if there are any.
pub(super) fn rest_of(out: &mut String, record: &Record) {
    let fixed = |field: &Field| !matches!(field.form, Type::Text | Type::Labels);
    if record.named().any(fixed) {
        out.push_str("..fixed\n");
    }
}

fn read_texts(out: &mut String, record: &Record, texts: &[&Field]) {
    let size = record.size;
    let names: Vec<String> = texts.iter().map(|text| ident(text)).collect();
    if in_line(record) {
        let labels: Vec<&str> = texts.iter().map(|text| text.label()).collect();
        let used = if record.labels().is_some() || record.family == Family::Lookup {
            "end"
        } else {
            "_"
        };
        let _ = writeln!(
            out,
            "let ([{}], {used}) = strings(bytes, {size}, spans, \"{}\")?;",
            names.join(", "),
            labels.join(" or ")
        );
        return;
    }
    let spans: Vec<String> = (0..texts.len()).map(|nth| format!("span_{nth}")).collect();
    let _ = writeln!(out, "let [{}] = spans;", spans.join(", "));
    for (nth, text) in texts.iter().enumerate() {
        let (name, label) = (ident(text), text.label());
        if record.family == Family::Value {
            let (start, expected) = if nth == 0 {
                (size.to_string(), size.to_string())
            } else {
                let end = format!("span_{}.end()", nth - 1);
                (end.clone(), format!("{end} as u64"))
            };
            let _ = writeln!(
                out,
                "if span_{nth}.offset != {start} {{\nlet found = span_{nth}.offset as u64;\n\
                 return Err(WireError::layout(\"{label}\", {expected}, found));\n}}"
            );
        }
        let _ = writeln!(
            out,
            "let {name} = string(bytes, {size}, span_{nth}, \"{label}\")?;"
        );
    }
    check_texts(out, record, texts);
    if record.family == Family::Lookup {
        let ends = spans.iter().fold(size.to_string(), |end, span| {
            format!("{span}.end().max({end})")
        });
        let _ = writeln!(out, "let end = {ends};");
    }
}

/// Texts do not overlap, and hold no NUL unless they may.
fn check_texts(out: &mut String, record: &Record, texts: &[&Field]) {
    let pairs = (1..texts.len()).flat_map(|nth| (0..nth).map(move |other| (nth, other)));
    // Those of a value stand in their place.
    for (nth, other) in pairs.filter(|_| record.family != Family::Value) {
        let _ = writeln!(
            out,
            "if !span_{nth}.apart_from(span_{other}) {{\n\
             let (end, start) = (span_{other}.end() as u64, span_{nth}.offset as u64);\n\
             return Err(WireError::layout(\"{}\", end, start));\n}}",
            texts.get(nth).map_or("", |text| text.label())
        );
    }
    for text in texts
        .iter()
        .filter(|text| !text.nul && record.family != Family::Snapshot)
    {
        let (name, label) = (ident(text), text.label());
        let _ = writeln!(
            out,
            "if {name}.has_nul() {{\nreturn Err(WireError::layout(\"NUL in {label}\", 0, 1));\n}}"
        );
    }
}

fn view(out: &mut String, schema: &Schema, record: &Record) {
    let (texts, labels) = (texts(record), record.labels());
    if texts.is_empty() && labels.is_none() {
        out.push_str("Self::read(valid.bytes()).unwrap_or_default()\n");
        return;
    }
    if record.family == Family::Snapshot {
        out.push_str("Self::reread(valid.bytes()).unwrap_or_default()\n");
        return;
    }
    let _ = writeln!(
        out,
        "let {} = Self::read(valid.bytes()).unwrap_or_default();",
        pattern(record, "fixed")
    );
    let names: Vec<String> = texts.iter().map(|text| ident(text)).collect();
    if labels.is_some() {
        let mut end = record.size.to_string();
        if !texts.is_empty() {
            end = format!("spans.iter().fold({end}, |end, span| end.max(span.end()))");
        }
        let _ = writeln!(out, "let end = {end};");
    }
    if !texts.is_empty() {
        let _ = writeln!(
            out,
            "let [{}] = spans.map(|span| valid.text(span));",
            names.join(", ")
        );
    }
    out.push_str("Self {\n");
    for text in texts {
        let _ = writeln!(out, "{},", initialiser(schema, text));
    }
    if let Some(labels) = labels {
        let _ = writeln!(out, "{}: valid.labels(label_count, end),", ident(labels));
    }
    rest_of(out, record);
    out.push_str("}\n");
}

/// The fields in front that always say the same.
pub(super) fn constants(record: &Record) -> impl Iterator<Item = &Field> {
    record.fields.iter().take_while(|field| !field.has_value())
}

/// Ends a function that has checked the fields in front, and begins one for the others; returns how many those are.
fn pass_constants(out: &mut String, record: &Record, types: &str) -> usize {
    if record.family != Family::Snapshot {
        return 0;
    }
    for field in constants(record) {
        let _ = writeln!(out, "{}", expect(field));
    }
    let _ = writeln!(
        out,
        "Self::fields(r)\n}}\n\n/// What stands behind the numbers that are always the same.\n#[inline]\n\
         fn fields(mut r: Reader<'_>) -> Result<{types}, WireError> {{"
    );
    constants(record).count()
}

/// Reads the fixed part: numbers into the struct, where texts lie, and how many labels there are.
fn read(out: &mut String, schema: &Schema, record: &Record, part: &str) {
    let texts = texts(record);
    let mut types = vec!["Self".to_owned()];
    if !texts.is_empty() {
        types.push(format!("[Span; {}]", texts.len()));
    }
    if record.labels().is_some() {
        types.push("u16".to_owned());
    }
    let _ = writeln!(
        out,
        "/// The fixed part{}.\n#[inline]\nfn read(bytes: &[u8]) -> Result<{}, WireError> {{",
        if types.len() > 1 {
            ", and what tells where the rest lies"
        } else {
            ""
        },
        tuple(&types)
    );
    let record_of = format!(
        "Reader::record::<{}>(bytes, \"{} {part}\")?",
        length(part),
        schema.name
    );
    let _ = writeln!(out, "let mut r = {record_of};");
    let passed = pass_constants(out, record, &tuple(&types));
    let numbers = |field: &&Field| !matches!(field.form, Type::Text | Type::Labels);
    let mutable = if record.named().any(|field| numbers(&field)) {
        "mut "
    } else {
        ""
    };
    let _ = writeln!(out, "let {mutable}fixed = Self::UNSET;");
    let mut nth = 0;
    for field in record.fields.iter().skip(passed) {
        let _ = match (&field.form, field.has_value()) {
            (_, false) => writeln!(out, "{}", expect(field)),
            (Type::Text, _) => writeln!(out, "let span_{nth} = r.span(\"{}\")?;", field.label()),
            (Type::Labels, _) => writeln!(out, "let label_count = r.u16(\"{}\")?;", field.label()),
            _ => writeln!(out, "fixed.{} = {};", ident(field), take(field)),
        };
        nth += usize::from(field.form == Type::Text);
    }
    let mut parts = vec!["fixed".to_owned()];
    if !texts.is_empty() {
        let spans: Vec<String> = (0..texts.len()).map(|nth| format!("span_{nth}")).collect();
        parts.push(format!("[{}]", spans.join(", ")));
    }
    if record.labels().is_some() {
        parts.push("label_count".to_owned());
    }
    let _ = writeln!(out, "Ok({})\n}}", tuple(&parts));
}

/// The value of a field of fixed size, read by `r`.
pub(super) fn take(field: &Field) -> String {
    let (name, bits) = (field.label(), 8 * field.form.size());
    match &field.form {
        Type::Signed(_) => format!("r.u{bits}(\"{name}\")?.cast_signed()"),
        Type::Enum(names) => format!("{}(r.u{bits}(\"{name}\")?)", names.name),
        Type::Chars(_) => format!("r.chars(\"{name}\")?"),
        Type::Bytes(_) => format!("r.bytes(\"{name}\")?"),
        Type::Ip if field.key => {
            let none = format!("WireError::layout(\"{name}\", 16, 0)");
            format!(
                "match r.ip(\"{name}\")? {{ Some(address) => address, None => return Err({none}) }}"
            )
        }
        Type::Ip => format!("r.ip(\"{name}\")?"),
        _ => format!("r.u{bits}(\"{name}\")?"),
    }
}

/// Reads a field that always says the same.
pub(super) fn expect(field: &Field) -> String {
    let name = field.name.as_deref().unwrap_or("reserved");
    let (size, bits) = (field.form.size(), 8 * field.form.size());
    match (field.constant.unwrap_or(0), &field.form) {
        (0, _) if field.form != Type::Unsigned(2) => {
            format!("r.expect_zeros::<{size}>(\"{name}\")?;")
        }
        (constant, Type::Unsigned(2)) => format!("r.expect_u16({constant}, \"{name}\")?;"),
        (constant, _) => {
            let constant = number_of(field, constant);
            let unsigned = matches!(field.form, Type::Signed(_));
            let cast = if unsigned { ".cast_signed()" } else { "" };
            format!(
                "if r.u{bits}(\"{name}\")?{cast} != {constant} {{\n\
                 return Err(WireError::layout(\"{name}\", 0, 1));\n}}"
            )
        }
    }
}
