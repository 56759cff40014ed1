//! What a lookup is asked for.

use std::fmt::Write;

use super::super::names::camel;
use super::check::{rules_of_key, write_method};
use super::codec::{expect, take};
use super::encode::put;
use super::types::{declarations, ident, is_text_key, rust_type};
use crate::doc::sentences;
use crate::model::{Field, KeyForm, LookupKind, Schema, Type};

/// The key of a lookup, and the code that reads and writes it.
pub(super) fn write(out: &mut String, schema: &Schema, kind: &LookupKind) {
    let name = format!("{}Key", camel(&schema.name));
    match kind.form() {
        KeyForm::Text => text(out, kind, &name),
        KeyForm::Ip => ip(out, kind, &name),
        KeyForm::One | KeyForm::Several => fields(out, kind, &name),
    }
}

/// Whether the key borrows the bytes that it was read from.
pub(super) fn borrows(kind: &LookupKind) -> bool {
    kind.form() == KeyForm::Text
}

/// The key that an item has, as an expression.
pub(super) fn of_item(kind: &LookupKind, name: &str) -> String {
    match kind.alone() {
        Some(field) if is_text_key(field) => format!("self.{}", ident(field)),
        Some(field) => format!("{name}(self.{})", ident(field)),
        None => {
            let fields = kind.key.named().map(|field| {
                let field = ident(field);
                format!("{field}: self.{field}")
            });
            format!("{name} {{ {} }}", fields.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Fields of an item from its key `key`.
pub(super) fn into_item(kind: &LookupKind) -> String {
    let alone = kind.alone().is_some();
    let fields = kind.key.named().map(|of_key| {
        let field = ident(of_key);
        if is_text_key(of_key) {
            format!("{field}: key,\n")
        } else if alone {
            format!("{field}: key.0,\n")
        } else {
            format!("{field}: key.{field},\n")
        }
    });
    fields.collect()
}

/// Whether the key is a u32 and four bytes of zero.
fn is_number(kind: &LookupKind) -> bool {
    let [number, reserved] = &kind.key.fields[..] else {
        return false;
    };
    let plain = number.form == Type::Unsigned(4) && number.min.is_none() && number.max.is_none();
    plain && number.has_value() && reserved.name.is_none() && reserved.form.size() == 4
}

/// A key that the library has.
fn library(out: &mut String, field: &Field, name: &str, of_library: &str) {
    let about = sentences(field);
    let _ = write!(
        out,
        "\n/// {about}\npub use netipc::lookup::{of_library} as {name};\n"
    );
}

fn text(out: &mut String, kind: &LookupKind, name: &str) {
    let Some(field) = kind.alone() else { return };
    let least = field.min.unwrap_or(0);
    if least == 1 && field.max.is_none() {
        library(out, field, name, "TextKey");
        return;
    }
    let mut broken = vec!["view.has_nul()".to_owned()];
    if least == 1 {
        broken.push("view.is_empty()".to_owned());
    } else if least > 1 {
        broken.push(format!("view.len() < {least}"));
    }
    if let Some(max) = field.max {
        broken.push(format!("view.len() > {max}"));
    }
    let _ = write!(
        out,
        "\n/// {about}\n///\n/// Its bytes keep the rules of the schema: no NUL, and no other length.\n\
         #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]\npub struct {name}<'a>(CStrView<'a>);\n\
         \nimpl<'a> {name}<'a> {{\n/// A key to ask for, or to answer with.\n///\n/// # Errors\n\
         /// For bytes that cannot be one.\n#[inline]\n\
         pub fn new(bytes: &'a [u8]) -> Result<Self, WireError> {{\nlet view = CStrView::new(bytes);\n\
         if {broken} {{\nreturn Err(WireError::layout(\"{label}\", {least}, bytes.len() as u64));\n}}\n\
         Ok(Self(view))\n}}\n\n/// The bytes.\n#[must_use]\npub const fn as_bytes(self) -> &'a [u8] {{\n\
         self.0.as_bytes()\n}}\n\n/// As text.\n#[must_use]\npub const fn text(self) -> CStrView<'a> {{\nself.0\n}}\n\
         \n/// A text of an item that was looked at.\nconst fn checked(text: CStrView<'a>) -> Self {{\nSelf(text)\n}}\n}}\n\
         \nimpl<'a> TryFrom<&'a [u8]> for {name}<'a> {{\ntype Error = WireError;\n\
         \nfn try_from(bytes: &'a [u8]) -> Result<Self, WireError> {{\nSelf::new(bytes)\n}}\n}}\n\
         \nimpl<'a> TryFrom<&'a str> for {name}<'a> {{\ntype Error = WireError;\n\
         \nfn try_from(text: &'a str) -> Result<Self, WireError> {{\nSelf::new(text.as_bytes())\n}}\n}}\n\
         \nimpl std::fmt::Display for {name}<'_> {{\n\
         fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {{\nself.0.fmt(f)\n}}\n}}\n\
         \nimpl<'a> LookupKey<'a> for {name}<'a> {{\nconst MIN_LEN: usize = {shortest};\n}}\n\
         \nimpl<'a> Decode<'a> for {name}<'a> {{\n#[inline]\n\
         fn decode(bytes: &'a [u8]) -> Result<Self, WireError> {{\nlet len = bytes.len().saturating_sub(1);\n\
         let span = Span {{ offset: 0, len }};\nSelf::new(string(bytes, 0, span, \"{label}\")?.as_bytes())\n}}\n\
         \n#[inline]\nfn view(valid: Valid<'a, Self>) -> Self {{\nlet bytes = valid.bytes();\n\
         Self(CStrView::new(bytes.split_last().map_or(bytes, |(_, text)| text)))\n}}\n}}\n\
         \nimpl Encode for {name}<'_> {{\n#[inline]\nfn size(&self) -> usize {{\nself.0.len() + 1\n}}\n\
         \n#[inline]\nfn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {{\n\
         out.clean_text(self.0)\n}}\n}}\n",
        about = sentences(field),
        broken = broken.join(" || "),
        label = field.label(),
        shortest = kind.shortest(),
    );
}

fn ip(out: &mut String, kind: &LookupKind, name: &str) {
    let Some(field) = kind.alone() else { return };
    let label = field.label();
    let _ = write!(
        out,
        "\n/// {about}\n#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]\npub struct {name}(pub IpAddr);\n\
         \nimpl From<IpAddr> for {name} {{\nfn from(address: IpAddr) -> Self {{\nSelf(address)\n}}\n}}\n\
         \nimpl LookupKey<'_> for {name} {{\nconst MIN_LEN: usize = 4;\n}}\n\
         \nimpl Decode<'_> for {name} {{\n#[inline]\nfn decode(bytes: &[u8]) -> Result<Self, WireError> {{\n\
         if let Ok(v4) = <[u8; 4]>::try_from(bytes) {{\nreturn Ok(Self(v4.into()));\n}}\n\
         let v6 = <[u8; 16]>::try_from(bytes).map(IpAddr::from);\n\
         v6.map(Self).or(Err(WireError::layout(\"{label}\", 16, bytes.len() as u64)))\n}}\n}}\n\
         \nimpl Encode for {name} {{\n#[inline]\nfn size(&self) -> usize {{\n\
         if self.0.is_ipv4() {{ 4 }} else {{ 16 }}\n}}\n\
         \n#[inline]\nfn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {{\n\
         match self.0 {{\nIpAddr::V4(v4) => out.bytes(&v4.octets()),\nIpAddr::V6(v6) => out.bytes(&v6.octets()),\n}}\n\
         }}\n}}\n",
        about = sentences(field),
    );
}

fn fields(out: &mut String, kind: &LookupKind, name: &str) {
    let named: Vec<&Field> = kind.key.named().collect();
    let alone = kind.alone();
    if let Some(field) = alone.filter(|_| is_number(kind)) {
        library(out, field, name, "NumberKey");
        return;
    }
    key_struct(out, name, &named);
    let size = kind.key.size;
    let _ = write!(
        out,
        "\nimpl LookupKey<'_> for {name} {{\nconst MIN_LEN: usize = {size};\n}}\n\
         \nimpl Decode<'_> for {name} {{\n#[inline]\nfn decode(bytes: &[u8]) -> Result<Self, WireError> {{\n\
         if bytes.len() != {size} {{\nreturn Err(WireError::layout(\"key length\", {size}, bytes.len() as u64));\n}}\n\
         let mut r = Reader::new(bytes);\n"
    );
    for field in &kind.key.fields {
        let _ = if field.has_value() {
            writeln!(out, "let {} = {};", ident(field), take(field))
        } else {
            writeln!(out, "{}", expect(field))
        };
    }
    let made = construct(&named, alone.is_some());
    let rules = rules_of_key(&named, alone.is_some());
    let _ = if rules.is_empty() {
        write!(out, "Ok({made})\n}}\n}}\n")
    } else {
        write!(out, "let key = {made};\nkey.check()?;\nOk(key)\n}}\n}}\n")
    };
    let _ = write!(
        out,
        "\nimpl Encode for {name} {{\n#[inline]\nfn size(&self) -> usize {{\n{size}\n}}\n\
         \n#[inline]\nfn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {{\n{checked}\
         out.record::<{size}>(|fields| fields{})\n}}\n}}\n",
        kind.key
            .fields
            .iter()
            .map(|field| value_of_key(&put(field, 0), field, alone.is_some()))
            .collect::<String>(),
        checked = if rules.is_empty() {
            ""
        } else {
            "self.check()?;\n"
        }
    );
    write_method(out, name, "", &rules);
}

/// The struct of a key: of one field a tuple struct.
fn key_struct(out: &mut String, name: &str, named: &[&Field]) {
    const DERIVE: &str = "#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]";
    if let [field] = named {
        let form = rust_type(field);
        let _ = write!(
            out,
            "\n/// {about}\n{DERIVE}\npub struct {name}(pub {form});\n\
             \nimpl From<{form}> for {name} {{\nfn from(value: {form}) -> Self {{\nSelf(value)\n}}\n}}\n",
            about = sentences(field),
        );
        return;
    }
    let _ = writeln!(
        out,
        "\n/// What is looked up.\n{DERIVE}\npub struct {name} {{"
    );
    out.push_str(&declarations(named.iter().copied()));
    out.push_str("}\n");
}

/// The key of a single field is a tuple struct.
fn value_of_key(text: &str, field: &Field, alone: bool) -> String {
    if alone && field.has_value() {
        text.replace(&format!("self.{}", ident(field)), "self.0")
    } else {
        text.to_owned()
    }
}

fn construct(named: &[&Field], alone: bool) -> String {
    let fields: Vec<String> = named.iter().map(|field| ident(field)).collect();
    if alone {
        format!("Self({})", fields.join(", "))
    } else {
        format!("Self {{ {} }}", fields.join(", "))
    }
}

/// What callers pass for a key.
pub(super) fn argument(kind: &LookupKind, name: &str) -> String {
    match (kind.form(), kind.alone()) {
        (KeyForm::Text, _) => "&'k [u8]".to_owned(),
        (KeyForm::Ip, _) => "IpAddr".to_owned(),
        (KeyForm::One, Some(field)) if !matches!(field.form, Type::Text) => rust_type(field),
        _ => name.to_owned(),
    }
}
