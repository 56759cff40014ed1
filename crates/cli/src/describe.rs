//! `netipc describe`: what a service is, by its schema.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::Args;
use comfy_table::{Table, presets::NOTHING};
use netipc_schema::{Named, Schema, page};
use serde::Serialize;

use crate::args::ServiceName;
use crate::exit::{self, Exit, Failed};
use crate::json::{self, Stamped};
use crate::{schema, terminal};

const EXAMPLES: &str = "\
Examples:
  netipc describe
  netipc describe cgroups-snapshot
  netipc describe ip-to-asn --schema ip-to-asn.toml --json";

/// Arguments of `describe`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DescribeArgs {
    /// Which service; without one, all that the program was built with are listed
    service: Option<String>,

    /// The file that describes it, of one that the program was built without
    #[arg(long, value_name = "FILE.toml")]
    schema: Option<PathBuf>,

    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// Prints what a service is.
pub(crate) fn run(args: &DescribeArgs) -> Result<(), Failed> {
    let mut out = BufWriter::new(io::stdout().lock());
    let schema = match (&args.schema, &args.service) {
        (Some(file), _) => Some(schema::read(file)?),
        (None, Some(name)) => Some(known(name)?),
        (None, None) => None,
    };
    let printed = match (schema, args.json) {
        (Some(schema), false) => text(&page(&schema), &mut out),
        (Some(schema), true) => json::print(&Stamped::now(Description::of(&schema)), &mut out),
        (None, false) => list(&mut out),
        (None, true) => {
            let all = schema::built_in().iter().map(Description::of);
            let all: Vec<_> = all.map(Stamped::now).collect();
            json::print(&all, &mut out)
        }
    };
    exit::printed(printed.and_then(|()| out.flush()))
}

fn known(name: &str) -> Result<Schema, Failed> {
    let found = ServiceName::find(name).map(|known| known.schema().clone());
    found.ok_or_else(|| {
        let names: Vec<&str> = schema::built_in()
            .iter()
            .map(|one| one.name.as_str())
            .collect();
        let names = names.join(", ");
        let sentence = format!(
            "the program was built without {name}: it has {names}; give --schema FILE for others"
        );
        Failed::new(Exit::Usage, sentence)
    })
}

fn list(out: &mut impl Write) -> io::Result<()> {
    let rows = schema::built_in().iter().map(|schema| {
        let Schema { name, about, .. } = schema;
        vec![name.clone(), schema.kind.word().to_owned(), about.clone()]
    });
    table(rows.collect(), out)
}

/// A page of Markdown as a terminal shows it.
fn text(page: &str, out: &mut impl Write) -> io::Result<()> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut paragraph = String::new();
    let mut is_literal = false;
    for line in page.lines().chain([""]) {
        let is_fence = line.starts_with("```");
        let is_row = !is_literal && line.starts_with('|');
        let is_other = is_literal || is_fence || is_row || line.is_empty() || line.starts_with('#');
        if !is_row {
            table(std::mem::take(&mut rows), out)?;
        }
        if !is_other {
            paragraph.push_str(line);
            paragraph.push(' ');
            continue;
        }
        if !paragraph.is_empty() {
            write!(
                out,
                "{}",
                terminal::wrapped(&std::mem::take(&mut paragraph))
            )?;
        }
        if is_row {
            rows.extend(cells(line));
        } else if is_fence {
            is_literal = !is_literal;
        } else if is_literal || line.is_empty() {
            writeln!(out, "{line}")?;
        } else {
            let heading = line.trim_start_matches('#').trim_start();
            if line.starts_with("# ") {
                writeln!(out, "{}", heading.replace('`', ""))?;
            } else {
                writeln!(out, "{}", heading.to_uppercase())?;
            }
        }
    }
    Ok(())
}

/// The cells of a line of a table; `None` of the rule below its head.
fn cells(line: &str) -> Option<Vec<String>> {
    let row = line.strip_prefix('|')?.trim().trim_end_matches('|');
    let is_rule = row.chars().all(|c| matches!(c, '-' | '|' | ' '));
    let cells = row.split('|').map(|cell| cell.trim().replace('`', ""));
    (!is_rule).then(|| cells.collect())
}

fn table(rows: Vec<Vec<String>>, out: &mut impl Write) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(NOTHING).add_rows(rows);
    terminal::fit(&mut table);
    for line in table.lines().filter(|line| !line.trim().is_empty()) {
        writeln!(out, "{}", line.trim())?;
    }
    Ok(())
}

/// A schema for programs.
#[derive(Serialize)]
struct Description {
    service: String,
    kind: &'static str,
    method: u16,
    layout: Option<u16>,
    about: String,
    batches: bool,
    parts: Vec<Part>,
    names: Vec<Names>,
}

#[derive(Serialize)]
struct Part {
    part: &'static str,
    fields: Vec<FieldDescription>,
}

#[derive(Serialize)]
struct FieldDescription {
    name: String,
    byte: usize,
    #[serde(rename = "type")]
    form: String,
    about: String,
    unit: Option<String>,
    min: Option<i128>,
    max: Option<i128>,
}

/// Names of numbers or bits.
#[derive(Serialize)]
struct Names {
    #[serde(rename = "type")]
    of: String,
    values: Vec<(u64, String)>,
}

impl Description {
    fn of(schema: &Schema) -> Self {
        let parts = schema.parts().into_iter().map(|(part, record)| Part {
            part,
            fields: record.named().map(FieldDescription::of).collect(),
        });
        let values = |named: &[Named]| {
            named
                .iter()
                .map(|one| (one.number, one.name.clone()))
                .collect()
        };
        let enums = schema.enums.iter().map(|one| Names {
            of: one.name.clone(),
            values: values(&one.values),
        });
        let flags = schema.flags.iter().map(|one| Names {
            of: one.name.clone(),
            values: values(&one.bits),
        });
        Self {
            service: schema.name.clone(),
            kind: schema.kind.word(),
            method: schema.method,
            layout: schema.layout,
            about: schema.about.clone(),
            batches: schema.batches(),
            parts: parts.collect(),
            names: enums.chain(flags).collect(),
        }
    }
}

impl FieldDescription {
    fn of(field: &netipc_schema::Field) -> Self {
        Self {
            name: field.label().to_owned(),
            byte: field.offset,
            form: field.form.word().to_string(),
            about: field.about.clone(),
            unit: field.unit.clone(),
            min: field.min,
            max: field.max,
        }
    }
}
