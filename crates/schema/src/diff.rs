//! What changes between two schemas of a service, in words, and for whom.

use std::fmt;

use crate::model::{Enum, Field, Flags, Kind, Named, Record, Schema, Type};

/// Whom a change concerns.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Concerns {
    /// Peers: other bytes are written, or accepted. It takes another layout number.
    Peers,
    /// Authors: names in code and documents are others. The bytes are the same.
    Authors,
    /// Readers: meaning, units, and what clients make of them.
    Readers,
}

/// One change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    /// Whom it concerns.
    pub concerns: Concerns,
    /// What is different.
    pub what: String,
}

impl fmt::Display for Concerns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Peers => "peers",
            Self::Authors => "authors",
            Self::Readers => "readers",
        })
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.concerns, self.what)
    }
}

/// What changes from `old` to `new`, what concerns peers first.
#[must_use]
pub fn diff(old: &Schema, new: &Schema) -> Vec<Change> {
    let mut changes = Changes(Vec::new());
    changes.heads(old, new);
    let parts = new.parts();
    for (name, record) in old.parts() {
        match parts.iter().find(|(other, _)| *other == name) {
            Some((_, other)) => changes.records(name, record, other),
            None => changes.peers(format!("there is no {name} any more")),
        }
    }
    for (name, _) in parts {
        if !old.parts().iter().any(|(other, _)| *other == name) {
            changes.peers(format!("there is a {name} now"));
        }
    }
    changes.names(old, new);
    changes.0.sort_by_key(|change| change.concerns);
    changes.0
}

/// What `new` needs, given what changes from `old`: nothing where peers see no difference.
#[must_use]
pub fn advice(old: &Schema, new: &Schema) -> Option<String> {
    let concerned = diff(old, new)
        .iter()
        .any(|change| change.concerns == Concerns::Peers);
    if !concerned || old.method != new.method {
        return None;
    }
    Some(match (old.layout, new.layout) {
        (Some(old), Some(new)) if new > old => {
            format!("layout {old} and layout {new} refuse each other: upgrade both sides together")
        }
        (Some(old), _) => format!("write layout = {}", u32::from(old) + 1),
        (None, _) => "without a layout number only another method number tells old from new: \
            write a new method"
            .to_owned(),
    })
}

struct Changes(Vec<Change>);

impl Changes {
    fn add(&mut self, concerns: Concerns, what: String) {
        self.0.push(Change { concerns, what });
    }

    fn peers(&mut self, what: String) {
        self.add(Concerns::Peers, what);
    }

    /// Notes that `what` was one thing and is another.
    fn was<T: PartialEq + fmt::Display>(
        &mut self,
        concerns: Concerns,
        what: &str,
        old: &T,
        new: &T,
    ) {
        if old != new {
            self.add(concerns, format!("{what} was {old} and is {new}"));
        }
    }

    fn heads(&mut self, old: &Schema, new: &Schema) {
        let number = |number: Option<u16>| number.map_or("none".to_owned(), |n| n.to_string());
        let yes = |yes: bool| if yes { "allowed" } else { "not allowed" };
        self.was(
            Concerns::Peers,
            "the name of the endpoint",
            &old.name,
            &new.name,
        );
        self.was(Concerns::Peers, "the method", &old.method, &new.method);
        self.was(
            Concerns::Peers,
            "the kind",
            &old.kind.word(),
            &new.kind.word(),
        );
        self.was(
            Concerns::Peers,
            "the layout",
            &number(old.layout),
            &number(new.layout),
        );
        self.was(
            Concerns::Peers,
            "a batch",
            &yes(old.batches()),
            &yes(new.batches()),
        );
        self.was(Concerns::Readers, "the meaning", &old.about, &new.about);
        match (&old.kind, &new.kind) {
            (Kind::Lookup(old), Kind::Lookup(new)) => {
                self.was(
                    Concerns::Authors,
                    "the list of keys in documents",
                    &old.plural,
                    &new.plural,
                );
                self.was(
                    Concerns::Readers,
                    "caching",
                    &yes(old.cached),
                    &yes(new.cached),
                );
            }
            (Kind::Snapshot(old), Kind::Snapshot(new)) => {
                let (old, new) = (old.cache.join(", "), new.cache.join(", "));
                self.was(Concerns::Authors, "what a cache finds items by", &old, &new);
            }
            _ => {}
        }
    }

    fn records(&mut self, part: &str, old: &Record, new: &Record) {
        let size = |record: &Record| format!("{} bytes", record.size);
        self.was(
            Concerns::Peers,
            &format!("the fixed part of {part}"),
            &size(old),
            &size(new),
        );
        for field in old.fields.iter().filter(|field| field.name.is_some()) {
            match successor(field, old, new) {
                Some(other) => self.fields(part, field, other),
                None => self.peers(format!("{part}: `{}` is gone", field.label())),
            }
        }
        for field in new.fields.iter().filter(|field| field.name.is_some()) {
            let followed = |before: &&Field| {
                before.name.is_some() && successor(before, old, new) == Some(field)
            };
            if !old.fields.iter().any(|before| followed(&before)) {
                let (name, at) = (field.label(), field.offset);
                let what = format!(
                    "{part}: `{name}`, {}, is new at byte {at}",
                    field.form.word()
                );
                self.peers(what);
            }
        }
        let rules = |record: &Record| {
            let lines = crate::layout::rules(record).into_iter();
            lines.map(|line| line.trim().to_owned()).collect::<Vec<_>>()
        };
        let bytes = |rules: &[String]| {
            let lines = rules.iter().map(|rule| crate::layout::without_names(rule));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        let (old_rules, new_rules) = (rules(old), rules(new));
        if bytes(&old_rules) != bytes(&new_rules) {
            for rule in old_rules.iter().filter(|rule| !new_rules.contains(rule)) {
                self.peers(format!("{part}: the rule `{}` is gone", spaced(rule)));
            }
            for rule in new_rules.iter().filter(|rule| !old_rules.contains(rule)) {
                self.peers(format!("{part}: the rule `{}` is new", spaced(rule)));
            }
        }
        let bytes =
            |typical: Option<u32>| typical.map_or("the least".to_owned(), |n| n.to_string());
        let what = format!("{part}: the typical size");
        self.was(
            Concerns::Readers,
            &what,
            &bytes(old.typical),
            &bytes(new.typical),
        );
        self.was(
            Concerns::Readers,
            &format!("the meaning of {part}"),
            &old.about,
            &new.about,
        );
    }

    fn fields(&mut self, part: &str, old: &Field, new: &Field) {
        let what = |of: &str| format!("{part}: {of} of `{}`", old.label());
        let number = |n: Option<i128>| n.map_or("none".to_owned(), |n| n.to_string());
        let nul = |nul: bool| if nul { "allowed" } else { "not allowed" };
        let bytes = |field: &Field| match &field.form {
            Type::Enum(_) | Type::Flags(_) => Type::Unsigned(field.form.size()).word(),
            form => form.word(),
        };
        self.was(
            Concerns::Peers,
            &what("the place"),
            &old.offset,
            &new.offset,
        );
        self.was(Concerns::Peers, &what("the type"), &bytes(old), &bytes(new));
        self.was(
            Concerns::Peers,
            &what("`min`"),
            &number(old.min),
            &number(new.min),
        );
        self.was(
            Concerns::Peers,
            &what("`max`"),
            &number(old.max),
            &number(new.max),
        );
        self.was(Concerns::Peers, &what("`unset`"), &old.unset, &new.unset);
        self.was(
            Concerns::Peers,
            &what("a NUL in the text"),
            &nul(old.nul),
            &nul(new.nul),
        );
        self.was(
            Concerns::Peers,
            &what("`is`"),
            &number(old.constant),
            &number(new.constant),
        );
        if bytes(old) == bytes(new) {
            self.was(
                Concerns::Authors,
                &what("the type"),
                &old.form.word(),
                &new.form.word(),
            );
        }
        let closed = |form: &Type| matches!(form, Type::Enum(names) if !names.open);
        if closed(&old.form) != closed(&new.form) {
            self.peers(what("whether a number without a name is refused") + " is another");
        }
        self.said_of_fields(part, old, new);
    }

    fn said_of_fields(&mut self, part: &str, old: &Field, new: &Field) {
        let what = |of: &str| format!("{part}: {of} of `{}`", old.label());
        if old.name != new.name {
            let what = format!("{part}: `{}` is called `{}` now", old.label(), new.label());
            self.add(Concerns::Authors, what);
        }
        let unit = |field: &Field| field.unit.clone().unwrap_or_else(|| "none".to_owned());
        self.was(Concerns::Readers, &what("the unit"), &unit(old), &unit(new));
        self.was(
            Concerns::Readers,
            &what("the meaning"),
            &old.about,
            &new.about,
        );
    }

    /// Values and bits.
    fn names(&mut self, old: &Schema, new: &Schema) {
        for names in &old.enums {
            if let Some(other) = new.enums.iter().find(|other| other.name == names.name) {
                self.values(names, other);
            }
        }
        for names in &old.flags {
            if let Some(other) = new.flags.iter().find(|other| other.name == names.name) {
                self.bits(names, other);
            }
        }
    }

    fn values(&mut self, old: &Enum, new: &Enum) {
        let concerns = |names: &Enum| {
            if names.open {
                Concerns::Authors
            } else {
                Concerns::Peers
            }
        };
        self.entries(
            &old.name,
            "value",
            (&old.values, &new.values),
            concerns(new),
        );
    }

    fn bits(&mut self, old: &Flags, new: &Flags) {
        self.entries(&old.name, "bit", (&old.bits, &new.bits), Concerns::Authors);
    }

    fn entries(
        &mut self,
        of: &str,
        word: &str,
        (old, new): (&[Named], &[Named]),
        concerns: Concerns,
    ) {
        for entry in old {
            let (name, number) = (&entry.name, entry.number);
            match new.iter().find(|other| other.number == number) {
                Some(other) => {
                    if other.name != *name {
                        let what = format!(
                            "{of}: {word} {number}, `{name}`, is called `{}` now",
                            other.name
                        );
                        self.add(Concerns::Authors, what);
                    }
                    let what = format!("{of}: the meaning of `{name}`");
                    self.was(Concerns::Readers, &what, &entry.about, &other.about);
                }
                None => self.add(
                    concerns,
                    format!("{of}: {word} {number}, `{name}`, is gone"),
                ),
            }
        }
        for entry in new {
            if !old.iter().any(|other| other.number == entry.number) {
                let (name, number) = (&entry.name, entry.number);
                let what = format!("{of}: {word} {number}, `{name}`, is new");
                self.add(concerns, what);
            }
        }
    }
}

/// The field that `field` became: that of its name, or what stands in its place and is new.
fn successor<'n>(field: &Field, old: &Record, new: &'n Record) -> Option<&'n Field> {
    let named = |record: &'n Record| record.fields.iter().filter(|field| field.name.is_some());
    let same = named(new).find(|other| other.name == field.name);
    same.or_else(|| {
        named(new).find(|other| {
            let known = old.fields.iter().any(|before| before.name == other.name);
            other.offset == field.offset && other.form.size() == field.form.size() && !known
        })
    })
}

/// A line of a lock file in words.
fn spaced(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
