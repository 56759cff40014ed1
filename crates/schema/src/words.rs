//! The words of each table, and what stands behind them.

use crate::source::{Item, Table, Value};

/// What stands behind a word.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Shape {
    Any,
    Text,
    Bool,
    Number,
    Table,
    Name,
    FieldName,
    Names,
    List,
    Tables,
}

impl Shape {
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::Any => "a value",
            Self::Text => "a text",
            Self::Bool => "true or false",
            Self::Number => "an int",
            Self::Table => "a table",
            Self::Name => "a lower-case name, with `-` between words",
            Self::FieldName => "a lower-case name, with `_` between words",
            Self::Names => "a list of names",
            Self::List => "a list of { ... }",
            Self::Tables => "tables only",
        }
    }

    pub(crate) fn fits(self, item: &Item) -> bool {
        match (self, &item.value) {
            (Self::Any, _)
            | (Self::Text, Value::Text(_))
            | (Self::Bool, Value::Bool(_))
            | (Self::Number, Value::Number(_))
            | (Self::Table, Value::Table(_)) => true,
            (Self::Name, Value::Text(text)) => is_name(text, '-'),
            (Self::FieldName, Value::Text(text)) => is_name(text, '_'),
            (Self::Names, Value::List(items)) => items.iter().all(|item| item.text().is_some()),
            (Self::List, Value::List(items)) => {
                !items.is_empty() && items.iter().all(|item| item.table().is_some())
            }
            (Self::Tables, Value::Table(table)) => table
                .entries()
                .iter()
                .all(|entry| entry.value.table().is_some()),
            _ => false,
        }
    }
}

/// Whether `text` is a name: a lower-case letter, then such letters, digits, and `between` words.
fn is_name(text: &str, between: char) -> bool {
    let rest = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == between;
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(rest)
        && !text.ends_with(between)
        && !text.contains(&[between; 2].iter().collect::<String>())
}

/// Whether `text` is the name of a type: `CamelCase`.
pub(crate) fn is_type_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.chars().all(|c| c.is_ascii_alphanumeric())
}

/// A word of a table.
pub(crate) struct Word {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    needed: bool,
}

impl Word {
    /// Whether it has to be in `table`. The meaning of two statuses is the protocol's.
    pub(crate) fn needed_in(&self, table: &Table) -> bool {
        let protocol = matches!(
            table.text("name"),
            Some("payload-exceeded" | "oversized-item")
        );
        self.needed && !(self.name == "about" && protocol)
    }
}

const fn needed(name: &'static str, shape: Shape) -> Word {
    let needed = true;
    Word {
        name,
        shape,
        needed,
    }
}

const fn allowed(name: &'static str, shape: Shape) -> Word {
    let needed = false;
    Word {
        name,
        shape,
        needed,
    }
}

/// A kind of table: what it is called in errors, and its words.
pub(crate) struct Words {
    pub(crate) what: &'static str,
    pub(crate) words: &'static [Word],
}

pub(crate) const SCHEMA: Words = Words {
    what: "a schema",
    words: &[
        needed("service", Shape::Name),
        needed("method", Shape::Number),
        needed("kind", Shape::Text),
        needed("about", Shape::Text),
        allowed("layout", Shape::Number),
        allowed("use", Shape::Names),
        allowed("batch", Shape::Bool),
        allowed("cache", Shape::Any),
        allowed("enums", Shape::Tables),
        allowed("flags", Shape::Tables),
        allowed("key", Shape::Table),
        allowed("item", Shape::Table),
        allowed("header", Shape::Table),
        allowed("request", Shape::Table),
        allowed("response", Shape::Table),
    ],
};

pub(crate) const SHARED: Words = Words {
    what: "a shared file",
    words: &[
        needed("about", Shape::Text),
        allowed("enums", Shape::Tables),
        allowed("flags", Shape::Tables),
        allowed("records", Shape::Tables),
    ],
};

pub(crate) const ENUM: Words = Words {
    what: "an enum",
    words: &[
        needed("about", Shape::Text),
        needed("values", Shape::List),
        allowed("open", Shape::Bool),
        allowed("type", Shape::Text),
    ],
};

pub(crate) const FLAGS: Words = Words {
    what: "a set of flags",
    words: &[
        needed("about", Shape::Text),
        needed("bits", Shape::List),
        allowed("type", Shape::Text),
    ],
};

pub(crate) const VALUE: Words = Words {
    what: "a value",
    words: &[
        needed("name", Shape::Name),
        needed("value", Shape::Number),
        needed("about", Shape::Text),
    ],
};

pub(crate) const BIT: Words = Words {
    what: "a bit",
    words: &[
        needed("name", Shape::Name),
        needed("bit", Shape::Number),
        needed("about", Shape::Text),
    ],
};

pub(crate) const KEY: Words = Words {
    what: "[key]",
    words: &[
        needed("fields", Shape::List),
        allowed("plural", Shape::FieldName),
    ],
};

pub(crate) const ITEM: Words = Words {
    what: "[item]",
    words: &[
        needed("about", Shape::Text),
        needed("fields", Shape::List),
        allowed("typical", Shape::Number),
        allowed("rules", Shape::Tables),
    ],
};

pub(crate) const RECORD: Words = Words {
    what: "a record",
    words: &[needed("about", Shape::Text), needed("fields", Shape::List)],
};

pub(crate) const FIELD: Words = Words {
    what: "a field",
    words: &[
        needed("name", Shape::FieldName),
        needed("type", Shape::Text),
        needed("about", Shape::Text),
        allowed("unit", Shape::Text),
        allowed("min", Shape::Number),
        allowed("max", Shape::Number),
        allowed("unset", Shape::Number),
        allowed("nul", Shape::Bool),
        allowed("is", Shape::Number),
        allowed("error", Shape::Text),
    ],
};

pub(crate) const RESERVED: Words = Words {
    what: "a reserved field",
    words: &[needed("reserved", Shape::Text)],
};

pub(crate) const KEY_FIELD: Words = Words {
    what: "a key's field",
    words: &[needed("key", Shape::Text)],
};

pub(crate) const RULE: Words = Words {
    what: "a rule",
    words: &[allowed("set", Shape::Names), allowed("unset", Shape::Names)],
};
