//! The rules that tie the fields of a record to their types, and to one another.

use std::fmt::Write;

use super::types::{ident, number};
use crate::generate::names::rule_in_words;
use crate::model::{Enum, Family, Field, Record, Type};

/// `check_item`, which readers and writers ask; nothing where every value is allowed.
pub(super) fn check(name: &str, record: &Record) -> String {
    let of = format!("{name}->");
    let body = body(record, &of, Says::Error);
    if body.is_empty() {
        return String::new();
    }
    format!(
        "static nipc_error_t check_{name}(const @p@_{name}_t *{name}) {{\n{body}    return NIPC_OK;\n}}\n\n"
    )
}

/// `why_item`, which builders ask which rule a record breaks that may not be sent.
pub(super) fn reasons(name: &str, record: &Record) -> String {
    let of = format!("{name}->");
    let mut body = body(record, &of, Says::Words);
    if let Some(labels) = record.labels() {
        let broken = format!(
            "nipc_made_check_sent_labels(&{of}{}) != NIPC_OK",
            ident(labels)
        );
        let words = format!("{}: one that may not be sent", labels.label());
        refuse(&mut body, Says::Words, Some((broken, words)));
    }
    for text in record.texts() {
        let (test, what) = if text.nul {
            ("is_missing", "its bytes are NULL")
        } else {
            ("has_nul", "a NUL inside, or its bytes are NULL")
        };
        let broken = format!("nipc_made_{test}({of}{})", ident(text));
        let words = format!("{}: {what}", text.label());
        refuse(&mut body, Says::Words, Some((broken, words)));
    }
    let unused = if body.is_empty() {
        format!("    (void){name};\n")
    } else {
        String::new()
    };
    format!(
        "static const char *why_{name}(const @p@_{name}_t *{name}) {{\n\
         {unused}{body}    return {OTHERWISE};\n}}\n\n"
    )
}

/// What is said where no rule is found that is broken.
const OTHERWISE: &str = "\"it may not be sent\"";

/// What the statements return of a rule that is broken.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Says {
    /// That one is.
    Error,
    /// Which, in words.
    Words,
}

impl Says {
    fn broken(self, words: &str) -> String {
        match self {
            Self::Error => "NIPC_ERR_BAD_LAYOUT".to_owned(),
            Self::Words => format!("\"{words}\""),
        }
    }

    fn kept(self) -> &'static str {
        match self {
            Self::Error => "NIPC_OK",
            Self::Words => OTHERWISE,
        }
    }
}

/// The rules as statements that return; `of` stands before the names of fields.
pub(super) fn body(record: &Record, of: &str, says: Says) -> String {
    let lookup = record.family == Family::Lookup;
    let mut body = String::new();
    for field in record.named() {
        refuse(&mut body, says, field_is_wrong(field, of));
    }
    for field in record.named().filter(|field| lookup && field.key) {
        refuse(&mut body, says, out_of_bounds(field, of));
    }
    let status = record.named().next().filter(|_| lookup);
    if let Some(status) = status {
        let data = record
            .named()
            .filter(|field| !field.key && !field.is("status"));
        let unset: Vec<String> = data.map(|field| is_set(field, of, false)).collect();
        let verdict = if unset.is_empty() {
            says.kept().to_owned()
        } else {
            let (kept, broken) = (says.kept(), says.broken(ONLY_KNOWN));
            format!("{} ? {kept} : {broken}", unset.join(" && "))
        };
        let _ = write!(
            body,
            "    if ({of}{} != 0) {{\n        return {verdict};\n    }}\n",
            ident(status)
        );
    }
    for field in record.named().filter(|field| !lookup || !field.key) {
        refuse(&mut body, says, out_of_bounds(field, of));
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
            let words = match &subject.form {
                Type::Enum(names) => rule_in_words(rule, names),
                _ => "not with the others".to_owned(),
            };
            let broken = format!("{of}{} == {value} && {condition}", ident(subject));
            let words = format!("{}: {words}", subject.label());
            refuse(&mut body, says, Some((broken, words)));
        }
    }
    body
}

/// Of an item of a lookup.
const ONLY_KNOWN: &str = "status: only known items have data";

/// A rule: when it is broken, and in words.
type Broken = Option<(String, String)>;

fn refuse(body: &mut String, says: Says, rule: Broken) {
    if let Some((condition, words)) = rule {
        let _ = write!(
            body,
            "    if ({condition}) {{\n        return {};\n    }}\n",
            says.broken(&words)
        );
    }
}

/// What of a field is wrong whatever stands beside it.
fn field_is_wrong(field: &Field, of: &str) -> Broken {
    let value = format!("{of}{}", ident(field));
    let (broken, words) = match &field.form {
        Type::Enum(names) if !names.open => {
            (has_no_name(field, names, &value), "not one of its values")
        }
        Type::Chars(size) => (
            format!("!nipc_made_is_padded({value}, {size})"),
            "bytes behind its end",
        ),
        Type::Ip if field.key => (
            format!("{value}.size == 0 || !nipc_made_is_ip(&{value})"),
            "no address",
        ),
        Type::Ip => (format!("!nipc_made_is_ip(&{value})"), "no address"),
        _ => return None,
    };
    Some((broken, format!("{}: {words}", field.label())))
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
fn out_of_bounds(field: &Field, of: &str) -> Broken {
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
    let allowed = match (min, max) {
        (None, None) => return None,
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (Some(min), Some(max)) => format!("{min} to {max}"),
    };
    let min = min.map(|min| format!("{value} < {}", literal(min)));
    let max = max.map(|max| format!("{value} > {}", literal(max)));
    let both: Vec<String> = min.into_iter().chain(max).collect();
    let of_what = if text { "length of " } else { "" };
    let words = format!("{of_what}{}: allowed is {allowed}", field.label());
    Some((both.join(" || "), words))
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
