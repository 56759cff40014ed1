//! The rules that tie the fields of a record to their types, and to one another.

use std::fmt::Write;

use super::types::{ident, number};
use crate::model::{Enum, Family, Field, Record, Type};

/// `check_item`, which readers and writers ask; nothing where every value is allowed.
pub(super) fn check(name: &str, record: &Record) -> String {
    let of = format!("{name}->");
    let body = body(record, &of);
    if body.is_empty() {
        return String::new();
    }
    format!(
        "static nipc_error_t check_{name}(const @p@_{name}_t *{name}) {{\n{body}    return NIPC_OK;\n}}\n\n"
    )
}

/// The rules as statements that return; `of` stands before the names of fields.
pub(super) fn body(record: &Record, of: &str) -> String {
    let lookup = record.family == Family::Lookup;
    let mut body = String::new();
    for field in record.named() {
        refuse(&mut body, field_is_wrong(field, of));
    }
    for field in record.named().filter(|field| lookup && field.key) {
        refuse(&mut body, out_of_bounds(field, of));
    }
    let status = record.named().next().filter(|_| lookup);
    if let Some(status) = status {
        let data = record
            .named()
            .filter(|field| !field.key && !field.is("status"));
        let unset: Vec<String> = data.map(|field| is_set(field, of, false)).collect();
        let verdict = if unset.is_empty() {
            "NIPC_OK".to_owned()
        } else {
            format!("{} ? NIPC_OK : NIPC_ERR_BAD_LAYOUT", unset.join(" && "))
        };
        let _ = write!(
            body,
            "    if ({of}{} != 0) {{\n        return {verdict};\n    }}\n",
            ident(status)
        );
    }
    for field in record.named().filter(|field| !lookup || !field.key) {
        refuse(&mut body, out_of_bounds(field, of));
    }
    for rule in &record.rules {
        let found = |name: &String| record.named().find(|field| field.is(name));
        let set = rule.set.iter().filter_map(found).map(|field| (field, true));
        let unset = rule.unset.iter().filter_map(found);
        let all = set.chain(unset.map(|field| (field, false)));
        let broken: Vec<String> = all.map(|(field, set)| is_set(field, of, !set)).collect();
        let subject = record.named().find(|field| field.is(&rule.field));
        if let (Some(subject), false) = (subject, broken.is_empty()) {
            let condition = match broken.as_slice() {
                [one] => one.clone(),
                several => format!("({})", several.join(" || ")),
            };
            let value = number(subject, rule.value.into());
            refuse(
                &mut body,
                Some(format!("{of}{} == {value} && {condition}", ident(subject))),
            );
        }
    }
    body
}

fn refuse(body: &mut String, condition: Option<String>) {
    if let Some(condition) = condition {
        let _ = write!(
            body,
            "    if ({condition}) {{\n        return NIPC_ERR_BAD_LAYOUT;\n    }}\n"
        );
    }
}

/// What of a field is wrong whatever stands beside it.
fn field_is_wrong(field: &Field, of: &str) -> Option<String> {
    let value = format!("{of}{}", ident(field));
    match &field.form {
        Type::Enum(names) if !names.open => Some(has_no_name(field, names, &value)),
        Type::Chars(size) => Some(format!("!nipc_made_is_padded({value}, {size})")),
        Type::Ip if field.key => Some(format!("{value}.size == 0 || !nipc_made_is_ip(&{value})")),
        Type::Ip => Some(format!("!nipc_made_is_ip(&{value})")),
        _ => None,
    }
}

/// That a number is none of a closed enum's.
fn has_no_name(field: &Field, names: &Enum, value: &str) -> String {
    match names.last_in_a_row() {
        Some(last) => format!("{value} > {}", number(field, last.into())),
        None => {
            let numbers = names.numbers().into_iter();
            let others = numbers.map(|other| format!("{value} != {}", number(field, other.into())));
            others.collect::<Vec<_>>().join(" && ")
        }
    }
}

/// That a field breaks `min` or `max`. What always holds is no rule.
fn out_of_bounds(field: &Field, of: &str) -> Option<String> {
    let text = field.form == Type::Text;
    let value = format!("{of}{}", ident(field));
    let (value, least, most) = if text {
        (format!("{value}.len"), 0, u32::MAX.into())
    } else {
        let (least, most) = field.form.range();
        (value, least, most)
    };
    let literal = |bound: i128| {
        if text {
            format!("{bound}u")
        } else {
            number(field, bound)
        }
    };
    let min = field.min.filter(|min| *min > least);
    let max = field.max.filter(|max| *max < most);
    let min = min.map(|min| format!("{value} < {}", literal(min)));
    let max = max.map(|max| format!("{value} > {}", literal(max)));
    let both: Vec<String> = min.into_iter().chain(max).collect();
    (!both.is_empty()).then(|| both.join(" || "))
}

/// Whether a field is set, or is not.
fn is_set(field: &Field, of: &str, set: bool) -> String {
    let value = format!("{of}{}", ident(field));
    let (not, is) = if set { ("!", "!=") } else { ("", "==") };
    match &field.form {
        Type::Text => format!("{value}.len {is} 0"),
        Type::Labels => format!("{value}.count {is} 0"),
        Type::Ip => format!("{value}.size {is} 0"),
        Type::Chars(size) | Type::Bytes(size) => format!("{not}nipc_made_is_zero({value}, {size})"),
        _ => format!("{value} {is} {}", number(field, field.unset)),
    }
}
