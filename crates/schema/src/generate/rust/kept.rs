//! What an enricher asks of the items of a lookup: what they say of their keys, and how copies share texts.

use std::fmt::Write;

use super::codec::initialiser;
use super::types::{ident, number_of};
use crate::model::{Field, LookupKind, Schema, Type};

/// The end of a value's name that says: not known yet.
const LATER: &str = "retry-later";
/// The end of a status' name that says: never known.
const NEVER: &str = "permanent";
/// The field that tells one owner of a key from another.
const IDENTITY: &str = "starttime";

/// The functions of `LookupItem` that have another default.
pub(super) fn write(out: &mut String, schema: &Schema, kind: &LookupKind, life: &str) {
    verdict(out, kind);
    if let Some(field) = kind
        .item
        .named()
        .find(|field| field.is(IDENTITY) && field.form == Type::Unsigned(8))
    {
        let name = ident(field);
        let _ = write!(
            out,
            "\n#[inline]\nfn identity(&self) -> u64 {{\nself.{name}\n}}\n"
        );
    }
    if kind.item.texts().next().is_some() || kind.item.labels().is_some() {
        parts(out, schema, kind, life);
    }
}

/// The numbers of an enum whose names end so.
fn ending<'f>(field: &'f Field, end: &'static str) -> impl Iterator<Item = String> + 'f {
    let values = match &field.form {
        Type::Enum(names) => &names.values[..],
        _ => &[],
    };
    let wanted = values.iter().filter(move |value| value.name.ends_with(end));
    wanted.map(|value| number_of(field, value.number.into()))
}

fn verdict(out: &mut String, kind: &LookupKind) {
    let Some(status) = kind.item.named().next() else {
        return;
    };
    let never: Vec<String> = ending(status, NEVER).collect();
    let later: Vec<String> = kind
        .item
        .named()
        .skip(1)
        .filter(|field| !field.key)
        .flat_map(|field| {
            ending(field, LATER).map(move |number| format!("self.{} == {number}", ident(field)))
        })
        .collect();
    if never.is_empty() && later.is_empty() {
        return;
    }
    let mut arms = String::new();
    if !later.is_empty() {
        let known = number_of(status, 0);
        let later = later.join(" || ");
        let _ = writeln!(
            arms,
            "{known} if {later} => netipc::lookup::Verdict::Provisional,"
        );
    }
    if !never.is_empty() {
        let never = never.join(" | ");
        let _ = writeln!(arms, "{never} => netipc::lookup::Verdict::ForGood,");
    }
    let _ = write!(
        out,
        "\n#[inline]\nfn verdict(&self) -> netipc::lookup::Verdict {{\nmatch self.status {{\n{arms}\
         status => netipc::lookup::Verdict::of_status(status.0, Self::OVERSIZED),\n}}\n}}\n"
    );
}

/// Taking an item apart, and putting it together.
fn parts(out: &mut String, schema: &Schema, kind: &LookupKind, life: &str) {
    let texts: Vec<&Field> = kind.item.texts().collect();
    let (mut given, mut taken, mut fields) = (String::new(), String::new(), String::new());
    for field in &texts {
        let name = ident(field);
        let view = if field.key { ".text()" } else { "" };
        let _ = writeln!(given, "text(self.{name}{view});");
        let _ = writeln!(taken, "let {name} = given_text();");
        let _ = writeln!(fields, "{},", initialiser(schema, field));
    }
    let labels = match kind.item.labels() {
        Some(field) => {
            let name = ident(field);
            let _ = writeln!(fields, "{name}: given_labels,");
            format!("self.{name}")
        }
        None => "Labels::NONE".to_owned(),
    };
    let unused = |is_used: bool| if is_used { "" } else { "_" };
    let (no_text, no_labels) = (
        unused(!texts.is_empty()),
        unused(kind.item.labels().is_some()),
    );
    let _ = write!(
        out,
        "\nconst TEXTS: Option<usize> = Some({});\n\
         \nfn take_apart(&self, {no_text}text: &mut dyn FnMut(CStrView<{life}>)) -> Labels<{life}> {{\n{given}{labels}\n}}\n\
         \n#[inline(always)]\nfn put_together(\nfixed: &{life} [u8],\n{}{no_text}given_text: impl FnMut() -> CStrView<{life}>,\n\
         {no_labels}given_labels: Labels<{life}>,\n) -> Option<Self> {{\n\
         let (fixed, ..) = Self::read(fixed).ok()?;\n{taken}Some(Self {{\n{fields}..fixed\n}})\n}}\n",
        texts.len(),
        if texts.is_empty() { "" } else { "mut " },
    );
}
