//! The Markdown of a report.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::env::consts::ARCH;
use std::thread::available_parallelism;
use std::time::SystemTime;

use humantime::format_rfc3339_seconds;

use super::{
    number::{NONE, percent, scaled},
    plots::Plot,
    text::{code, plain, without_directories},
};
use crate::error::BenchError;
use crate::platform::{kernel, processor_model};
use crate::row::named;
use crate::run::Outcome;
use crate::scenarios::BLOCKING;
use crate::{Row, Scenario, caveat, floors, table};

const LEGEND: &str = "\
- **PER SECOND** counts what the row's unit says: a batch of 1000 items is 1000 items. It is the median \
of all runs, MIN and MAX the slowest and the fastest; EACH is the time of one unit, where single \
operations are too short to be timed.
- **CPU** is the processors that client + server keep busy: looking counts. SYSCALLS and SWITCHES are \
those of both for an operation.
- **OF LIMIT** is the share of a raw row, **OF DEPLOYED** that of a raw row that does what a deployed \
peer cannot do without, **OF REGION** what a ring reached of a region of profile 0x02, and **OF OURS** \
what another client reached of ours with the same server: each \
the median of the runs' shares, of what was measured right before, under the same load.
- In names, `@1000` is a fixed rate of 1000 operations a second, `x2` two threads, `blocking` sides \
never look before they sleep, `c-go` is a client in c and a server in go (`c` alone: with this \
program's server), and words in brackets are what else kept the machine busy.
- **Plots**: axes of throughputs and latencies are logarithmic, so that only the ends of bars can be \
compared.
";

/// The whole page.
pub(super) fn render(outcome: &Outcome, plots: &[Plot], command: &str) -> String {
    let rows = &outcome.rows;
    let mut page = String::from("# How fast NetIPC is on this machine\n\n");
    page += &measured(rows, command);
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
        let rows = rows.iter().filter(|row| row.scenario == scenario);
        let rows: Vec<Row> = rows.cloned().collect();
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
        Scenario::Answer => "Answers of so many bytes to short questions, on a bare session.",
        Scenario::Connect => "Connect, handshake and close.",
        Scenario::Limits => "What the machine itself allows, without any of NetIPC's protocol.",
    }
}

/// Where, when and how.
fn measured(rows: &[Row], command: &str) -> String {
    let now = format_rfc3339_seconds(SystemTime::now()).to_string();
    let day = now.split('T').next().unwrap_or_default();
    // Some architectures tell no model.
    let model = processor_model().unwrap_or_else(|| ARCH.to_owned());
    let count = available_parallelism().map_or_else(|_| String::new(), |all| format!("{all} × "));
    format!(
        "| how it was measured | |\n| --- | --- |\n| command | {} |\n| day (UTC) | {} |\n\
         | kernel | {} |\n| processors | {} |\n| rows | {} |\n\n\
         Where there is a server, it is a process of its own. The client asks again as soon as it \
         has its answer, or at the fixed rate that the row names.\n",
        code(&without_directories(command)),
        plain(day),
        plain(&kernel()),
        plain(&(count + &model)),
        rows.len(),
    )
}

/// A table of Markdown; nothing where it has no lines.
fn lines(title: &str, header: &[impl Borrow<str>], lines: &[Vec<String>]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let rule = vec!["---"; header.len()];
    let lines = lines.iter().map(|cells| cells.join(" | "));
    let head = [header.join(" | "), rule.join(" | ")];
    let lines = head.into_iter().chain(lines);
    let lines: String = lines.map(|cells| format!("\n| {cells} |")).collect();
    format!("\n{title}\n{lines}\n")
}

/// What makes the report incomplete.
fn missing(outcome: &Outcome) -> String {
    let line = |(row, why): &(String, BenchError)| vec![code(row), plain(&netipc::chain(why))];
    let missing: Vec<_> = outcome.missing.iter().map(line).collect();
    let title = "## This report is incomplete";
    lines(title, &["missing", "why"], &missing)
}

fn floor_table(rows: &[Row]) -> String {
    let line = |(floor, share): (&floors::Floor, f64)| {
        let fallen = if share < floor.share { "**below**" } else { "" };
        vec![
            code(floor.row),
            floor.of.name().to_owned(),
            percent(share),
            percent(floor.share),
            fallen.to_owned(),
        ]
    };
    let header = ["row", "share of", "reached", "floor", ""];
    let floors: Vec<_> = floors::under(rows).map(line).collect();
    lines("## Floors", &header, &floors)
}

/// Who asked whom: a line for each client, a column for each server.
fn matrix(rows: &[Row]) -> String {
    let servers: BTreeSet<&str> = rows.iter().map(|row| row.server.as_str()).collect();
    if servers.len() < 2 {
        return String::new();
    }
    let named = |name: &str| code(named(name));
    let mut table: Vec<Vec<String>> = Vec::new();
    for row in rows.iter().filter(|row| !row.server.is_empty()) {
        let name = row.by_nobody().name();
        let mut line = vec![code(&name), named(&row.client)];
        if table.iter().any(|known| known.starts_with(&line)) {
            continue;
        }
        for server in &servers {
            let mut all = rows.iter().filter(|other| other.server == *server);
            let found =
                all.find(|other| other.client == row.client && other.by_nobody().name() == name);
            line.push(found.map_or_else(|| NONE.to_owned(), |row| scaled(row.throughput)));
        }
        table.push(line);
    }
    let mut header = ["row", "client"].map(str::to_owned).to_vec();
    header.extend(
        servers
            .iter()
            .map(|server| format!("server {}", named(server))),
    );
    let title = "Every program asking every program, a second:";
    lines(title, &header, &table)
}

/// What sides that look before they sleep need at a rate, held against those that never look.
fn blocking(rows: &[Row]) -> String {
    let mut table = Vec::new();
    let paced = |row: &&Row| row.rate > 0 && row.variant.is_empty();
    for row in rows.iter().filter(paced) {
        let twin = Row {
            variant: BLOCKING.to_owned(),
            ..row.clone()
        };
        if let Some(twin) = rows.iter().find(|other| other.name() == twin.name()) {
            let cpus = [row, twin].map(|row| row.client_cpu + row.server_cpu);
            let [cpu, blocking, ratio] = [cpus[0], cpus[1], cpus[0] / cpus[1]].map(percent);
            table.push(vec![code(&row.name()), cpu, blocking, ratio]);
        }
    }
    let header = ["row", "CPU", "CPU of blocking sides", "ratio"];
    let title = "Processors of both sides, held against sides that never look before they sleep:";
    lines(title, &header, &table)
}
