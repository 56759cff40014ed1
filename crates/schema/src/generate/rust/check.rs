//! The rules that tie the fields of a record to their types, and to one another.

use std::fmt::Write;

use super::codec::ALWAYS;
use super::types::{ident, number_of, text_of, unset};
use super::{alone, borrows, struct_name};
use crate::generate::names::rule_in_words;
use crate::model::{Family, Field, Record, Schema, Type};

/// `check`, which readers and writers ask where there are rules.
pub(super) fn write(out: &mut String, schema: &Schema, part: &str, record: &Record) {
    let generic = if borrows(record) { "<'_>" } else { "" };
    let mut rules = rules_of(record);
    if let Some(field) = alone(record) {
        rules = rules.replace(&format!("self.{}", ident(field)), "self.0");
    }
    let mut method = String::new();
    let name = struct_name(schema, part);
    write_method(&mut method, &name, generic, &rules);
    let reasons = reasons_of(record);
    if !reasons.is_empty() {
        let _ = write!(method, "\nimpl {name}{generic} {{\n{reasons}}}\n");
    }
    let data = data_of(record);
    if record.family == Family::Lookup && !data.is_empty() {
        let _ = write!(
            method,
            "\nimpl {name}{generic} {{\n/// Whether more is set than key and status.\n#[inline]\n\
             fn has_data(&self) -> bool {{\n{data}\n}}\n}}\n"
        );
    }
    if record.family == Family::Lookup {
        method = method.replace("#[inline]", ALWAYS);
    }
    out.push_str(&method);
}

/// Whether a field is set that is neither the status nor of the key. Field by field, so that items need not be in
/// memory for it, and keys are not compared.
fn data_of(record: &Record) -> String {
    let rest = record.named().skip(1).filter(|field| !field.key);
    let set: Vec<String> = rest.map(|field| is_set(field, true)).collect();
    set.join(" || ")
}

/// The rules of a record, as statements; nothing where every value is allowed.
pub(super) fn rules_of(record: &Record) -> String {
    let mut body = String::new();
    for field in record.named() {
        named(&mut body, field);
        padded(&mut body, field);
    }
    let lookup = record.family == Family::Lookup;
    for field in record.named().filter(|field| lookup && field.key) {
        bounds(&mut body, field);
    }
    let mut known = String::new();
    for field in record.named().filter(|field| !lookup || !field.key) {
        bounds(&mut known, field);
    }
    rules(&mut known, record);
    if let Some(status) = record.named().next().filter(|_| lookup) {
        let (status, known_status) = (ident(status), number_of(status, 0));
        let data = data_of(record);
        let refused = format!(
            "return Err(WireError::rule(\"status: only known items have data\", self.{status}.0.into()));\n"
        );
        let _ = match (data.is_empty(), known.is_empty()) {
            (true, true) => Ok(()),
            (false, true) => writeln!(
                body,
                "if self.{status} != {known_status} && self.has_data() {{\n{refused}}}"
            ),
            (true, false) => writeln!(
                body,
                "if self.{status} != {known_status} {{\nreturn Ok(());\n}}"
            ),
            (false, false) => writeln!(
                body,
                "if self.{status} != {known_status} {{\nif self.has_data() {{\n{refused}}}\nreturn Ok(());\n}}"
            ),
        };
    }
    body + &known
}

/// The rules of fixed fields alone: of a header, or of a key, which is a tuple struct where there is only one.
pub(super) fn rules_of_key(fields: &[&Field], alone: bool) -> String {
    let mut body = String::new();
    for field in fields {
        named(&mut body, field);
        padded(&mut body, field);
        bounds(&mut body, field);
        if alone {
            body = body.replace(&format!("self.{}", ident(field)), "self.0");
        }
    }
    body
}

/// The method for rules, if there are any.
pub(super) fn write_method(out: &mut String, name: &str, generic: &str, body: &str) {
    if !body.is_empty() {
        let _ = write!(
            out,
            "\nimpl {name}{generic} {{\n/// The rules of the schema.\n#[inline]\n\
             fn check(&self) -> Result<(), WireError> {{\n{body}Ok(())\n}}\n}}\n"
        );
    }
}

/// A closed enum has only values with a name.
fn named(body: &mut String, field: &Field) {
    let Type::Enum(names) = &field.form else {
        return;
    };
    if names.open {
        return;
    }
    let (value, label) = (ident(field), field.label());
    let numbers = match names.last_in_a_row() {
        Some(last) => format!("0..={last}"),
        None => {
            let numbers: Vec<String> = names.numbers().iter().map(u64::to_string).collect();
            numbers.join(" | ")
        }
    };
    let into = if names.size == 8 { "" } else { ".into()" };
    let _ = writeln!(
        body,
        "if !matches!(self.{value}.0, {numbers}) {{\n\
         return Err(WireError::rule(\"{label}: not one of its values\", self.{value}.0{into}));\n}}"
    );
}

/// A text of fixed size has zeros behind it.
fn padded(body: &mut String, field: &Field) {
    if let Type::Chars(_) = field.form {
        let (value, label) = (ident(field), field.label());
        let _ = writeln!(
            body,
            "if !is_padded(&self.{value}) {{\nreturn Err(WireError::rule(\"padding of {label}: zeros are expected\", 1));\n}}"
        );
    }
}

/// `min` and `max`.
fn bounds(body: &mut String, field: &Field) {
    let (value, label) = (ident(field), field.label());
    let text = field.form == Type::Text;
    let size = if text {
        format!("{}.len()", text_of(field))
    } else {
        format!("self.{value}")
    };
    // What always holds is no rule.
    let (least, most) = if text {
        (0, i128::MAX)
    } else {
        field.form.range()
    };
    let min = field.min.filter(|min| *min > least);
    let max = field.max.filter(|max| *max < most);
    let literal = |bound: i128| bound.to_string();
    let broken = match (min, max) {
        (None, None) => return,
        (Some(1), None) if text => format!("{}.is_empty()", text_of(field)),
        (Some(min), None) => format!("{size} < {}", literal(min)),
        (None, Some(max)) => format!("{size} > {}", literal(max)),
        (Some(min), Some(max)) => {
            format!("!({}..={}).contains(&{size})", literal(min), literal(max))
        }
    };
    let allowed = match (min, max) {
        (min, None) => format!("at least {}", min.unwrap_or(least)),
        (None, Some(max)) => format!("at most {max}"),
        (Some(min), Some(max)) => format!("{min} to {max}"),
    };
    let (label, found) = if text {
        (format!("length of {label}"), format!("{size} as u64"))
    } else if let Type::Unsigned(8) = field.form {
        (label.to_owned(), size.clone())
    } else if let Type::Unsigned(_) = field.form {
        (label.to_owned(), format!("{size}.into()"))
    } else {
        // Numbers below zero have no place in an error.
        (format!("whether {label} is out of range"), "1".to_owned())
    };
    let _ = writeln!(
        body,
        "if {broken} {{\nreturn Err(WireError::rule(\"{label}: allowed is {allowed}\", {found}));\n}}"
    );
}

/// What the values of an enum demand of other fields.
fn rules(body: &mut String, record: &Record) {
    let mut subjects: Vec<&str> = Vec::new();
    for rule in &record.rules {
        if !subjects.contains(&rule.field.as_str()) {
            subjects.push(&rule.field);
        }
    }
    for subject in subjects {
        let Some(field) = record.named().find(|field| field.is(subject)) else {
            continue;
        };
        let mut arms = String::new();
        for rule in record.rules.iter().filter(|rule| rule.field == subject) {
            let all = rule
                .set
                .iter()
                .map(|name| (name, true))
                .chain(rule.unset.iter().map(|name| (name, false)));
            let conditions: Vec<String> = all
                .filter_map(|(name, set)| {
                    let other = record.named().find(|other| other.is(name))?;
                    Some(is_set(other, set))
                })
                .collect();
            if !conditions.is_empty() {
                let value = number_of(field, rule.value.into());
                let _ = writeln!(arms, "{value} => {},", conditions.join(" && "));
            }
        }
        if arms.is_empty() {
            continue;
        }
        let value = ident(field);
        let _ = writeln!(
            body,
            "let keeps_rule = match self.{value} {{\n{arms}_ => true,\n}};\nif !keeps_rule {{\n\
             return Err(self.{}());\n}}",
            broken_rule(field)
        );
    }
}

/// Methods that say which rule the value of an enum breaks, apart from the look whether it does.
fn reasons_of(record: &Record) -> String {
    let mut methods = String::new();
    for field in record.named() {
        let Type::Enum(names) = &field.form else {
            continue;
        };
        let mut arms = String::new();
        for rule in record.rules.iter().filter(|rule| field.is(&rule.field)) {
            let (value, words) = (
                number_of(field, rule.value.into()),
                rule_in_words(rule, names),
            );
            let _ = writeln!(arms, "{value} => \"{}: {words}\",", field.label());
        }
        if arms.is_empty() {
            continue;
        }
        let (method, value, label) = (broken_rule(field), ident(field), field.label());
        let into = if field.form.size() == 8 {
            ""
        } else {
            ".into()"
        };
        let _ = write!(
            methods,
            "/// Which rule of `{label}` is broken.\n#[cold]\nfn {method}(&self) -> WireError {{\n\
             let rule = match self.{value} {{\n{arms}_ => \"{label}: not with the others\",\n}};\n\
             WireError::rule(rule, self.{value}.0{into})\n}}\n"
        );
    }
    methods
}

fn broken_rule(field: &Field) -> String {
    format!("broken_rule_of_{}", ident(field))
}

fn is_set(field: &Field, set: bool) -> String {
    let value = ident(field);
    match (&field.form, set) {
        (Type::Text | Type::Labels, true) => format!("!{}.is_empty()", text_of(field)),
        (Type::Text | Type::Labels, false) => format!("{}.is_empty()", text_of(field)),
        (Type::Ip, true) => format!("self.{value}.is_some()"),
        (Type::Ip, false) => format!("self.{value}.is_none()"),
        (_, true) => format!("self.{value} != {}", unset(field)),
        (_, false) => format!("self.{value} == {}", unset(field)),
    }
}
