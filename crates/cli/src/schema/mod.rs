//! `netipc schema`: what a service is, in one file, and what is made from it.

mod made;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use netipc_schema::{
    Language, Lock, Schema, SchemaError, Verdict, advice, diff, load, load_all, load_shared,
};

use crate::exit::{self, Exit, Failed};

/// The services that the program knows without a file.
pub(crate) use netipc_schema::library as built_in;

/// Name of the file beside schemas that records what makes their bytes.
const LOCK: &str = "services.lock";

const EXAMPLES: &str = "\
Examples:
  netipc schema check services/mine.toml
  netipc schema doc services/mine.toml | less
  netipc schema generate --lang go,c --out generated services/mine.toml";

/// Arguments of `schema`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SchemaArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Finds mistakes, and bytes that change under the same layout number
    Check(Files),
    /// Records what makes the bytes, in services.lock, unless they changed under the same layout number
    Lock(Files),
    /// Tells what changes between two schemas of a service, and for whom
    Diff {
        /// The schema as it was
        old: PathBuf,
        /// The schema as it is
        new: PathBuf,
    },
    /// Writes the page of each service: a picture of the bytes, fields, rules, names, JSON
    Doc(made::Made),
    /// Writes the source code of each service: types, codec, client and server
    Generate {
        #[command(flatten)]
        made: made::Made,
        /// The languages: rust, go, c
        #[arg(long, value_name = "LIST", value_delimiter = ',', required = true)]
        lang: Vec<Language>,
        /// As netipc's own libraries have it: DIR is the root of that library's source, the files are all of services/*.toml
        #[arg(long)]
        library: bool,
    },
    /// Writes golden messages of each service: edges, drawn ones, and spoilt ones with their verdict
    Vectors {
        #[command(flatten)]
        made: made::Made,
        /// What messages are drawn from
        #[arg(long, default_value = "1")]
        seed: u64,
    },
}

#[derive(Args, Debug)]
struct Files {
    /// Schemas
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// What records the bytes [default: services.lock beside the first file]
    #[arg(long, value_name = "FILE")]
    lock: Option<PathBuf>,
}

impl Files {
    fn lock(&self) -> PathBuf {
        let beside = || {
            let folder = self.files.first().and_then(|file| file.parent());
            folder.unwrap_or(Path::new("")).join(LOCK)
        };
        self.lock.clone().unwrap_or_else(beside)
    }

    /// What the lock file records; nothing where there is none.
    fn recorded(&self) -> Result<Option<Lock>, Failed> {
        let file = self.lock();
        match fs::read_to_string(&file) {
            Ok(text) => match text.parse() {
                Ok(lock) => Ok(Some(lock)),
                Err(error) => Err(usage(format!("{}: {error}", file.display()))),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(usage(format!("cannot read {}: {error}", file.display()))),
        }
    }
}

/// Does what is asked with schemas.
pub(crate) fn run(args: &SchemaArgs) -> Result<(), Failed> {
    match &args.command {
        Command::Check(files) => check(files),
        Command::Lock(files) => lock(files),
        Command::Diff { old, new } => difference(old, new),
        Command::Doc(made) => made.write("md", netipc_schema::page),
        Command::Generate {
            made,
            lang,
            library,
        } => made.generate(lang, *library),
        Command::Vectors { made, seed } => {
            made.write("json", |schema| netipc_schema::vectors(schema, *seed))
        }
    }
}

fn check(files: &Files) -> Result<(), Failed> {
    let schemas = services(&files.files)?;
    let Some(lock) = files.recorded()? else {
        let sentence = format!("good; there is no {LOCK}: `netipc schema lock` writes it");
        return say(&[sentence]);
    };
    let mut said = Vec::new();
    let mut changed = 0;
    for (schema, file) in &schemas {
        let file = file.display();
        match lock.check(schema) {
            Verdict::Same => said.push(format!("{file}: good")),
            Verdict::Renamed => said.push(format!(
                "{file}: good; names are not those of {LOCK}: `netipc schema lock` writes them"
            )),
            Verdict::New => said.push(format!(
                "{file}: good; not in {LOCK}: `netipc schema lock` adds it"
            )),
            Verdict::Raised => said.push(format!(
                "{file}: good; layout {} is not in {LOCK}: `netipc schema lock` writes it",
                schema.layout.unwrap_or_default()
            )),
            Verdict::Changed(lines) => {
                changed += 1;
                said.push(told_change(&file.to_string(), schema, &lines));
            }
        }
    }
    say(&said)?;
    if changed == 0 {
        return Ok(());
    }
    let services = if changed == 1 { "service" } else { "services" };
    Err(usage(format!("the bytes of {changed} {services} changed")))
}

fn told_change(file: &str, schema: &Schema, lines: &[(Option<String>, Option<String>)]) -> String {
    let mut told = match schema.layout {
        Some(layout) => format!(
            "{file}: the bytes changed; write layout = {}, then `netipc schema lock`",
            u32::from(layout) + 1
        ),
        None => format!("{file}: the bytes changed; write a new service with another method"),
    };
    for (then, now) in lines {
        for (sign, line) in [('-', then), ('+', now)] {
            if let Some(line) = line {
                told.push_str(&format!("\n  {sign} {}", line.trim()));
            }
        }
    }
    told
}

fn lock(files: &Files) -> Result<(), Failed> {
    let schemas = services(&files.files)?;
    let recorded = files.recorded()?.unwrap_or_default();
    for (schema, file) in &schemas {
        if let Verdict::Changed(lines) = recorded.check(schema) {
            let told = told_change(&file.display().to_string(), schema, &lines);
            say(&[told])?;
            return Err(usage(format!("the bytes of {} changed", schema.name)));
        }
    }
    let schemas: Vec<Schema> = schemas.into_iter().map(|(schema, _)| schema).collect();
    made::write_file(&files.lock(), &recorded.with(&schemas).to_string())
}

fn difference(old: &Path, new: &Path) -> Result<(), Failed> {
    let (old, new) = (read(old)?, read(new)?);
    let changes = diff(&old, &new);
    let mut said: Vec<String> = changes.iter().map(ToString::to_string).collect();
    if said.is_empty() {
        said.push("nothing changes".to_owned());
    }
    said.extend(advice(&old, &new));
    say(&said)
}

/// Reads a schema, or tells its mistakes.
pub(crate) fn read(file: &Path) -> Result<Schema, Failed> {
    load(file).map_err(|error| mistakes(&error))
}

/// Reads schemas, or tells their mistakes.
pub(crate) fn read_all(files: &[PathBuf]) -> Result<Vec<Schema>, Failed> {
    load_all(files).map_err(|error| mistakes(&error))
}

/// Schemas and the files they are in, or their mistakes. What only others use, as `common.toml`, is passed
/// over, so that all files of a folder can be named.
fn services(files: &[PathBuf]) -> Result<Vec<(Schema, &Path)>, Failed> {
    let is_shared = |file: &&PathBuf| load_shared(file).is_ok();
    let (shared, own): (Vec<&PathBuf>, Vec<&PathBuf>) = files.iter().partition(is_shared);
    if let ([], [shared, ..]) = (&own[..], &shared[..]) {
        let file = shared.display();
        return Err(usage(format!(
            "{file} is for other files to `use`: name a schema with a `service`"
        )));
    }
    let schemas = load_all(&own).map_err(|error| mistakes(&error))?;
    Ok(schemas
        .into_iter()
        .zip(own.into_iter().map(PathBuf::as_path))
        .collect())
}

/// Tells each mistake on a line of its own, as compilers do, and how many there are.
fn mistakes(error: &SchemaError) -> Failed {
    let problems = error.problems();
    if problems.is_empty() {
        return Failed::caused_by(Exit::Usage, error);
    }
    // A closed stderr takes nothing from the exit code.
    let _ = writeln!(io::stderr(), "{error}");
    match problems.len() {
        1 => usage("1 mistake in the schema".to_owned()),
        many => usage(format!("{many} mistakes in the schema")),
    }
}

fn usage(sentence: String) -> Failed {
    Failed::new(Exit::Usage, sentence)
}

fn say(lines: &[String]) -> Result<(), Failed> {
    let mut out = io::stdout().lock();
    let said = lines.iter().try_for_each(|line| writeln!(out, "{line}"));
    exit::printed(said.and_then(|()| out.flush()))
}
