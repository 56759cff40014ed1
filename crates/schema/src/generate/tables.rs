//! What our own libraries and programs have of all kinds at once: numbers of methods, and tables that tests,
//! fuzz targets and programs go through, so that none of them names a kind.

use std::fmt::Write;

use super::names::{camel, constant, lower_sentence, module};
use super::{GenerateError, Language, Source, go};
use crate::library::library;
use crate::model::Schema;

/// Fails where a kind that the libraries know is not among `schemas`.
pub(super) fn all_there(schemas: &[&Schema]) -> Result<(), GenerateError> {
    let is_there = |known: &&Schema| schemas.iter().any(|schema| schema.name == known.name);
    match library().iter().find(|known| !is_there(known)) {
        None => Ok(()),
        Some(missing) => Err(GenerateError {
            service: missing.name.clone(),
            why:
                "tables are made of all kinds that the library knows at once: name services/*.toml"
                    .to_owned(),
        }),
    }
}

/// The tables of a language. Those of C are in its binding.
pub(super) fn files(schemas: &[&Schema], language: Language) -> Vec<Source> {
    let mut known: Vec<&Schema> = schemas.to_vec();
    known.retain(|schema| schema.is_library());
    known.sort_by_key(|schema| schema.method);
    let mut all = schemas.to_vec();
    all.sort_by_key(|schema| &schema.name);
    let source = |name: &str, text| Source {
        name: name.to_owned(),
        text,
    };
    match language {
        Language::Rust => vec![
            source("proto/src/wire/methods.rs", rust_methods(&known)),
            source("generated/src/services.rs", rust_services(&all)),
        ],
        Language::Go => vec![
            source("protocol/methods.go", go_methods(&known)),
            source(
                "cmd/netipc-go/internal/kinds/lookups.go",
                go::lookup_table(&all),
            ),
        ],
        Language::C => Vec::new(),
    }
}

fn rust_methods(known: &[&Schema]) -> String {
    let mut out = "\
//! Numbers of the kinds that every peer knows.
//!
//! Made from `services/*.toml` by `netipc schema generate`: change that, not this file.

crate::codes! {
    /// A request kind. One code space for all services.
    pub struct MethodCode {
"
    .to_owned();
    for schema in known {
        let name = constant(&schema.name);
        let _ = writeln!(
            out,
            "        /// {}\n        {name} = {}, \"{name}\";",
            schema.about, schema.method
        );
    }
    out + "    }\n}\n"
}

fn rust_services(all: &[&Schema]) -> String {
    let (mut modules, mut others) = (Vec::new(), Vec::new());
    let (mut texts, mut checks) = (String::new(), String::new());
    for schema in all {
        let (name, module) = (&schema.name, module(schema));
        let _ = writeln!(
            texts,
            "    include_str!(\"../../../services/{name}.toml\"),"
        );
        let _ = writeln!(
            checks,
            "    check.{}::<{module}::{}>(\"{name}\");",
            schema.kind.word(),
            camel(name)
        );
        if schema.is_library() {
            modules.push(module);
        } else {
            others.push(module);
        }
    }
    include_str!("services.rs.in")
        .replace("@modules@", &modules.join(", "))
        .replace("@others@", &others.join(", "))
        .replace("@count@", &all.len().to_string())
        .replace("@texts@", &texts)
        .replace("@checks@", &checks)
}

fn go_methods(known: &[&Schema]) -> String {
    let mut numbers = String::new();
    let mut names = String::new();
    for schema in known {
        let (name, number) = (camel(&schema.name), schema.method);
        let _ = writeln!(
            numbers,
            "\t// Method{name} is {}: {}\n\tMethod{name} MethodCode = {number}",
            schema.name,
            lower_sentence(&schema.about)
        );
        let _ = writeln!(names, "\t{number}: \"{}\",", constant(&schema.name));
    }
    include_str!("methods.go.in")
        .replace("@numbers@", &numbers)
        .replace("@names@", &names)
}
