//! Items of a snapshot that a cache reads again and again: nothing is checked but that no text ends behind them, and what
//! is always the same is passed over.

use std::fmt::Write;

use super::codec::{constants, pattern, rest_of};
use super::types::ident;
use crate::model::{Family, Record};

/// The method for it, where there are texts.
pub(super) fn write(out: &mut String, record: &Record) {
    let texts: Vec<String> = record.texts().map(ident).collect();
    if record.family != Family::Snapshot || texts.is_empty() {
        return;
    }
    let passed: usize = constants(record).map(|field| field.form.size()).sum();
    let _ = write!(
        out,
        "\n/// As `read`, of bytes that were decoded before.\n#[inline]\n\
         fn reread(bytes: &'a [u8]) -> Option<Self> {{\n\
         let record = bytes.first_chunk::<{}>()?.get({passed}..)?;\n\
         let {} = Self::fields(Reader::new(record)).ok()?;\n\
         let text = |span: Span| bytes.get(span.offset..span.offset.saturating_add(span.len));\n\
         let [{}] = spans;\nSome(Self {{\n",
        record.size,
        pattern(record, "fixed"),
        texts.join(", "),
    );
    for text in texts {
        let _ = writeln!(out, "{text}: CStrView::new(text({text})?),");
    }
    rest_of(out, record);
    out.push_str("})\n}\n");
}
