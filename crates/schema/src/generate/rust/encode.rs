//! Bytes from structs.

use std::fmt::Write;

use super::check::rules_of;
use super::codec::{length, texts};
use super::types::{ident, is_text_key, text_of};
use crate::model::{Field, Record, Type};

pub(super) fn size(out: &mut String, record: &Record, part: &str) {
    let mut terms = vec![length(part)];
    terms.extend(
        record
            .texts()
            .map(|text| format!("{}.len() + 1", text_of(text))),
    );
    let sum = terms.join(" + ");
    let _ = match record.labels() {
        Some(labels) => writeln!(out, "self.{}.end_after({sum})", ident(labels)),
        None => writeln!(out, "{sum}"),
    };
}

pub(super) fn encode(out: &mut String, record: &Record, part: &str) {
    if !rules_of(record).is_empty() {
        out.push_str("self.check()?;\n");
    }
    let texts = texts(record);
    if !texts.is_empty() {
        let spans: Vec<String> = (0..texts.len()).map(|nth| format!("span_{nth}")).collect();
        let values: Vec<String> = texts.iter().map(|text| text_of(text)).collect();
        let _ = writeln!(
            out,
            "let [{}] = lay_out({}, [{}]);",
            spans.join(", "),
            length(part),
            values.join(", ")
        );
    }
    if let Some(labels) = record.labels() {
        let _ = writeln!(out, "let label_count = self.{}.count()?;", ident(labels));
    }
    let mut fields = String::new();
    let mut nth = 0;
    for field in &record.fields {
        fields.push_str(&put(field, nth));
        nth += usize::from(field.form == Type::Text);
    }
    let record_of = format!("out.record::<{}>(|fields| fields{fields})", length(part));
    let behind = !texts.is_empty() || record.labels().is_some();
    let _ = writeln!(out, "{record_of}{}", if behind { "?;" } else { "" });
    let last = record
        .labels()
        .is_none()
        .then_some(texts.len().wrapping_sub(1));
    for (nth, text) in texts.iter().enumerate() {
        let end = if last == Some(nth) { "\n" } else { "?;\n" };
        let value = text_of(text);
        let _ = if text.nul || is_text_key(text) {
            write!(out, "out.clean_text({value}){end}")
        } else {
            write!(out, "out.text({value}, \"{}\"){end}", text.label())
        };
    }
    if let Some(labels) = record.labels() {
        let _ = writeln!(out, "self.{}.encode(out)", ident(labels));
    }
}

/// The call that adds a field of the fixed part; `nth` is the number of a text.
pub(super) fn put(field: &Field, nth: usize) -> String {
    let value = format!("self.{}", ident(field));
    let bits = 8 * field.form.size();
    let Some(constant) = field.constant.or(field.name.is_none().then_some(0)) else {
        return match &field.form {
            Type::Unsigned(_) | Type::Flags(_) => format!(".u{bits}({value})"),
            Type::Signed(_) => format!(".u{bits}({value}.cast_unsigned())"),
            Type::Enum(_) => format!(".u{bits}({value}.0)"),
            Type::Chars(_) | Type::Bytes(_) => format!(".bytes({value})"),
            Type::Ip if field.key => format!(".ip(Some({value}))"),
            Type::Ip => format!(".ip({value})"),
            Type::Text => format!(".span(span_{nth})"),
            Type::Labels => ".u16(label_count)".to_owned(),
        };
    };
    match &field.form {
        Type::Chars(size) | Type::Bytes(size) => format!(".bytes([0; {size}])"),
        Type::Signed(_) => format!(".u{bits}({constant}_i{bits}.cast_unsigned())"),
        _ => format!(".u{bits}({constant})"),
    }
}
