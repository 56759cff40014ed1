//! The rules that tie values to their types, and to one another.

use std::fmt::Write;

use super::names::{Go, local};
use super::types::{array, enum_constant, go_name};
use super::words::{get, get_number};
use crate::generate::names::rule_in_words;
use crate::model::{Enum, Family, Field, Record, Type};

/// Where the values are that rules look at.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Values {
    /// In fields of `v`.
    Struct,
    /// In local variables, read from bytes that were looked at field by field.
    Locals,
}

impl Values {
    fn of(self, field: &Field) -> String {
        match self {
            Self::Struct => format!("v.{}", go_name(field)),
            Self::Locals => local(field),
        }
    }

    /// The bytes of a text, or the number of labels.
    fn len(self, field: &Field) -> String {
        let value = self.of(field);
        match (self, &field.form) {
            (Self::Struct, _) => value + ".Len()",
            (Self::Locals, Type::Labels) => value,
            (Self::Locals, _) => value + ".Len",
        }
    }

    /// Whether a field is set, or whether it is not, as a condition.
    fn is_set(self, field: &Field, set: bool) -> String {
        let value = self.of(field);
        let compare = if set { "!=" } else { "==" };
        match (&field.form, self) {
            (Type::Text | Type::Labels, _) => format!("{} {compare} 0", self.len(field)),
            (Type::Ip, Self::Locals) => format!("{value} {compare} 0"),
            (Type::Ip, Self::Struct) if set => format!("{value}.IsValid()"),
            (Type::Ip, Self::Struct) => format!("!{value}.IsValid()"),
            (Type::Chars(_) | Type::Bytes(_), _) => {
                format!("{value} {compare} ({}{{}})", array(field))
            }
            _ => format!("{value} {compare} {}", field.unset),
        }
    }
}

/// The rules of a record as statements that return an error; nothing where there are none.
pub(super) fn of_record(go: &Go<'_>, record: &Record, values: Values) -> String {
    let mut body = String::new();
    for field in record.named() {
        type_of(go, &mut body, field, values);
    }
    let lookup = record.family == Family::Lookup;
    for field in record.named().filter(|field| lookup && field.key) {
        bounds(&mut body, field, values);
    }
    let mut known = String::new();
    for field in record.named().filter(|field| !lookup || !field.key) {
        bounds(&mut known, field, values);
    }
    matrix(go, &mut known, record, values);
    if lookup {
        let set: Vec<String> = record
            .named()
            .filter(|field| !field.key && !field.is("status"))
            .map(|field| values.is_set(field, true))
            .collect();
        if let (Some(status), false) = (record.named().next(), set.is_empty()) {
            let status = values.of(status);
            let _ = writeln!(
                body,
                "if {status} != 0 {{\nif {} {{\n\
                 return protocol.NewRuleError(\"status\", \"only known items have data\", uint64({status}))\n}}\n\
                 return nil\n}}",
                set.join(" ||\n")
            );
        }
    }
    body + &known
}

/// The rules of fixed fields alone: of a header, or of a key.
pub(super) fn of_fields(go: &Go<'_>, record: &Record) -> String {
    let mut body = String::new();
    for field in record.named() {
        type_of(go, &mut body, field, Values::Struct);
        bounds(&mut body, field, Values::Struct);
    }
    body
}

/// The local variables that `rules` look at, read from `b`; texts have theirs.
pub(super) fn locals(go: &Go<'_>, record: &Record, rules: &str) -> String {
    let mut out = String::new();
    for field in record.named().filter(|field| field.form != Type::Text) {
        let name = local(field);
        if !mentions(rules, &name) {
            continue;
        }
        let value = match field.form {
            Type::Ip => get_number(2, field.offset, "b"),
            Type::Labels => continue,
            _ => get(go, field, "b"),
        };
        let _ = writeln!(out, "{name} := {value}");
    }
    out
}

/// Whether the text has that word in it.
pub(super) fn mentions(text: &str, word: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '"';
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let behind = text
            .get(at + word.len()..)
            .and_then(|text| text.chars().next());
        !before.is_some_and(|letter| is_part(letter) || letter == '.')
            && !behind.is_some_and(is_part)
    })
}

/// What is wrong with a number of a closed enum.
const NO_NAME: &str = "not one of its values";

fn refuse(body: &mut String, condition: &str, label: &str, rule: &str, found: &str) {
    let _ = writeln!(
        body,
        "if {condition} {{\nreturn protocol.NewRuleError(\"{label}\", \"{rule}\", {found})\n}}"
    );
}

/// A closed enum has only values with a name, a text of fixed size zeros behind it, a key an address.
fn type_of(go: &Go<'_>, body: &mut String, field: &Field, values: Values) {
    let value = values.of(field);
    let read = values == Values::Locals;
    match &field.form {
        Type::Enum(names) if !names.open => closed(go, body, field, names, &value),
        // Where they are read, those two are looked at before.
        Type::Chars(_) if !read => refuse(
            body,
            &format!("!protocol.IsPadded({value}[:])"),
            &format!("padding of {}", field.label()),
            "zeros are expected",
            "1",
        ),
        Type::Ip if field.key && !read => {
            refuse(
                body,
                &format!("!{value}.IsValid()"),
                field.label(),
                "a key needs one",
                "0",
            );
        }
        _ => {}
    }
}

fn closed(go: &Go<'_>, body: &mut String, field: &Field, names: &Enum, value: &str) {
    let label = field.label();
    let last = names.last_in_a_row();
    let last = last.and_then(|last| names.name_of(last));
    if let Some(last) = last {
        let most = enum_constant(go, names, last);
        refuse(
            body,
            &format!("{value} > {most}"),
            label,
            NO_NAME,
            &format!("uint64({value})"),
        );
        return;
    }
    let cases: Vec<String> = names
        .values
        .iter()
        .map(|value| enum_constant(go, names, &value.name))
        .collect();
    let _ = writeln!(
        body,
        "switch {value} {{\ncase {}:\ndefault:\n\
         return protocol.NewRuleError(\"{label}\", \"{NO_NAME}\", uint64({value}))\n}}",
        cases.join(", ")
    );
}

/// `min` and `max`.
fn bounds(body: &mut String, field: &Field, values: Values) {
    let text = field.form == Type::Text;
    let (size, least, most) = if text {
        (values.len(field), 0, i128::MAX)
    } else {
        let (least, most) = field.form.range();
        (values.of(field), least, most)
    };
    let label = if text {
        format!("{} length", field.label())
    } else {
        field.label().to_owned()
    };
    // Numbers below zero have no place in an error.
    let signed = matches!(field.form, Type::Signed(_));
    let mut broken = |condition: String, bound: i128| {
        let (bound, found) = if signed {
            (0, "1".to_owned())
        } else {
            (bound, format!("uint64({size})"))
        };
        let _ = writeln!(
            body,
            "if {condition} {{\nreturn protocol.NewWireError(protocol.ErrBadLayout, \"{label}\", {bound}, {found})\n}}"
        );
    };
    if let Some(min) = field.min.filter(|min| *min > least) {
        if text && min == 1 {
            broken(format!("{size} == 0"), min);
        } else {
            broken(format!("{size} < {min}"), min);
        }
    }
    if let Some(max) = field.max.filter(|max| *max < most) {
        broken(format!("{size} > {max}"), max);
    }
}

/// What the values of an enum demand of other fields.
fn matrix(go: &Go<'_>, body: &mut String, record: &Record, values: Values) {
    let find = |name: &String| record.named().find(|field| field.is(name));
    for rule in &record.rules {
        let Some(subject) = find(&rule.field) else {
            continue;
        };
        let other = |name, set| find(name).map(|field| values.is_set(field, set));
        let set = rule.set.iter().filter_map(|name| other(name, false));
        let unset = rule.unset.iter().filter_map(|name| other(name, true));
        let broken: Vec<String> = set.chain(unset).collect();
        let Type::Enum(names) = &subject.form else {
            continue;
        };
        let constant = names.name_of(rule.value).map_or_else(
            || rule.value.to_string(),
            |name| enum_constant(go, names, name),
        );
        let value = values.of(subject);
        let either = match broken.as_slice() {
            [] => continue,
            [one] => one.clone(),
            _ => format!("({})", broken.join(" || ")),
        };
        refuse(
            body,
            &format!("{value} == {constant} && {either}"),
            &rule.field,
            &rule_in_words(rule, names),
            &format!("uint64({value})"),
        );
    }
}
