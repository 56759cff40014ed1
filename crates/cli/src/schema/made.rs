//! Files that are made from schemas.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use clap::Args;
use netipc_schema::{
    Language, Schema, Source, generate, generate_binding, generate_for_library, generate_tables,
};

use super::{say, services};
use crate::exit::{Exit, Failed};

/// What something is made from, and where it goes.
#[derive(Args, Debug)]
pub(super) struct Made {
    /// Schemas
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Directory for a file of each service [default: stdout]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Made {
    /// Writes what `make` makes of each schema: to a file of its name, or to stdout.
    pub(super) fn write(&self, end: &str, make: impl Fn(&Schema) -> String) -> Result<(), Failed> {
        for (schema, _) in services(&self.files)? {
            let made = make(&schema);
            match &self.out {
                Some(dir) => write_file(&dir.join(format!("{}.{end}", schema.name)), &made)?,
                None => say(&[made.trim_end().to_owned()])?,
            }
        }
        Ok(())
    }
}

impl Made {
    /// Writes the source code of each schema: to files, or to stdout. `library` has it as our own library
    /// has it.
    pub(super) fn generate(&self, languages: &[Language], library: bool) -> Result<(), Failed> {
        let generate = if library {
            generate_for_library
        } else {
            generate
        };
        let refused = |error| Failed::caused_by(Exit::Usage, &error);
        let schemas = services(&self.files)?;
        let is_binding = |language: &Language| library && *language == Language::C;
        for (schema, file) in &schemas {
            let file = file.file_name().unwrap_or_default().to_string_lossy();
            for language in languages.iter().filter(|language| !is_binding(language)) {
                let sources = generate(schema, *language, &file).map_err(refused)?;
                self.put(*language, sources)?;
            }
        }
        if !library {
            return Ok(());
        }
        // What is made of all kinds at once.
        let schemas: Vec<&Schema> = schemas.iter().map(|(schema, _)| schema).collect();
        for language in languages {
            if *language == Language::C {
                self.put(Language::Rust, generate_binding(&schemas).map_err(refused)?)?;
            } else {
                let tables = generate_tables(&schemas, *language).map_err(refused)?;
                self.put(*language, tables)?;
            }
        }
        Ok(())
    }

    /// Writes sources, formatted as that language, to files or to stdout.
    fn put(&self, language: Language, sources: Vec<Source>) -> Result<(), Failed> {
        for source in sources {
            let text = formatted(language, &source.text);
            match &self.out {
                Some(dir) => write_file(&dir.join(source.name), &text)?,
                None => say(&[text.trim_end().to_owned()])?,
            }
        }
        Ok(())
    }
}

/// The text as the formatter of the language wants it, where there is one; as it is otherwise.
fn formatted(language: Language, text: &str) -> String {
    let Some([program, arguments @ ..]) = language.formatter() else {
        return text.to_owned();
    };
    pipe(Command::new(program).args(arguments), text).unwrap_or_else(|| text.to_owned())
}

/// What a program makes of `text`; nothing where it is not there or fails.
fn pipe(command: &mut Command, text: &str) -> Option<String> {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().ok()?;
    let mut input = child.stdin.take()?;
    let output = thread::scope(|scope| {
        // A program that does not read ends without this.
        scope.spawn(move || drop(input.write_all(text.as_bytes())));
        child.wait_with_output()
    });
    let output = output.ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

/// Writes a file, and the directories above it, and says so.
pub(super) fn write_file(file: &Path, text: &str) -> Result<(), Failed> {
    let failed = |error| {
        let sentence = format!("cannot write {}: {error}", file.display());
        Failed::new(Exit::Failed, sentence)
    };
    if let Some(dir) = file.parent() {
        fs::create_dir_all(dir).map_err(failed)?;
    }
    fs::write(file, text).map_err(failed)?;
    say(&[format!("{} written", file.display())])
}
