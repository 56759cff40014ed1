//! The figures as people read them: a table for each scenario, on a terminal or on a page.

use comfy_table::{CellAlignment, ColumnConstraint, Table, TableStyle, presets};

use crate::report::number::{NONE, optional, percent, scaled, time};
use crate::report::text::code;
use crate::row::Row;

/// A title, and what is in a row below it.
type Column = (&'static str, fn(&Row) -> String);

const COLUMNS: [Column; 16] = [
    ("", short_name),
    ("PER SECOND", |row| scaled(row.throughput)),
    ("MIN", |row| scaled(row.min)),
    ("MAX", |row| scaled(row.max)),
    ("EACH", each),
    ("P50 µs", |row| optional(row.p50_us)),
    ("P95 µs", |row| optional(row.p95_us)),
    ("P99 µs", |row| optional(row.p99_us)),
    ("P99.9 µs", |row| optional(row.p999_us)),
    ("CPU", cpu),
    ("SYSCALLS", |row| optional(row.syscalls)),
    ("SWITCHES", |row| optional(row.switches)),
    ("OF OURS", |row| part(row.share_of_own)),
    ("OF REGION", |row| part(row.share_of_region)),
    ("OF DEPLOYED", |row| part(row.share_of_deployed)),
    ("OF LIMIT", share),
];

/// All rows, with a title for each scenario. CPU is the processors that client and server keep busy,
/// and system calls and context switches are those of both for each operation. EACH is the time of
/// one unit, where single operations were not timed.
#[must_use]
pub fn tables(rows: &[Row]) -> String {
    let kind = |row: &Row| (row.scenario, row.unit.clone());
    let tables = rows.chunk_by(|a, b| kind(a) == kind(b)).map(|rows| {
        let (scenario, unit) = kind(&rows[0]);
        let table = table(rows, presets::NOTHING, short_name);
        format!("{}: {unit}\n{table}", scenario.name())
    });
    tables.collect::<Vec<_>>().join("\n")
}

/// The same rows for a page.
pub(crate) fn markdown(rows: &[Row]) -> String {
    table(rows, presets::ASCII_MARKDOWN, |row| code(&row.name()))
}

fn table(rows: &[Row], style: TableStyle, name: fn(&Row) -> String) -> String {
    let mut table = Table::new();
    table.load_style(style);
    table.set_header(COLUMNS.map(|(title, _)| title));
    let cells = |row: &Row| {
        let mut cells = COLUMNS.map(|(_, cell)| cell(row));
        cells[0] = name(row);
        cells
    };
    let rows: Vec<_> = rows.iter().map(cells).collect();
    for (index, column) in table.column_iter_mut().enumerate() {
        if rows.iter().all(|cells| cells[index].is_empty()) {
            column.set_constraint(ColumnConstraint::Hidden);
        } else if index > 0 && index + 1 < COLUMNS.len() {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.add_rows(rows);
    let lines = table.lines().map(|line| format!("{}\n", line.trim_end()));
    lines.collect()
}

/// The name without the scenario, which is in the title.
fn short_name(row: &Row) -> String {
    let name = row.name();
    let name = name.strip_prefix(row.scenario.name()).unwrap_or(&name);
    name.trim().to_owned()
}

/// The time of one unit; nothing where operations were timed.
fn each(row: &Row) -> String {
    match row.p50_us {
        None => time(1e6 / row.throughput),
        Some(_) => String::new(),
    }
}

/// Two decimals: the clock of processor time tells no more.
fn cpu(row: &Row) -> String {
    let cpus = [
        row.client_cpu,
        row.server_cpu,
        row.client_cpu + row.server_cpu,
    ];
    if cpus.iter().all(|cpu| cpu.is_finite()) {
        let [client, server, both] = cpus.map(|cpu| format!("{cpu:.2}"));
        format!("{client} + {server} = {both}")
    } else {
        NONE.to_owned()
    }
}

fn part(share: Option<f64>) -> String {
    share.map_or_else(String::new, percent)
}

/// Which part of which limit.
fn share(row: &Row) -> String {
    let Some((share, limit)) = row.share_of_limit.zip(row.limit.as_ref()) else {
        return String::new();
    };
    let limit = limit.trim_start_matches("limits ").trim_end_matches(" raw");
    format!("{} of {limit}", percent(share))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{Layer, Scenario, Transport};

    #[test]
    fn every_scenario_has_a_table_with_all_its_figures() {
        let ping = Row {
            throughput: 48_300.0,
            min: 47_000.0,
            max: 51_000.0,
            p50_us: Some(12.5),
            client_cpu: 0.25,
            server_cpu: 0.5,
            limit: Some("limits echo raw".to_owned()),
            share_of_limit: Some(0.93),
            share_of_deployed: Some(3.0),
            ..Row::new(Scenario::Ping, Transport::Socket, Layer::Client, "calls")
        };
        let cache = Row {
            throughput: 5e7,
            ..Row::new(Scenario::Cache, Transport::None, Layer::Cache, "lookups")
        };
        let of_c = Row {
            client: "c".to_owned(),
            share_of_own: Some(0.985),
            ..cache.clone()
        };
        let text = tables(&[ping.clone(), cache, of_c]);
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let lines: Vec<_> = text.lines().map(words).collect();
        assert_eq!(lines[0], "ping: calls");
        assert_eq!(
            lines[2],
            "socket client 48.3 k 47.0 k 51.0 k 12.5 – – – 0.25 + 0.50 = 0.75 – – 300 % 93.0 % of echo"
        );
        assert!(
            !lines[1].contains("EACH") && !lines[1].contains("OURS"),
            "nothing is in them"
        );
        assert_eq!(lines[4], "cache: lookups");
        assert!(lines[5].contains("MAX EACH P50") && lines[5].ends_with("OF OURS"));
        assert!(lines[6].starts_with("cache 50.0 M 0 0 20.0 ns –"), "{text}");
        assert!(lines[7].starts_with("cache c 50.0 M"), "{text}");
        assert!(lines[7].ends_with("98.5 %"), "{text}");
        let page = markdown(&[ping]);
        assert!(page.contains("| `ping socket client` |"), "{page}");
    }
}
