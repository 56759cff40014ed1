//! The page of a service: what it is for, a picture of its bytes, its fields, rules and names, and
//! how its messages stand in JSON.

use std::fmt::Write;

use crate::codec::Way;
use crate::document::Style;
use crate::model::{Field, KeyForm, Kind, Named, Record, Schema, Type};

/// Characters of a line of a picture.
const WIDTH: usize = 96;

/// The page, in Markdown.
#[must_use]
pub fn page(schema: &Schema) -> String {
    let mut out = format!("# `{}`\n\n{}\n\n", schema.name, schema.about);
    let _ = writeln!(out, "| | |\n| --- | --- |");
    let _ = writeln!(out, "| method | {0} ({0:#06x}) |", schema.method);
    let _ = writeln!(out, "| kind | {} |", kind(schema));
    if let Some(layout) = schema.layout {
        let _ = writeln!(out, "| layout | {layout} |");
    }
    if let Some(cache) = cache(schema) {
        let _ = writeln!(out, "| cache | {cache} |");
    }
    out.push_str(
        "\nNumbers are little-endian, at a multiple of their size. A text is a u32 offset from the start of its \
         item and a u32\nlength without the NUL that ends it. Offsets in a directory count from its end; items and \
         keys stand at multiples of 8.\n",
    );
    for (part, record) in schema.parts() {
        section(&mut out, schema, part, record);
    }
    names(&mut out, schema);
    json(&mut out, schema);
    out
}

fn kind(schema: &Schema) -> &'static str {
    match &schema.kind {
        Kind::Value(kind) if kind.batches => {
            "value: one record in, one out; one message may carry several requests"
        }
        Kind::Value(_) => "value: one record in, one out",
        Kind::Snapshot(_) => "snapshot: nothing in, a header and all items out",
        Kind::Lookup(_) => "lookup: keys in, an item for each out, in their order",
    }
}

fn cache(schema: &Schema) -> Option<String> {
    match &schema.kind {
        Kind::Snapshot(kind) if !kind.cache.is_empty() => {
            let names = kind.cache.iter().map(|name| format!("`{name}`"));
            Some(format!(
                "finds items by {}",
                names.collect::<Vec<_>>().join(" and ")
            ))
        }
        Kind::Lookup(kind) if kind.cached => Some("finds items by their key".to_owned()),
        _ => None,
    }
}

fn section(out: &mut String, schema: &Schema, part: &str, record: &Record) {
    let list = match (&schema.kind, part) {
        (Kind::Lookup(_), "request") => Some("key"),
        (Kind::Lookup(_) | Kind::Snapshot(_), "response") => Some("item"),
        _ => None,
    };
    let mut title = part.to_owned();
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let _ = writeln!(out, "\n## {title}\n");
    if !record.about.is_empty() {
        let _ = writeln!(out, "{}\n", record.about);
    }
    let form = match &schema.kind {
        Kind::Lookup(kind) if part == "key" => Some(kind.form()),
        _ => None,
    };
    let picture = if list.is_some() {
        picture(record, list)
    } else {
        part_picture(schema, part, record)
    };
    let _ = writeln!(out, "```text\n{picture}```\n");
    out.push_str("| byte | field | type | meaning |\n| --- | --- | --- | --- |\n");
    for field in &record.fields {
        out.push_str(&row(field, form));
    }
    if let Some(of) = list {
        let _ = writeln!(
            out,
            "| {} | | | directory: u32 offset and u32 length of each {of}, then each {of} |",
            record.size
        );
    }
    rules(out, schema, record);
}

/// Pictures of the parts that are not the same for all services, as lines of a comment: `line` gets the name
/// of a part, and then each line of its picture, further in.
pub(crate) fn pictures(
    schema: &Schema,
    parts: &[(&'static str, &Record)],
    mut line: impl FnMut(&str),
) {
    for (part, record) in parts {
        let same_for_all = matches!(
            (&schema.kind, *part),
            (Kind::Snapshot(_) | Kind::Lookup(_), "request" | "response")
        );
        if same_for_all {
            continue;
        }
        line(part);
        for drawn in part_picture(schema, part, record).lines() {
            line(&format!("  {drawn}"));
        }
    }
}

/// The picture of a part that is no list.
pub(crate) fn part_picture(schema: &Schema, part: &str, record: &Record) -> String {
    match &schema.kind {
        Kind::Lookup(kind) if part == "key" => match kind.form() {
            KeyForm::Text => "the bytes of the text, NUL\n".to_owned(),
            KeyForm::Ip => "4 bytes of an IPv4 or 16 bytes of an IPv6 address\n".to_owned(),
            KeyForm::One | KeyForm::Several => picture(record, None),
        },
        _ => picture(record, None),
    }
}

fn row(field: &Field, form: Option<KeyForm>) -> String {
    let byte = match form {
        Some(KeyForm::Text | KeyForm::Ip) => "0".to_owned(),
        _ => field.offset.to_string(),
    };
    let name = match &field.name {
        Some(name) => format!("`{name}`"),
        None => String::new(),
    };
    let meaning = sentences(field);
    format!("| {byte} | {name} | {} | {meaning} |\n", field.form.word())
}

/// What a field means, in sentences.
pub(crate) fn sentences(field: &Field) -> String {
    let mut said: Vec<String> = Vec::new();
    let own = match field.label() {
        "" => "Zero.",
        "layout" if field.constant.is_some() => "The layout number.",
        "item_count" if field.about.is_empty() => "How many follow.",
        "generation" if field.about.is_empty() => "Another number says that the data is another.",
        _ => "",
    };
    said.push(if field.about.is_empty() {
        own.to_owned()
    } else {
        field.about.clone()
    });
    if let Some(unit) = &field.unit {
        said.push(format!("In {unit}."));
    }
    let bytes = |number| match (&field.form, number) {
        (Type::Text, 1) => " byte",
        (Type::Text, _) => " bytes",
        _ => "",
    };
    match (field.min, field.max) {
        (Some(min), Some(max)) => said.push(format!("{min} to {max}{}.", bytes(max))),
        (Some(min), None) => said.push(format!("At least {min}{}.", bytes(min))),
        (None, Some(max)) => said.push(format!("At most {max}{}.", bytes(max))),
        (None, None) => {}
    }
    if let Some(constant) = field.constant {
        said.push(format!("Always {constant}."));
    }
    if field.unset != 0 {
        said.push(format!("{} is not set.", field.unset));
    }
    if field.nul {
        said.push("May hold NULs.".to_owned());
    }
    said.retain(|sentence| !sentence.is_empty());
    said.join(" ")
}

/// What a picture shows of a field.
fn drawn(field: &Field) -> String {
    match (&field.name, &field.form) {
        (None, _) => "0".to_owned(),
        (Some(name), Type::Text) => format!("{name} span"),
        (Some(name), Type::Labels) => format!("{name} count"),
        (Some(name), _) => name.clone(),
    }
}

/// Where each field begins, and its name below.
fn picture(record: &Record, list: Option<&str>) -> String {
    let fields = record.fields.iter();
    let mut columns: Vec<(String, String)> = fields
        .map(|field| (field.offset.to_string(), drawn(field)))
        .collect();
    if let Some(of) = list {
        columns.push((record.size.to_string(), "offset length ..".to_owned()));
        columns.push((
            format!("{} + 8 n", record.size),
            format!("{of} .. gap to 8 .."),
        ));
    } else {
        let texts = record.texts().map(|text| format!("{} NUL", text.label()));
        let mut behind: Vec<String> = texts.collect();
        if record.labels().is_some() {
            behind.push("gap to 8, spans of labels, key NUL value NUL ..".to_owned());
        }
        columns.push((record.size.to_string(), behind.join(" ")));
    }
    let (mut out, mut places, mut names) = (String::new(), String::new(), String::new());
    for (place, name) in columns {
        let width = place.len().max(name.len()) + 2;
        if !places.is_empty() && places.len() + width > WIDTH {
            let _ = write!(out, "{}\n{}\n\n", places.trim_end(), names.trim_end());
            places.clear();
            names.clear();
        }
        let _ = write!(places, "{place:width$}");
        let _ = write!(names, "{name:width$}");
    }
    let _ = write!(out, "{}\n{}\n", places.trim_end(), names.trim_end());
    out
}

fn rules(out: &mut String, schema: &Schema, record: &Record) {
    let lookup = matches!(schema.kind, Kind::Lookup(_));
    if lookup && record.position("status").is_some() {
        out.push_str("\nWith any `status` but `known`, all fields but the key are not set.\n");
    }
    if record.rules.is_empty() {
        return;
    }
    out.push_str("\n| value | set | not set |\n| --- | --- | --- |\n");
    let list = |names: &[String]| {
        let names = names.iter().map(|name| format!("`{name}`"));
        names.collect::<Vec<_>>().join(", ")
    };
    for rule in &record.rules {
        let field = record.named().find(|field| field.is(&rule.field));
        let value = match field.map(|field| &field.form) {
            Some(Type::Enum(names)) => names.name_of(rule.value).unwrap_or_default(),
            _ => "",
        };
        let _ = writeln!(
            out,
            "| `{}` is `{value}` | {} | {} |",
            rule.field,
            list(&rule.set),
            list(&rule.unset)
        );
    }
}

fn names(out: &mut String, schema: &Schema) {
    for names in &schema.enums {
        let more = if names.open {
            "Numbers without a name are kept."
        } else {
            "Any other number is refused."
        };
        let _ = writeln!(out, "\n## {}\n\n{} {more}\n", names.name, names.about);
        table(out, "value", &names.values);
    }
    for names in &schema.flags {
        let more = "Bits without a name are kept.";
        let _ = writeln!(out, "\n## {}\n\n{} {more}\n", names.name, names.about);
        table(out, "bit", &names.bits);
    }
}

fn table(out: &mut String, word: &str, named: &[Named]) {
    let _ = writeln!(out, "| {word} | name | meaning |\n| --- | --- | --- |");
    for Named {
        name,
        number,
        about,
    } in named
    {
        let about = match (name.as_str(), about.as_str()) {
            ("payload-exceeded", "") => "There was no room: clients ask again by themselves.",
            ("oversized-item", "") => "No answer within the agreed limits can hold the item.",
            (_, about) => about,
        };
        let _ = writeln!(out, "| {number} | `{name}` | {about} |");
    }
}

fn json(out: &mut String, schema: &Schema) {
    out.push_str("\n## JSON\n\n`netipc call --json` prints responses like this, and `netipc serve --data` reads them:\n");
    for way in [Way::Request, Way::Response] {
        let message = schema.sample(way);
        let json = schema.to_json(way, &message, Style::Names);
        let json = serde_json::to_string_pretty(&json).unwrap_or_default();
        let _ = writeln!(out, "\nA {way}:\n\n```json\n{json}\n```");
    }
}
