//! The Markdown of a report.

use std::collections::BTreeSet;

use super::{
    machine::Machine,
    number::{NONE, percent, scaled},
    plots::Plot,
    text::{code, plain, without_directories},
};
use crate::error::BenchError;
use crate::row::OWN;
use crate::run::Outcome;
use crate::{Row, Scenario, caveat, floors, table};

const LEGEND: &str = "\
- **PER SECOND** counts what the row's unit says: a batch of 1000 items is 1000 items. It is the median \
of all runs, MIN and MAX the slowest and the fastest; EACH is the time of one unit, where single \
operations are too short to be timed.
- **CPU** is the processors that client + server keep busy: looking counts. SYSCALLS and SWITCHES are \
those of both for an operation.
- **OF LIMIT** is the share of a raw row, **OF DEPLOYED** that of a raw row that does what a deployed \
peer cannot do without, and **OF OURS** what another client reached of ours with the same server: each \
the median of the runs' shares, of what was measured right before, under the same load.
- In names, `@1000` is a fixed rate of 1000 operations a second, `x2` two threads, `blocking` sides \
never look before they sleep, `c-go` is a client in c and a server in go (`c` alone: with this \
program's server), and words in brackets are what else kept the machine busy.
- **Plots**: where figures are of different decades the axis is logarithmic, and only the ends of bars \
can be compared.
";

/// The whole page.
pub(super) fn render(
    outcome: &Outcome,
    plots: &[Plot],
    command: &str,
    machine: &Machine,
) -> String {
    let rows = &outcome.rows;
    let mut page = String::from("# How fast NetIPC is on this machine\n\n");
    page += &measured(rows, command, machine);
    if let Some(caveat) = caveat() {
        page += &format!("\n**Caution: {caveat}.**\n");
    }
    page += &missing(outcome);
    let scenarios: BTreeSet<Scenario> = rows.iter().map(|row| row.scenario).collect();
    if scenarios.is_empty() {
        return page + "\nNothing was measured.\n";
    }
    page += &format!("\n## How to read it\n\n{LEGEND}");
    page += &floor_table(rows);
    for scenario in scenarios {
        let rows: Vec<Row> = rows
            .iter()
            .filter(|row| row.scenario == scenario)
            .cloned()
            .collect();
        page += &format!("\n## {}\n\n{}\n", scenario.name(), about(scenario));
        for plot in plots.iter().filter(|plot| plot.scenario == scenario) {
            page += &format!("\n![{}]({})\n", plain(&plot.title), plot.file);
        }
        page += &matrix(&rows);
        page += &blocking(&rows);
        for rows in rows.chunk_by(|one, other| one.unit == other.unit) {
            let unit = plain(&rows[0].unit);
            page += &format!("\nAll figures, in {unit}:\n\n{}", table::markdown(rows));
        }
    }
    page
}

const fn about(scenario: Scenario) -> &'static str {
    match scenario {
        Scenario::Ping => "One INCREMENT at a time, 8 bytes each way.",
        Scenario::Batch => "Batches of 2 to 1000 INCREMENTs, one batch at a time.",
        Scenario::Pipeline => "INCREMENT with 16 requests under way.",
        Scenario::PipelineBatch => "Batches of INCREMENT with 16 batches under way.",
        Scenario::Snapshot => "The typed snapshot call.",
        Scenario::Lookup => "The typed lookup calls.",
        Scenario::Codec => {
            "A lookup encoded, dispatched, answered and decoded in one process, without transport."
        }
        Scenario::Cache => "Every item looked up by hash and name, while tables may be swapped.",
        Scenario::Enricher => {
            "Looks at 10,000 keys that are known (hit) or wait to be asked (miss), and rounds in which 1 % of those that \
             are kept give way to new ones (step)."
        }
        Scenario::Item => "Every item or label of a reply looked at, one after the other.",
        Scenario::Connect => "Connect, handshake and close.",
        Scenario::Limits => "What the machine itself allows, without any of NetIPC's protocol.",
    }
}

fn measured(rows: &[Row], command: &str, machine: &Machine) -> String {
    format!(
        "| how it was measured | |\n| --- | --- |\n| command | {} |\n| day (UTC) | {} |\n\
         | kernel | {} |\n| processors | {} |\n| rows | {} |\n\n\
         Where there is a server, it is a process of its own. The client asks again as soon as it \
         has its answer, or at the fixed rate that the row names.\n",
        code(&without_directories(command)),
        plain(&machine.day),
        plain(&machine.kernel),
        plain(&machine.processors),
        rows.len(),
    )
}

/// A table of Markdown; nothing where it has no lines.
fn lines(title: &str, header: &[&str], lines: Vec<Vec<String>>) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = format!("\n{title}\n\n");
    text += &line(header.iter().copied().map(str::to_owned).collect());
    text += &line(header.iter().map(|_| "---".to_owned()).collect());
    text + &lines.into_iter().map(line).collect::<String>()
}

/// What makes the report incomplete.
fn missing(outcome: &Outcome) -> String {
    let line = |(row, why): &(String, BenchError)| vec![code(row), plain(&netipc::chain(why))];
    let missing = outcome.missing.iter().map(line).collect();
    lines("## This report is incomplete", &["missing", "why"], missing)
}

fn floor_table(rows: &[Row]) -> String {
    let line = |(floor, share): (&floors::Floor, f64)| {
        let fallen = if share < floor.share { "**below**" } else { "" };
        let of = format!("{:?}", floor.of).to_lowercase();
        let cells = [code(floor.row), of, percent(share), percent(floor.share)];
        cells.into_iter().chain([fallen.to_owned()]).collect()
    };
    let header = ["row", "share of", "reached", "floor", ""];
    lines(
        "## Floors",
        &header,
        floors::under(rows).map(line).collect(),
    )
}

/// Who asked whom: a line for each client, a column for each server.
fn matrix(rows: &[Row]) -> String {
    let mut servers: Vec<&str> = rows.iter().map(|row| row.server.as_str()).collect();
    servers.sort_unstable();
    servers.dedup();
    if servers.len() < 2 {
        return String::new();
    }
    let nobodys = |row: &Row| Row {
        client: String::new(),
        server: String::new(),
        ..row.clone()
    };
    let named = |name: &str| code(if name.is_empty() { OWN } else { name });
    let mut done: BTreeSet<(String, &str)> = BTreeSet::new();
    let mut table = Vec::new();
    for row in rows.iter().filter(|row| !row.server.is_empty()) {
        let name = nobodys(row).name();
        if !done.insert((name.clone(), &row.client)) {
            continue;
        }
        let of = |server: &&str| {
            let is_it = |other: &&Row| {
                other.client == row.client
                    && other.server == *server
                    && nobodys(other).name() == name
            };
            let found = rows.iter().find(is_it);
            found.map_or_else(|| NONE.to_owned(), |row| scaled(row.throughput))
        };
        let cells = [code(&name), named(&row.client)];
        table.push(cells.into_iter().chain(servers.iter().map(of)).collect());
    }
    let header: Vec<String> = servers
        .iter()
        .map(|server| format!("server {}", named(server)))
        .collect();
    let header: Vec<&str> = ["row", "client"]
        .into_iter()
        .chain(header.iter().map(String::as_str))
        .collect();
    lines(
        "Every program asking every program, a second:",
        &header,
        table,
    )
}

/// What sides that look before they sleep need at a rate, held against those that never look.
fn blocking(rows: &[Row]) -> String {
    let cpu = |row: &Row| row.client_cpu + row.server_cpu;
    let pair = |row: &Row| {
        let twin = Row {
            variant: "blocking".to_owned(),
            ..row.clone()
        };
        let paced = row.rate > 0 && row.variant.is_empty();
        let twin = rows
            .iter()
            .find(|other| paced && other.name() == twin.name())?;
        let ratio = cpu(row) / cpu(twin);
        Some(vec![
            code(&row.name()),
            percent(cpu(row)),
            percent(cpu(twin)),
            percent(ratio),
        ])
    };
    let header = ["row", "CPU", "CPU of blocking sides", "ratio"];
    let title = "Processors of both sides, held against sides that never look before they sleep:";
    lines(title, &header, rows.iter().filter_map(pair).collect())
}
