//! A TOML file as tables that know where they stand.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::problem::Problem;

/// The text of a file, and what it is called.
pub(crate) struct Source {
    pub(crate) file: String,
    text: String,
}

/// A table: of the file, below a `[header]`, or between braces.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// Byte at which it begins: its name in the header, or its brace.
    pub(crate) at: usize,
    entries: Vec<Entry>,
}

/// `key = value`.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_at: usize,
    pub(crate) value: Item,
}

/// A value, and the byte at which it begins.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) at: usize,
    pub(crate) value: Value,
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Number(i128),
    Bool(bool),
    List(Vec<Item>),
    Table(Table),
    /// A date, a fraction, or a number beyond all types.
    Other,
}

impl Source {
    pub(crate) fn new(file: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            text: text.into(),
        }
    }

    /// The table of the whole file.
    pub(crate) fn parse(&self) -> Result<Table, Problem> {
        match DeTable::parse(&self.text) {
            Ok(table) => Ok(self.table(0, table.get_ref())),
            Err(error) => {
                let at = error.span().map_or(self.text.len(), |span| span.start);
                let what = error.message().replace('\n', ", ");
                Err(self.problem(at, what, "write what https://toml.io says"))
            }
        }
    }

    /// What is wrong at byte `at`.
    pub(crate) fn problem(
        &self,
        at: usize,
        what: impl Into<String>,
        instead: impl Into<String>,
    ) -> Problem {
        let (line, column) = self.position(at);
        Problem {
            file: self.file.clone(),
            line,
            column,
            what: what.into(),
            instead: instead.into(),
        }
    }

    /// The line that byte `at` is in.
    pub(crate) fn line(&self, at: usize) -> usize {
        self.position(at).0
    }

    /// Line and character of byte `at`. The end of the last line belongs to it.
    fn position(&self, at: usize) -> (usize, usize) {
        let text = self.text.trim_end_matches('\n');
        let before = self.text.get(..at.min(text.len())).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before
            .get(line_start..)
            .map_or(0, |line| line.chars().count());
        (before.matches('\n').count() + 1, column + 1)
    }

    fn table(&self, at: usize, table: &DeTable<'_>) -> Table {
        let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
            let key_at = key.span().start;
            Entry {
                key: String::from(AsRef::<str>::as_ref(key.get_ref())),
                key_at,
                value: self.item(value, key_at),
            }
        };
        let mut entries: Vec<Entry> = table.iter().map(entry).collect();
        entries.sort_by_key(|entry| entry.key_at);
        Table { at, entries }
    }

    /// The value of an entry whose key is at `key_at`.
    fn item(&self, value: &Spanned<DeValue<'_>>, key_at: usize) -> Item {
        let at = value.span().start;
        let found = match value.get_ref() {
            DeValue::String(text) => Value::Text(text.clone().into_owned()),
            DeValue::Integer(number) => {
                match i128::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => Value::Number(number),
                    Err(_) => Value::Other,
                }
            }
            DeValue::Boolean(yes) => Value::Bool(*yes),
            DeValue::Array(list) => {
                let item = |item| self.item(item, at);
                Value::List(list.iter().map(item).collect())
            }
            DeValue::Table(table) => {
                let brace = self
                    .text
                    .get(at..)
                    .is_some_and(|text| text.starts_with('{'));
                Value::Table(self.table(if brace { at } else { key_at }, table))
            }
            DeValue::Float(_) | DeValue::Datetime(_) => Value::Other,
        };
        let at = match &found {
            Value::Table(table) => table.at,
            _ => at,
        };
        Item { at, value: found }
    }
}

impl Table {
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// Where the value of `key` stands; the table itself where there is none.
    pub(crate) fn at(&self, key: &str) -> usize {
        self.entry(key).map_or(self.at, |entry| entry.value.at)
    }

    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.entry(key)?.value.text()
    }

    pub(crate) fn number(&self, key: &str) -> Option<i128> {
        match self.entry(key)?.value.value {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    pub(crate) fn bool(&self, key: &str) -> Option<bool> {
        match self.entry(key)?.value.value {
            Value::Bool(yes) => Some(yes),
            _ => None,
        }
    }

    pub(crate) fn table(&self, key: &str) -> Option<&Self> {
        self.entry(key)?.value.table()
    }

    /// The items of the list at `key`; none where there is no list.
    pub(crate) fn list(&self, key: &str) -> &[Item] {
        match self.entry(key).map(|entry| &entry.value.value) {
            Some(Value::List(items)) => items,
            _ => &[],
        }
    }

    /// The tables in the list at `key`.
    pub(crate) fn tables(&self, key: &str) -> impl Iterator<Item = &Self> {
        self.list(key).iter().filter_map(Item::table)
    }

    /// The named tables below `key`.
    pub(crate) fn named(&self, key: &str) -> impl Iterator<Item = (&str, &Self)> {
        let entries = self.table(key).map_or(&[][..], Self::entries);
        entries
            .iter()
            .filter_map(|entry| Some((entry.key.as_str(), entry.value.table()?)))
    }
}

impl Item {
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) const fn table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }
}
