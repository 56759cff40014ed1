//! The parts of a service, with the fields that its kind brings along.

use std::path::Path;

use super::fields::{Place, Plan, layout, own, reserved};
use super::{Loader, read};
use crate::COMMON;
use crate::library;
use crate::model::{
    Family, Field, Kind, LookupKind, Record, Schema, SnapshotKind, Type, ValueKind,
};
use crate::problem::{SchemaError, instead};
use crate::source::{Source, Table, Value};
use crate::words;

const KINDS: [(&str, &[&str]); 3] = [
    ("value", &["request", "response"]),
    ("snapshot", &["header", "item"]),
    ("lookup", &["key", "item"]),
];
/// Bytes in front of a snapshot's items: what every snapshot has, and 8 of its `[header]`.
const SNAPSHOT_RESPONSE: usize = 24;
/// What every status of a lookup can say.
const STATUSES: [&str; 3] = ["known", "payload-exceeded", "oversized-item"];

impl Loader<'_> {
    pub(super) fn service(&mut self, file: &Table) -> Option<Schema> {
        if !self.words(file, &words::SCHEMA) {
            return None;
        }
        let word = file.text("kind")?;
        let Some((_, parts)) = KINDS.iter().find(|(kind, _)| *kind == word) else {
            let instead = instead(word, KINDS.iter().map(|(kind, _)| *kind));
            self.wrong(file.at("kind"), format!("`{word}` is no kind"), instead);
            return None;
        };
        self.sections(file, word, parts);
        let method = self.method(file).unwrap_or_default();
        let layout = self.in_range(file, "layout", 1);
        if !self.use_files(file) {
            return None;
        }
        self.named_types(file, false);
        for part in *parts {
            let words = match *part {
                "key" => &words::KEY,
                "item" => &words::ITEM,
                _ => &words::RECORD,
            };
            if let Some(table) = file.table(part) {
                self.words(table, words);
            }
        }
        if !self.problems.is_empty() {
            return None;
        }
        let kind = match word {
            "value" => self.value(file, layout),
            "snapshot" => self.snapshot(file, layout?)?,
            _ => self.lookup(file, layout?)?,
        };
        let used: Vec<bool> = self.types.iter().map(|known| self.is_used(known)).collect();
        self.unused(file);
        let mut used = used.into_iter();
        self.types.retain(|_| used.next().unwrap_or(true));
        Some(Schema {
            name: file.text("service")?.to_owned(),
            method,
            about: file.text("about")?.to_owned(),
            layout,
            enums: self.enums(),
            flags: self.flags(),
            kind,
        })
    }

    /// Finds tables that do not belong to the kind, or are missing.
    fn sections(&mut self, file: &Table, kind: &str, parts: &[&str]) {
        for (_, known) in KINDS {
            for part in known {
                if let Some(table) = file.table(part)
                    && !parts.contains(part)
                {
                    let wanted: Vec<_> = parts.iter().map(|part| format!("[{part}]")).collect();
                    let instead = format!("write {}", wanted.join(" and "));
                    self.wrong(table.at, format!("a {kind} has no [{part}]"), instead);
                }
            }
        }
        for part in parts {
            if !file.has(part) && *part != "header" {
                let instead = format!("write [{part}] with fields");
                self.wrong(0, format!("there is no [{part}]"), instead);
            }
        }
        if kind != "value" && !file.has("layout") {
            self.wrong(0, "there is no `layout`", "write layout = 1");
        }
        if kind != "value" && file.has("batch") {
            let instead = "write nothing: only a value works in batches";
            self.wrong(
                file.at("batch"),
                format!("a {kind} has no `batch`"),
                instead,
            );
        }
        if kind == "value" && file.has("cache") {
            let instead = "write nothing: only lists of items are cached";
            self.wrong(file.at("cache"), "a value has no `cache`", instead);
        }
    }

    /// The number of the service, which may be a library's for that kind alone.
    fn method(&mut self, file: &Table) -> Option<u16> {
        let method = self.in_range(file, "method", 0)?;
        let what = library::kept(file.text("service")?, method);
        if let Some(what) = what {
            self.wrong(file.at("method"), what, library::NOT_KEPT);
        }
        Some(method)
    }

    fn in_range(&mut self, file: &Table, word: &str, least: u16) -> Option<u16> {
        let number = file.number(word)?;
        let good = u16::try_from(number).ok().filter(|good| *good >= least);
        if good.is_none() {
            let instead = format!("write {least} to 65535");
            self.wrong(file.at(word), format!("`{word}` is out of range"), instead);
        }
        good
    }

    /// Takes in what other files share.
    fn use_files(&mut self, file: &Table) -> bool {
        let before = self.problems.len();
        for item in file.list("use") {
            let Some(name) = item.text() else { continue };
            let beside = self.folder.map(|folder| folder.join(name));
            let found = match (beside.filter(|path| path.is_file()), name) {
                (Some(path), _) => self.used_file(&path),
                (None, "common.toml") => Ok(Source::new(name, COMMON)),
                (None, _) => {
                    let what = format!("there is no file `{name}`");
                    self.wrong(item.at, what, "write one that exists");
                    continue;
                }
            };
            let read = found.and_then(|source| {
                let mut loader = Loader::new(&source, self.folder);
                loader.shared().map(|_| loader.types)
            });
            match read {
                Ok(types) => self.types.extend(types),
                Err(SchemaError::Wrong(problems)) => self.problems.extend(problems),
                Err(error) => self.wrong(item.at, error.to_string(), "write one that can be read"),
            }
        }
        self.problems.len() == before
    }

    fn used_file(&self, path: &Path) -> Result<Source, SchemaError> {
        Ok(Source::new(path.display().to_string(), read(path)?))
    }

    fn is_used(&self, known: &Type) -> bool {
        self.used.contains(&known.word())
    }

    /// Finds enums and flags of this file that nothing is of.
    fn unused(&mut self, file: &Table) {
        for (name, table) in file.named("enums").chain(file.named("flags")) {
            if !self.used.contains(name) {
                let what = format!("no field is of type `{name}`");
                self.wrong(table.at, what, "write a field that is, or delete it");
            }
        }
    }

    fn value(&mut self, file: &Table, number: Option<u16>) -> Kind {
        let mut record = |part| {
            let plan = Plan {
                family: Family::Value,
                before: number.map(layout).into_iter().collect(),
                ..Plan::fixed()
            };
            self.record(file.table(part), plan)
        };
        Kind::Value(ValueKind {
            request: record("request"),
            response: record("response"),
            batches: file.bool("batch").unwrap_or(false),
        })
    }

    fn snapshot(&mut self, file: &Table, number: u16) -> Option<Kind> {
        let request = Plan {
            before: vec![layout(number), reserved(Type::Unsigned(2))],
            ..Plan::fixed()
        };
        let response = Plan {
            before: head(number),
            after: vec![own("generation", Type::Unsigned(8))],
            ..Plan::fixed()
        };
        let item = Plan {
            family: Family::Snapshot,
            before: vec![layout(number)],
            place: Place::Item,
            ..Plan::fixed()
        };
        let kind = SnapshotKind {
            request: self.record(None, request),
            response: self.record(file.table("header"), response),
            item: self.record(file.table("item"), item),
            cache: Vec::new(),
        };
        self.check_header(file, &kind.response);
        let cache = self.cache_fields(file, &kind.item)?;
        Some(Kind::Snapshot(SnapshotKind { cache, ..kind }))
    }

    fn lookup(&mut self, file: &Table, number: u16) -> Option<Kind> {
        let mut before = head(number);
        let response = Plan {
            before: before.clone(),
            after: vec![own("generation", Type::Unsigned(8))],
            ..Plan::fixed()
        };
        before.push(reserved(Type::Unsigned(8)));
        let request = Plan {
            before,
            ..Plan::fixed()
        };
        let key_plan = Plan {
            place: Place::Key,
            ..Plan::fixed()
        };
        let key = self.record(file.table("key"), key_plan);
        let item = Plan {
            family: Family::Lookup,
            before: vec![layout(number)],
            key: Some(&key),
            place: Place::Item,
            ..Plan::fixed()
        };
        let item = self.record(file.table("item"), item);
        self.check_lookup(file, &key, &item);
        let cached = self.cache_key(file);
        let mut kind = LookupKind {
            request: self.record(None, request),
            plural: String::new(),
            response: self.record(None, response),
            item,
            key,
            cached,
        };
        kind.plural = self.plural(file.table("key")?, &kind);
        Some(Kind::Lookup(kind))
    }

    /// What only lookups must have.
    fn check_lookup(&mut self, file: &Table, key: &Record, item: &Record) {
        let at = |part| file.table(part).map_or(0, |table| table.at("fields"));
        let (key_at, item_at) = (at("key"), at("item"));
        for field in key.named() {
            let name = field.label();
            if key.fields.len() > 1 && matches!(field.form, Type::Text | Type::Ip) {
                let what = format!("`{name}` cannot stand beside others");
                self.wrong(key_at, what, "write a key of it alone");
            }
            let echoes = |echo: &&Field| echo.key && echo.is(name);
            if item.fields.iter().filter(echoes).count() != 1 {
                let what = format!("an answer needs `{name}` of the key once");
                self.wrong(item_at, what, format!("write {{ key = \"{name}\" }}"));
            }
        }
        if key.named().next().is_none() {
            let instead = "write a field with a name";
            self.wrong(key_at, "there is nothing to look up", instead);
        }
        for field in item
            .named()
            .filter(|field| !field.key && !field.is("status"))
        {
            if let Type::Enum(names) = &field.form
                && !names.open
                && u64::try_from(field.unset).is_ok_and(|unset| names.name_of(unset).is_none())
            {
                let what = format!(
                    "`{}` cannot be unset, as all is unless known",
                    field.label()
                );
                let instead = format!("write unset = the number of a value of {}", names.name);
                self.wrong(item_at, what, instead);
            }
        }
        let first = item.named().next().filter(|field| field.is("status"));
        match first.map(|field| &field.form) {
            Some(Type::Enum(status)) if !status.open && status.size == 2 => {
                let all = STATUSES.iter().all(|name| status.number(name).is_some());
                if !all || status.number("known") != Some(0) {
                    let instead = "write known = 0, payload-exceeded and oversized-item";
                    let what = "the status cannot say all that it must";
                    self.wrong(item_at, what, instead);
                }
            }
            _ => {
                let what = "the first field is not `status`, of a closed enum of type u16";
                let instead = "write { name = \"status\", type = ... } first";
                self.wrong(item_at, what, instead);
            }
        }
    }

    fn plural(&mut self, key: &Table, kind: &LookupKind) -> String {
        let usual = || {
            kind.alone()
                .map_or("keys".to_owned(), |field| format!("{}s", field.label()))
        };
        let plural = key.text("plural").map_or_else(usual, str::to_owned);
        if ["service", "items", "generation", "call"].contains(&plural.as_str()) {
            let what = format!("`{plural}` stands for something else in documents");
            self.wrong(key.at("plural"), what, "write plural = another name");
        }
        plural
    }

    /// What only the header of a snapshot must have. `response` is it between what the kind brings along.
    fn check_header(&mut self, file: &Table, response: &Record) {
        let header = file.table("header");
        if let Some(header) = header {
            self.not_of_documents(header, response);
        }
        // A field that is wrong has no size: it is told already.
        if response.size == SNAPSHOT_RESPONSE || !self.problems.is_empty() {
            return;
        }
        let (at, what, instead) = match header {
            None => (
                0,
                "there is no [header] of 8 bytes".to_owned(),
                "write [header] with about = \"Nothing yet.\" and fields = [{ reserved = \"u64\" }]",
            ),
            Some(header) => (
                header.at("fields"),
                format!(
                    "the fields of [header] take {} bytes, not 8",
                    response.size + 8 - SNAPSHOT_RESPONSE
                ),
                "write fields of 8 bytes, reserved ones among them, as { reserved = \"u32\" }",
            ),
        };
        self.wrong(at, what, instead);
    }

    /// Refuses fields that documents have another use for.
    fn not_of_documents(&mut self, table: &Table, record: &Record) {
        for name in ["service", "items", "call"] {
            if record.fields.iter().any(|field| field.is(name)) {
                let what = format!("`{name}` stands for something else in documents");
                self.wrong(table.at("fields"), what, "write another name");
            }
        }
    }

    fn cache_fields(&mut self, file: &Table, item: &Record) -> Option<Vec<String>> {
        let Some(entry) = file.entry("cache") else {
            return Some(Vec::new());
        };
        let known = || item.named().map(Field::label);
        let Value::List(names) = &entry.value.value else {
            let what = "`cache` is not right";
            self.wrong(entry.value.at, what, "write a list of fields of [item]");
            return None;
        };
        for name in names {
            let text = name.text().unwrap_or_default();
            if !known().any(|known| known == text) {
                let what = format!("`{text}` is nothing to find an item by");
                self.wrong(name.at, what, instead(text, known()));
            }
        }
        let names = names.iter().filter_map(|name| name.text());
        Some(names.map(str::to_owned).collect())
    }

    fn cache_key(&mut self, file: &Table) -> bool {
        let Some(entry) = file.entry("cache") else {
            return false;
        };
        if entry.value.text() != Some("key") {
            let what = "a lookup's cache finds items by their key";
            self.wrong(entry.value.at, what, "write cache = \"key\"");
        }
        true
    }
}

/// What every list of items begins with.
fn head(number: u16) -> Vec<Field> {
    vec![
        layout(number),
        reserved(Type::Unsigned(2)),
        own("item_count", Type::Unsigned(4)),
    ]
}
