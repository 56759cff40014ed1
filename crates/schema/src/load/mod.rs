//! From files to schemas.

mod fields;
mod names;
mod rules;
mod service;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::model::{Schema, Shared, Type};
use crate::problem::{Problem, SchemaError, instead};
use crate::source::{Source, Table};
use crate::words::{self, Words};

/// The schema in a file.
///
/// What it uses is looked for beside it; `common.toml` is always there.
///
/// # Errors
/// All mistakes of the file, or that it cannot be read.
pub fn load(path: impl AsRef<Path>) -> Result<Schema, SchemaError> {
    let path = path.as_ref();
    let source = Source::new(path.display().to_string(), read(path)?);
    Loader::new(&source, path.parent()).schema()
}

/// Several schemas, of which no two may share a name or a method number.
///
/// # Errors
/// As [`load`], for the first file with mistakes.
pub fn load_all<P: AsRef<Path>>(
    paths: impl IntoIterator<Item = P>,
) -> Result<Vec<Schema>, SchemaError> {
    let mut schemas: Vec<Schema> = Vec::new();
    for path in paths {
        let path = path.as_ref();
        let source = Source::new(path.display().to_string(), read(path)?);
        let mut loader = Loader::new(&source, path.parent());
        let schema = loader.schema()?;
        loader.alone(&schema, &schemas)?;
        schemas.push(schema);
    }
    Ok(schemas)
}

/// The schema in `text`, which is called `file` in errors. It can use `common.toml` only.
///
/// # Errors
/// All mistakes of the text.
pub fn parse(file: &str, text: &str) -> Result<Schema, SchemaError> {
    Loader::new(&Source::new(file, text), None).schema()
}

/// The enums, flags and records of a file that is no service.
///
/// # Errors
/// As [`load`].
pub fn load_shared(path: impl AsRef<Path>) -> Result<Shared, SchemaError> {
    let path = path.as_ref();
    parse_shared(&path.display().to_string(), &read(path)?)
}

/// The enums, flags and records in `text`, which is called `file` in errors.
///
/// # Errors
/// All mistakes of the text.
pub fn parse_shared(file: &str, text: &str) -> Result<Shared, SchemaError> {
    Loader::new(&Source::new(file, text), None).shared()
}

fn read(path: &Path) -> Result<String, SchemaError> {
    fs::read_to_string(path).map_err(|source| SchemaError::Unreadable {
        file: path.display().to_string(),
        source,
    })
}

/// Reads one file, and collects what is wrong with it.
struct Loader<'s> {
    source: &'s Source,
    /// Where other files are.
    folder: Option<&'s Path>,
    problems: BTreeSet<Problem>,
    /// Enums and flags, those of other files first.
    types: Vec<Type>,
    /// Names of types that fields are of.
    used: BTreeSet<String>,
}

impl<'s> Loader<'s> {
    const fn new(source: &'s Source, folder: Option<&'s Path>) -> Self {
        Self {
            source,
            folder,
            problems: BTreeSet::new(),
            types: Vec::new(),
            used: BTreeSet::new(),
        }
    }

    fn schema(&mut self) -> Result<Schema, SchemaError> {
        let file = self.parse()?;
        let schema = self.service(&file);
        self.end(schema)
    }

    fn shared(&mut self) -> Result<Shared, SchemaError> {
        let file = self.parse()?;
        let shared = self.shared_file(&file);
        self.end(shared)
    }

    fn parse(&self) -> Result<Table, SchemaError> {
        self.source
            .parse()
            .map_err(|problem| SchemaError::Wrong(vec![problem]))
    }

    /// What was read, unless something is wrong.
    fn end<T>(&mut self, read: Option<T>) -> Result<T, SchemaError> {
        match read {
            Some(read) if self.problems.is_empty() => Ok(read),
            _ => {
                let mut problems: Vec<_> = std::mem::take(&mut self.problems).into_iter().collect();
                problems.sort_by_key(|problem| (problem.line, problem.column));
                Err(SchemaError::Wrong(problems))
            }
        }
    }

    fn shared_file(&mut self, file: &Table) -> Option<Shared> {
        if !self.words(file, &words::SHARED) {
            return None;
        }
        self.named_types(file, true);
        let mut records = Vec::new();
        for (name, table) in file.named("records") {
            if self.words(table, &words::RECORD) {
                records.push((name.to_owned(), self.fixed_record(table)));
            }
        }
        Some(Shared {
            enums: self.enums(),
            flags: self.flags(),
            records,
        })
    }

    /// Refuses a schema that has the name or the number of another.
    fn alone(&mut self, schema: &Schema, others: &[Schema]) -> Result<(), SchemaError> {
        let file = self.parse()?;
        for other in others {
            if other.name == schema.name {
                let what = format!("there is a service {} already", other.name);
                self.wrong(file.at("service"), what, "write another name");
            }
            if other.method == schema.method {
                let what = format!("{} has method {} already", other.name, other.method);
                self.wrong(file.at("method"), what, "write another");
            }
        }
        self.end(Some(()))
    }

    fn wrong(&mut self, at: usize, what: impl Into<String>, instead: impl Into<String>) {
        self.problems.insert(self.source.problem(at, what, instead));
    }

    /// Whether only `words` stand in the table, each with what it wants, and none is missing.
    fn words(&mut self, table: &Table, words: &Words) -> bool {
        let before = self.problems.len();
        for entry in table.entries() {
            let key = &entry.key;
            match words.words.iter().find(|word| word.name == key) {
                Some(word) if word.shape.fits(&entry.value) => {}
                Some(word) => {
                    let instead = format!("write {}", word.shape.meaning());
                    self.wrong(entry.value.at, format!("`{key}` is not right"), instead);
                }
                None => {
                    let what = format!("`{key}` is no word of {}", words.what);
                    let known = words.words.iter().map(|word| word.name);
                    self.wrong(entry.key_at, what, instead(key, known));
                }
            }
        }
        for word in words.words {
            let name = word.name;
            if word.needed_in(table) && !table.has(name) {
                let what = format!("{} has no `{name}`", words.what);
                self.wrong(table.at, what, format!("write {name} = ..."));
            }
        }
        self.problems.len() == before
    }
}
