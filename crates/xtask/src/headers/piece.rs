//! One source file as C.

use std::env;
use std::fs;
use std::io;
use std::path::Path;

use cbindgen::{Builder, Config, DocumentationStyle, Language, Style};

use super::source::{self, Layout};
use crate::{Error, tool};

/// How long a line of a header may be.
const LINE: usize = 100;

/// What one source file declares.
pub(crate) struct Piece {
    /// The file, without its directory and `.rs`.
    pub(crate) name: String,
    /// The declarations.
    pub(crate) text: String,
    /// The types that it defines.
    pub(crate) types: Vec<String>,
    /// The values of its enums.
    pub(crate) enum_values: Vec<(String, u64)>,
    /// The layouts of its types, where it says them itself.
    pub(crate) layouts: Vec<Layout>,
}

impl Piece {
    fn new(path: &Path) -> Result<Self, Error> {
        let file = source::parse(path)?;
        let types = source::types(&file);
        Ok(Self {
            name: path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            text: declarations(path, &types)?,
            enum_values: source::enum_values(&file),
            layouts: source::layouts_among(path, &file.items)?,
            types,
        })
    }
}

/// What the Rust files of a directory declare, in alphabetical order.
pub(crate) fn all(dir: &Path) -> Result<Vec<Piece>, Error> {
    let mut paths = fs::read_dir(dir)
        .and_then(|entries| {
            entries
                .map(|entry| Ok(entry?.path()))
                .collect::<io::Result<Vec<_>>>()
        })
        .map_err(Error::file("list", dir))?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    paths.sort();
    let pieces: Vec<_> = paths
        .iter()
        .map(|path| Piece::new(path))
        .collect::<Result<_, _>>()?;
    Ok(pieces
        .into_iter()
        .filter(|piece| !piece.text.is_empty())
        .collect())
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
    let text = with_tags(String::from_utf8_lossy(&text).trim());
    Ok(with_short_comments(&with_unsigned(&text)))
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

/// Writes large constants as C programs want them: unsigned, not longer than they are in Rust.
fn with_unsigned(text: &str) -> String {
    let constant = |line: &str| {
        let (name, value) = line.strip_prefix("#define ")?.split_once(' ')?;
        let value = value
            .parse::<u32>()
            .ok()
            .filter(|value| *value > 0xff_ffff)?;
        Some(format!("#define {name} {value:#010x}u"))
    };
    let lines = text
        .lines()
        .map(|line| constant(line).unwrap_or_else(|| line.to_owned()));
    lines.collect::<Vec<_>>().join("\n")
}

/// Writes comments of one line in one line.
fn with_short_comments(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        lines.push(line.to_owned());
        if let [.., open, words, close] = &lines[..]
            && close.trim() == "*/"
            && open.trim() == "/**"
            && let Some(words) = words.trim().strip_prefix("* ")
        {
            let short = format!("{open} {words} */");
            if short.len() <= LINE {
                lines.truncate(lines.len() - 3);
                lines.push(short);
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
    fn large_constants_are_unsigned() {
        let text = "#define NIPC_A 65536\n#define NIPC_B 4294967295";
        assert_eq!(
            with_unsigned(text),
            "#define NIPC_A 65536\n#define NIPC_B 0xffffffffu"
        );
    }

    #[test]
    fn comments_of_one_line_are_short() {
        let text =
            "/**\n * One.\n */\nint a;\n    /**\n     * One\n     * two.\n     */\n    int b;";
        let short = "/** One. */\nint a;\n    /**\n     * One\n     * two.\n     */\n    int b;";
        assert_eq!(with_short_comments(text), short);
    }

    #[test]
    fn files_are_read_alone() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
        write("mod.rs", "mod a; mod b;");
        write("b.rs", "#[repr(C)] pub struct nipc_b_t { pub n: u32 }");
        write("a.rs", "#[repr(C)] pub struct nipc_a_t { pub b: nipc_b_t }");
        let pieces = all(dir.path()).unwrap();
        let names: Vec<_> = pieces.iter().map(|piece| &piece.name[..]).collect();
        assert_eq!(names, ["a", "b"]);
        assert!(pieces[0].text.contains("nipc_b_t b;"), "{}", pieces[0].text);
    }
}
