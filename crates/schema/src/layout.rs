//! What makes the bytes of a service, one field a line, and the file that records it.
//!
//! ```text
//! ip-to-asn: lookup, method 32769, layout 1
//!   key: 4 or 16 bytes
//!     ip                                # address
//!   item: 36 bytes
//!       0 u16 layout
//!       2 u16 one of 0 1 2 3            # status: known, unknown, ...
//!       4 u32                           # asn
//! ```
//!
//! What stands behind a `#` is for people: names make no bytes.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use crate::model::{Field, KeyForm, Kind, Record, Schema, Type};

const HEADER: &str = "\
# What makes the bytes of each service. `netipc schema check` refuses other bytes under the same layout
# number, `netipc schema lock` writes this file. What stands behind a # changes no bytes.
";

/// The layouts of several services, as a file records them.
///
/// ```
/// use netipc_schema::{Lock, Verdict, parse};
///
/// let text = "service = \"x\"\nmethod = 0x8003\nkind = \"value\"\nabout = \"A test.\"\n\
///     [request]\nabout = \"A number.\"\nfields = [{ name = \"n\", type = \"u32\", about = \"Any.\" }]\n\
///     [response]\nabout = \"It.\"\nfields = [{ name = \"n\", type = \"u32\", about = \"The same.\" }]\n";
/// let before = parse("x.toml", text)?;
/// let lock: Lock = Lock::of([&before]).to_string().parse()?;
/// let after = parse("x.toml", &text.replace("u32", "u64"))?;
/// assert_eq!(lock.check(&before), Verdict::Same);
/// assert!(matches!(lock.check(&after), Verdict::Changed(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Lock {
    services: BTreeMap<String, Vec<String>>,
}

/// How a schema stands to the recorded layout.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// All is as recorded.
    Same,
    /// The bytes are as recorded, names are not.
    Renamed,
    /// The service is not recorded.
    New,
    /// The layout number was raised, and whatever changed may change.
    Raised,
    /// The bytes changed and the layout number did not. The lines that did: as recorded, and as they
    /// are.
    Changed(Vec<(Option<String>, Option<String>)>),
}

/// A line of a lock file that is not understood.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("line {line}: `{text}` belongs to no service")]
pub struct LockError {
    line: usize,
    text: String,
}

impl Lock {
    /// The layouts of these services.
    #[must_use]
    pub fn of<'s>(schemas: impl IntoIterator<Item = &'s Schema>) -> Self {
        let service = |schema: &Schema| (schema.name.clone(), layout(schema));
        Self {
            services: schemas.into_iter().map(service).collect(),
        }
    }

    /// These services in place of what is recorded of them, and all others as they are.
    #[must_use]
    pub fn with<'s>(mut self, schemas: impl IntoIterator<Item = &'s Schema>) -> Self {
        self.services.extend(Self::of(schemas).services);
        self
    }

    /// Names of the services.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.services.keys().map(String::as_str)
    }

    /// How `schema` stands to what is recorded.
    #[must_use]
    pub fn check(&self, schema: &Schema) -> Verdict {
        let now = layout(schema);
        let Some(then) = self.services.get(&schema.name) else {
            return Verdict::New;
        };
        if *then == now {
            return Verdict::Same;
        }
        let bytes = |lines: &[String]| -> Vec<String> {
            lines
                .iter()
                .map(|line| without_names(line).to_owned())
                .collect()
        };
        if bytes(then) == bytes(&now) {
            return Verdict::Renamed;
        }
        let recorded = then.first().and_then(|line| layout_number(line));
        match (recorded, schema.layout) {
            (Some(recorded), Some(number)) if number > recorded => Verdict::Raised,
            _ => Verdict::Changed(differences(then, &now)),
        }
    }
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEADER)?;
        for lines in self.services.values() {
            f.write_str("\n")?;
            for line in lines {
                writeln!(f, "{line}")?;
            }
        }
        Ok(())
    }
}

impl std::str::FromStr for Lock {
    type Err = LockError;

    fn from_str(text: &str) -> Result<Self, LockError> {
        let mut services: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut current = None;
        for (nth, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some((name, _)) = line.split_once(':').filter(|_| !line.starts_with(' ')) {
                current = Some(name.to_owned());
            }
            let Some(name) = &current else {
                return Err(LockError {
                    line: nth + 1,
                    text: line.to_owned(),
                });
            };
            services
                .entry(name.clone())
                .or_default()
                .push(line.to_owned());
        }
        Ok(Self { services })
    }
}

/// What of a line makes bytes.
pub(crate) fn without_names(line: &str) -> &str {
    let bytes = line.split_once('#').map_or(line, |(bytes, _)| bytes);
    bytes.trim_end()
}

fn layout_number(line: &str) -> Option<u16> {
    line.rsplit_once(" layout ")?.1.parse().ok()
}

/// The lines that are not the same, in pairs as far as they stand in the same place.
fn differences(then: &[String], now: &[String]) -> Vec<(Option<String>, Option<String>)> {
    let gone = then.iter().filter(|line| !now.contains(line)).cloned();
    let come = now.iter().filter(|line| !then.contains(line)).cloned();
    let (mut gone, mut come) = (gone.fuse(), come.fuse());
    std::iter::from_fn(move || match (gone.next(), come.next()) {
        (None, None) => None,
        pair => Some(pair),
    })
    .collect()
}

/// All that makes the bytes of a service, one field a line.
#[must_use]
pub fn layout(schema: &Schema) -> Vec<String> {
    let mut head = format!(
        "{}: {}, method {}",
        schema.name,
        schema.kind.word(),
        schema.method
    );
    if schema.batches() {
        head.push_str(", in batches");
    }
    if let Some(number) = schema.layout {
        let _ = write!(head, ", layout {number}");
    }
    let mut lines = vec![head];
    for (part, record) in schema.parts() {
        let form = match &schema.kind {
            Kind::Lookup(kind) if part == "key" => Some(kind.form()),
            _ => None,
        };
        let size = match form {
            Some(KeyForm::Text) => "bytes and a NUL".to_owned(),
            Some(KeyForm::Ip) => "4 or 16 bytes".to_owned(),
            _ => format!("{} bytes", record.size),
        };
        lines.push(format!("  {part}: {size}"));
        let places = !matches!(form, Some(KeyForm::Text | KeyForm::Ip));
        lines.extend(record.fields.iter().map(|field| line(field, places)));
        lines.extend(rules(record));
    }
    lines
}

fn line(field: &Field, place: bool) -> String {
    let mut line = "    ".to_owned();
    if place {
        let _ = write!(line, "{:3} ", field.offset);
    }
    line.push_str(&word(&field.form));
    match &field.form {
        Type::Enum(names) if !names.open => {
            line.push_str(" one of");
            for value in &names.values {
                let _ = write!(line, " {}", value.number);
            }
            // The protocol itself acts on them.
            for name in ["payload-exceeded", "oversized-item"] {
                if let Some(number) = names.number(name) {
                    let _ = write!(line, ", {name} {number}");
                }
            }
        }
        _ => {}
    }
    for (word, bound) in [
        ("is", field.constant),
        ("min", field.min),
        ("max", field.max),
    ] {
        if let Some(bound) = bound.filter(|_| !field.is("layout")) {
            let _ = write!(line, " {word} {bound}");
        }
    }
    if field.nul {
        line.push_str(" with NULs");
    }
    if field.unset != 0 {
        let _ = write!(line, " unset {}", field.unset);
    }
    if field.key {
        line.push_str(" of the key");
    }
    let name = match (&field.name, &field.form) {
        (None, _) => return line + " reserved",
        (Some(_), _) if field.is("layout") && field.constant.is_some() => return line + " layout",
        (Some(name), Type::Enum(names)) if !names.open => {
            let values: Vec<&str> = names.values.iter().map(|value| &*value.name).collect();
            format!("{name}: {}", values.join(", "))
        }
        (Some(name), _) => name.clone(),
    };
    format!("{line:<35} # {name}")
}

/// The type, without names.
fn word(form: &Type) -> String {
    match form {
        Type::Enum(names) => Type::Unsigned(names.size).word(),
        Type::Flags(names) => Type::Unsigned(names.size).word(),
        form => form.word(),
    }
}

/// The rules of a record, one a line.
pub(crate) fn rules(record: &Record) -> Vec<String> {
    let offset = |name: &String| {
        let field = record.fields.iter().find(|field| field.is(name));
        field.map_or(0, |field| field.offset)
    };
    let mut lines = Vec::new();
    for rule in &record.rules {
        for (word, names) in [("set", &rule.set), ("unset", &rule.unset)] {
            if names.is_empty() {
                continue;
            }
            let mut offsets: Vec<usize> = names.iter().map(offset).collect();
            offsets.sort_unstable();
            let offsets: Vec<String> = offsets.iter().map(usize::to_string).collect();
            let subject = offset(&rule.field);
            let line = format!(
                "    {subject:3} = {}: {word} {}",
                rule.value,
                offsets.join(" ")
            );
            lines.push(format!("{line:<35} # {}: {}", rule.field, names.join(", ")));
        }
    }
    lines
}
