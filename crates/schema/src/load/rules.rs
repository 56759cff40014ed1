//! What the values of an enum demand of other fields.

use super::Loader;
use crate::model::{Field, Record, Rule, Type};
use crate::problem::instead;
use crate::source::{Entry, Table};
use crate::words;

impl Loader<'_> {
    pub(super) fn rules(&mut self, tables: &Table, record: &Record) -> Vec<Rule> {
        let mut rules = Vec::new();
        for entry in tables.entries() {
            let Some(cases) = entry.value.table() else {
                continue;
            };
            let named: Vec<&Field> = record.named().collect();
            let field = named.iter().find(|field| field.is(&entry.key));
            let Some(Type::Enum(values)) = field.map(|field| &field.form) else {
                let what = format!("`{}` is no field with named values", entry.key);
                let enums = named
                    .iter()
                    .filter(|field| matches!(field.form, Type::Enum(_)));
                let instead = instead(&entry.key, enums.map(|field| field.label()));
                self.wrong(cases.at, what, instead);
                continue;
            };
            let is_free =
                |field: &&&Field| !field.key && !field.is("status") && !field.is(&entry.key);
            let free: Vec<&Field> = named.iter().filter(is_free).copied().collect();
            for case in cases.entries() {
                match (values.number(&case.key), case.value.table()) {
                    (Some(value), Some(table)) if self.words(table, &words::RULE) => {
                        rules.push(Rule {
                            field: entry.key.clone(),
                            value,
                            set: self.others(table, "set", &free),
                            unset: self.others(table, "unset", &free),
                        });
                    }
                    (Some(_), Some(_)) => {}
                    _ => self.no_case(entry, case, values.values.iter().map(|v| &*v.name)),
                }
            }
        }
        rules
    }

    fn no_case<'v>(&mut self, field: &Entry, case: &Entry, values: impl Iterator<Item = &'v str>) {
        let what = format!("`{}` is no value of `{}`", case.key, field.key);
        let instead = instead(&case.key, values);
        self.wrong(case.key_at, what, instead);
    }

    /// The fields that a rule names behind `word`.
    fn others(&mut self, case: &Table, word: &str, free: &[&Field]) -> Vec<String> {
        let mut names = Vec::new();
        for item in case.list(word) {
            let Some(name) = item.text() else { continue };
            let Some(field) = free.iter().find(|field| field.is(name)) else {
                let what = format!("`{name}` is no field that can be {word}");
                let instead = instead(name, free.iter().map(|field| field.label()));
                self.wrong(item.at, what, instead);
                continue;
            };
            let set_too = case
                .list("set")
                .iter()
                .any(|item| item.text() == Some(name));
            if word == "unset" && (set_too || !may_be_unset(field)) {
                let what = format!("`{name}` can never be unset here");
                let instead = "write it only once, and of a field without `min`";
                self.wrong(item.at, what, instead);
            } else if word == "set" && !may_be_set(field) {
                let what = format!("`{name}` can never be set");
                self.wrong(
                    item.at,
                    what,
                    "write a field that holds more than its unset value",
                );
            }
            names.push(name.to_owned());
        }
        names
    }
}

fn may_be_unset(field: &Field) -> bool {
    let unset = if field.form == Type::Text {
        0
    } else {
        field.unset
    };
    field.min.is_none_or(|min| unset >= min) && field.max.is_none_or(|max| unset <= max)
}

fn may_be_set(field: &Field) -> bool {
    match &field.form {
        Type::Text => field.max != Some(0),
        Type::Enum(names) if !names.open => names
            .values
            .iter()
            .any(|value| i128::from(value.number) != field.unset),
        _ => field.min.is_none() || field.min != field.max || field.min != Some(field.unset),
    }
}
