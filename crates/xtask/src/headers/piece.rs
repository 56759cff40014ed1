//! One source file as C.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use cbindgen::{Builder, Config, DocumentationStyle, Language, Style};

use super::source::{self, Layout};
use crate::{Error, tool};

/// What one source file declares.
pub(crate) struct Piece {
    /// The declarations.
    pub(crate) text: String,
    /// How large its types are.
    pub(crate) layouts: Vec<Layout>,
    /// The values of its enums.
    pub(crate) enum_values: Vec<(String, u64)>,
    /// The types that it defines.
    types: Vec<String>,
}

impl Piece {
    fn new(path: &Path) -> Result<Self, Error> {
        let file = source::parse(path)?;
        let types = source::types(&file);
        let layouts = source::layouts(path, &file)?;
        let text = declarations(path, &types)?;
        let enum_values = source::enum_values(&file);
        Ok(Self {
            text,
            layouts,
            enum_values,
            types,
        })
    }

    /// Whether it names a type of `other`.
    fn needs(&self, other: &Self) -> bool {
        let mut words = self
            .text
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.any(|word| other.types.iter().any(|name| name == word))
    }
}

/// The pieces of a directory in alphabetical order, but for those that need a later one's types: C
/// wants them first.
pub(crate) fn in_order(dir: &Path) -> Result<Vec<Piece>, Error> {
    let mut waiting = Vec::new();
    for path in sources(dir)? {
        let piece = Piece::new(&path)?;
        if !piece.text.is_empty() {
            waiting.push(piece);
        }
    }
    let mut ordered = Vec::new();
    while !waiting.is_empty() {
        let free =
            |i: &usize| (0..waiting.len()).all(|j| j == *i || !waiting[*i].needs(&waiting[j]));
        let next = (0..waiting.len()).find(free).ok_or_else(|| Error::Source {
            path: dir.into(),
            problem: "has files that need each other's types; C needs one of them first".into(),
        })?;
        ordered.push(waiting.remove(next));
    }
    Ok(ordered)
}

/// The Rust files of a directory and those below it, in alphabetical order, `mod.rs` first.
fn sources(dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let read = |error| Error::file("list", dir)(error);
    let mut entries = fs::read_dir(dir)
        .and_then(|entries| {
            entries
                .map(|entry| Ok(entry?.path()))
                .collect::<Result<Vec<_>, _>>()
        })
        .map_err(read)?;
    entries.sort_by_key(|path| (!path.ends_with("mod.rs"), path.clone()));
    let mut sources = Vec::new();
    for entry in entries {
        match entry.is_dir() {
            true => sources.extend(self::sources(&entry)?),
            false if entry.extension().is_some_and(|extension| extension == "rs") => {
                sources.push(entry);
            }
            false => {}
        }
    }
    Ok(sources)
}

/// The C declarations of one file. Types of other files appear by their names.
fn declarations(path: &Path, types: &[String]) -> Result<String, Error> {
    let mut config = Config {
        language: Language::C,
        style: Style::Type,
        no_includes: true,
        usize_is_size_t: true,
        documentation_style: DocumentationStyle::Doxy,
        tab_width: 4,
        ..Config::default()
    };
    config.export.include = types.to_vec();
    // Beside its neighbours cbindgen would read those, too.
    let alone = tempfile::tempdir().map_err(Error::file("make a directory in", env::temp_dir()))?;
    let copy = alone.path().join("source.rs");
    tool::copy(path, &copy, 0o644)?;
    let bindings = Builder::new().with_config(config).with_src(copy).generate();
    let bindings = bindings.map_err(|error| Error::Source {
        path: path.into(),
        problem: error.to_string(),
    })?;
    let mut text = Vec::new();
    bindings.write(&mut text);
    Ok(with_tags(String::from_utf8_lossy(&text).trim()))
}

/// Gives structs and enums tags, which are named like the types: programs may declare them so.
/// (cbindgen can, but then writes `struct` wherever it names the type, too.)
fn with_tags(text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(String::from).collect();
    let mut opened = None;
    for i in 0..lines.len() {
        let line = &lines[i];
        if line.starts_with("typedef ") && line.ends_with(" {") {
            opened = Some(i);
        } else if let Some(name) = line.strip_prefix("} ").and_then(|l| l.strip_suffix(';')) {
            let tagged = |open: usize| (open, lines[open].replace(" {", &format!(" {name} {{")));
            if let Some((open, tagged)) = opened.take().map(tagged) {
                lines[open] = tagged;
            }
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_tags() {
        let text = "typedef struct {\n    int a;\n} nipc_a_t;\n\nvoid f(nipc_a_t *a);";
        let tagged = "typedef struct nipc_a_t {\n    int a;\n} nipc_a_t;\n\nvoid f(nipc_a_t *a);";
        assert_eq!(with_tags(text), tagged);
    }

    #[test]
    fn files_whose_types_others_need_come_first() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
        write("mod.rs", "pub mod a; pub mod b;");
        write("a.rs", "#[repr(C)] pub struct nipc_a_t { pub b: nipc_b_t }");
        write("b.rs", "#[repr(C)] pub struct nipc_b_t { pub n: u32 }");
        let pieces = in_order(dir.path()).unwrap();
        let types: Vec<_> = pieces.iter().map(|piece| &piece.types[..]).collect();
        assert_eq!(types, [["nipc_b_t"], ["nipc_a_t"]]);
    }
}
