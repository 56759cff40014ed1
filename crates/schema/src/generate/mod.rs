//! Source code of a service: types, codec, client and server, in each language.

mod c;
mod capi;
mod go;
mod names;
mod rust;
mod tables;

use std::fmt;
use std::str::FromStr;

use crate::model::Schema;

/// A language that code is made in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Language {
    /// Over the crate `netipc`.
    Rust,
    /// Over the module `netipc/go`.
    Go,
    /// Over `libnetipc`, C99.
    C,
}

/// A file of source code, as it is before the formatter of its language.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Source {
    /// Its name, without directories that the language does not ask for.
    pub name: String,
    /// What stands in it.
    pub text: String,
}

/// Why no code can be made.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{service}: {why}")]
pub struct GenerateError {
    service: String,
    why: String,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 3] = [Self::Rust, Self::Go, Self::C];

    /// The program that formats its code from stdin to stdout, and its arguments.
    #[must_use]
    pub const fn formatter(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Rust => Some(&["rustfmt", "--edition", "2024"]),
            Self::Go => Some(&["gofmt"]),
            Self::C => None,
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Rust => "rust",
            Self::Go => "go",
            Self::C => "c",
        })
    }
}

impl FromStr for Language {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::ALL
            .into_iter()
            .find(|known| known.to_string() == name);
        known.ok_or_else(|| format!("there is no {name} code: write rust, go or c"))
    }
}

/// The code of a service. `file` is the name of its schema, for the comment that says what it was
/// made from.
///
/// # Errors
/// Where a library has no room for what the schema says.
pub fn generate(
    schema: &Schema,
    language: Language,
    file: &str,
) -> Result<Vec<Source>, GenerateError> {
    let wrong = |why: &str| {
        let (service, why) = (schema.name.clone(), why.to_owned());
        Err(GenerateError { service, why })
    };
    let mut fields = schema
        .parts()
        .into_iter()
        .flat_map(|(_, record)| &record.fields);
    if fields.any(|field| field.error != netipc_proto::wire::WireErrorKind::BadLayout) {
        return wrong("`error` is for records of shared files");
    }
    Ok(match language {
        Language::Rust => vec![Source {
            name: format!("{}.rs", schema.name.replace('-', "_")),
            text: rust::module(schema, file),
        }],
        Language::Go => go::files(schema, file),
        Language::C => c::files(schema, file)
            .into_iter()
            .map(|(name, text)| Source { name, text })
            .collect(),
    })
}

/// The code of a service as our own library has it: a kind that integrations know in the places and by
/// the names that they know, another as [`generate`] makes it. Names of files begin at the root of the
/// library's source: in Go the module, in Rust the directory of the crates.
///
/// # Errors
/// As [`generate`].
pub fn generate_for_library(
    schema: &Schema,
    language: Language,
    file: &str,
) -> Result<Vec<Source>, GenerateError> {
    let sources = generate(schema, language, file)?;
    Ok(match language {
        Language::C => sources,
        Language::Rust => {
            let dir = if schema.is_library() {
                "netipc/src/service/made"
            } else {
                "generated/src"
            };
            let place = |source: Source| Source {
                name: format!("{dir}/{}", source.name),
                ..source
            };
            sources.into_iter().map(place).collect()
        }
        Language::Go => go::library_files(schema, file)?,
    })
}

/// What our own libraries and programs have of all kinds at once: the numbers of methods, and tables that tests
/// and programs go through. Names of files begin as those of [`generate_for_library`] do.
///
/// # Errors
/// Where a kind that every peer knows is missing.
pub fn generate_tables(
    schemas: &[&Schema],
    language: Language,
) -> Result<Vec<Source>, GenerateError> {
    tables::all_there(schemas)?;
    Ok(tables::files(schemas, language))
}

/// The binding of our own C library, `crates/capi`, of all kinds that it knows: Rust that has to be formatted
/// as such, of which `cargo xtask headers` makes the headers. Other schemas are left out. Names of files begin
/// at the directory of the crates.
///
/// # Errors
/// Where a kind that it knows is missing, or the library has no room for what a schema says.
pub fn generate_binding(schemas: &[&Schema]) -> Result<Vec<Source>, GenerateError> {
    tables::all_there(schemas)?;
    let sources = capi::files(schemas)?.into_iter();
    Ok(sources.map(|(name, text)| Source { name, text }).collect())
}
