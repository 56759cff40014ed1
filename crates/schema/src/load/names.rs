//! Enums, flags, and the types that fields are of.

use std::sync::Arc;

use super::Loader;
use crate::model::{Enum, Flags, Named, Type};
use crate::problem::instead;
use crate::source::Table;
use crate::words::{self, Words, is_type_name};

/// What enums and flags differ in.
struct Group {
    /// The word for it in files.
    word: &'static str,
    table: &'static Words,
    /// The word for its entries.
    entries: &'static str,
    entry: &'static Words,
    /// The word for the number of an entry.
    number: &'static str,
    /// The type unless one is written.
    usual: &'static str,
}

const ENUMS: Group = Group {
    word: "enums",
    table: &words::ENUM,
    entries: "values",
    entry: &words::VALUE,
    number: "value",
    usual: "u16",
};

const FLAGS: Group = Group {
    word: "flags",
    table: &words::FLAGS,
    entries: "bits",
    entry: &words::BIT,
    number: "bit",
    usual: "u32",
};

impl Loader<'_> {
    /// Takes in the enums and flags of a file.
    pub(super) fn named_types(&mut self, file: &Table, shared: bool) {
        let shared = shared.then(|| {
            let file = self.source.file.rsplit(['/', '\\']).next();
            file.unwrap_or_default().to_owned()
        });
        for group in [&ENUMS, &FLAGS] {
            for (name, table) in file.named(group.word) {
                if let Some(read) = self.named_type(name, table, group, shared.clone()) {
                    self.types.push(read);
                }
            }
        }
    }

    pub(super) fn enums(&self) -> Vec<Arc<Enum>> {
        let enums = self.types.iter().filter_map(|known| match known {
            Type::Enum(names) => Some(Arc::clone(names)),
            _ => None,
        });
        enums.collect()
    }

    pub(super) fn flags(&self) -> Vec<Arc<Flags>> {
        let flags = self.types.iter().filter_map(|known| match known {
            Type::Flags(names) => Some(Arc::clone(names)),
            _ => None,
        });
        flags.collect()
    }

    fn named_type(
        &mut self,
        name: &str,
        table: &Table,
        group: &Group,
        shared: Option<String>,
    ) -> Option<Type> {
        let before = self.problems.len();
        if !self.words(table, group.table) {
            return None;
        }
        for entry in table.tables(group.entries) {
            self.words(entry, group.entry);
        }
        if self.problems.len() != before {
            return None;
        }
        if !is_type_name(name) || self.types.iter().any(|known| known.word() == name) {
            let what = format!("`{name}` cannot be its name");
            let instead = "write one in CamelCase that no other file has";
            self.wrong(table.at, what, instead);
        }
        let word = table.text("type").unwrap_or(group.usual);
        let Some(Type::Unsigned(size)) = number_type(word) else {
            let what = format!("`{word}` is no type for it");
            let instead = "write `u8`, `u16`, `u32` or `u64`";
            self.wrong(table.at("type"), what, instead);
            return None;
        };
        let named = self.entries(table, group, size);
        let (name, about) = (
            name.to_owned(),
            table.text("about").unwrap_or_default().to_owned(),
        );
        Some(if group.word == ENUMS.word {
            Type::Enum(Arc::new(Enum {
                name,
                about,
                open: table.bool("open").unwrap_or(false),
                size,
                values: named,
                shared,
            }))
        } else {
            Type::Flags(Arc::new(Flags {
                name,
                about,
                size,
                bits: named,
                shared,
            }))
        })
    }

    /// The values or bits of a table, of which no two may share a name or a number.
    fn entries(&mut self, table: &Table, group: &Group, size: usize) -> Vec<Named> {
        let bits = 8 * size;
        let top = if group.word == FLAGS.word {
            bits as u64 - 1
        } else {
            u64::MAX >> (64 - bits)
        };
        let mut named: Vec<Named> = Vec::new();
        let mut lines: Vec<usize> = Vec::new();
        for entry in table.tables(group.entries) {
            let name = entry.text("name").unwrap_or_default();
            let number = entry.number(group.number).unwrap_or_default();
            let same_name = named.iter().position(|other| other.name == name);
            if let Some(line) = same_name.and_then(|other| lines.get(other)) {
                let what = format!("name {name} is in line {line} already");
                self.wrong(entry.at("name"), what, "write another");
            }
            let same = |other: &Named| i128::from(other.number) == number;
            let same_number = named.iter().position(same);
            if let Some(line) = same_number.and_then(|other| lines.get(other)) {
                let what = format!("{} {number} is in line {line} already", group.number);
                self.wrong(entry.at(group.number), what, "write another");
            }
            let Some(number) = u64::try_from(number).ok().filter(|number| *number <= top) else {
                let what = format!("{} {number} is out of range", group.number);
                self.wrong(entry.at(group.number), what, format!("write 0 to {top}"));
                continue;
            };
            lines.push(self.source.line(entry.at));
            named.push(Named {
                name: name.to_owned(),
                number,
                about: entry.text("about").unwrap_or_default().to_owned(),
            });
        }
        named
    }

    /// The type of that name; without one, an error at `at`.
    pub(super) fn type_of(&mut self, word: &str, at: usize) -> Option<Type> {
        if let Some(plain) = number_type(word).or_else(|| bytes_type(word)) {
            return Some(plain);
        }
        self.used.insert(word.to_owned());
        let behind = [Type::Ip, Type::Text, Type::Labels];
        let known: Vec<&Type> = behind.iter().chain(&self.types).collect();
        if let Some(known) = known.iter().find(|known| known.word() == word) {
            return Some((*known).clone());
        }
        let names: Vec<String> = known.iter().map(|known| known.word()).collect();
        let all = PLAIN.into_iter().chain(names.iter().map(String::as_str));
        let instead = type_instead(word, all);
        self.wrong(at, format!("`{word}` is no type"), instead);
        None
    }
}

/// What to write instead of `word`, which is none of the types `all`.
fn type_instead<'w>(word: &str, all: impl Iterator<Item = &'w str>) -> String {
    match word {
        "f32" | "f64" | "float" | "double" => {
            "write a scaled integer, as an `i64` with unit = \"thousandths\"".to_owned()
        }
        "bool" | "boolean" => {
            let all: Vec<String> = all.map(|known| format!("`{known}`")).collect();
            let all = all.join(", ");
            format!("a yes or no is an enum: write the name of one of [enums], or one of {all}")
        }
        _ => instead(word, all),
    }
}

/// Types without a name of their own in a file.
const PLAIN: [&str; 10] = [
    "u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "u8[N]", "char[N]",
];

fn number_type(word: &str) -> Option<Type> {
    let size = |bits: &str| match bits {
        "8" => Some(1),
        "16" => Some(2),
        "32" => Some(4),
        "64" => Some(8),
        _ => None,
    };
    let unsigned = word.strip_prefix('u').and_then(size).map(Type::Unsigned);
    unsigned.or_else(|| word.strip_prefix('i').and_then(size).map(Type::Signed))
}

/// `char[N]` or `u8[N]`, N from 1 to 9999.
fn bytes_type(word: &str) -> Option<Type> {
    let (kind, size) = word.strip_suffix(']')?.split_once('[')?;
    let plain = size.len() <= 4 && size.bytes().all(|c| c.is_ascii_digit());
    let size = size
        .parse()
        .ok()
        .filter(|_| plain && !size.starts_with('0'))?;
    match kind {
        "char" => Some(Type::Chars(size)),
        "u8" => Some(Type::Bytes(size)),
        _ => None,
    }
}
