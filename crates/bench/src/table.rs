//! The figures as people read them: a table for each scenario.

use comfy_table::{CellAlignment, ColumnConstraint, Table, presets};

use crate::report::number::{optional, percent, scaled, time};
use crate::row::Row;

const HEADER: [&str; 14] = [
    "",
    "PER SECOND",
    "MIN",
    "MAX",
    "EACH",
    "P50 µs",
    "P95 µs",
    "P99 µs",
    "P99.9 µs",
    "CPU",
    "SYSCALLS",
    "SWITCHES",
    "OF OURS",
    "OF LIMIT",
];

/// All rows, with a title for each scenario. CPU is the processors that client and server keep busy,
/// and system calls and context switches are those of both for each operation. EACH is the time of
/// one unit, where single operations were not timed.
#[must_use]
pub fn tables(rows: &[Row]) -> String {
    let tables = rows
        .chunk_by(|a, b| (a.scenario, &a.unit) == (b.scenario, &b.unit))
        .map(table);
    tables.collect::<Vec<_>>().join("\n")
}

fn table(rows: &[Row]) -> String {
    let Some(first) = rows.first() else {
        return String::new();
    };
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(HEADER);
    for column in table.column_iter_mut().skip(1).take(HEADER.len() - 2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let rows: Vec<_> = rows.iter().map(cells).collect();
    for (index, column) in table.column_iter_mut().enumerate() {
        let is_empty =
            |cells: &[String; HEADER.len()]| cells.get(index).is_some_and(String::is_empty);
        if rows.iter().all(is_empty) {
            column.set_constraint(ColumnConstraint::Hidden);
        }
    }
    table.add_rows(rows);
    let lines = table.lines().map(|line| format!("{}\n", line.trim_end()));
    let title = format!("{}: {}", first.scenario.name(), first.unit);
    format!("{title}\n{}", lines.collect::<String>())
}

fn cells(row: &Row) -> [String; HEADER.len()] {
    let name = row.name();
    let name = name.strip_prefix(row.scenario.name()).unwrap_or(&name);
    [
        name.trim().to_owned(),
        scaled(row.throughput),
        scaled(row.min),
        scaled(row.max),
        each(row),
        optional(row.p50_us),
        optional(row.p95_us),
        optional(row.p99_us),
        optional(row.p999_us),
        format!(
            "{} + {} = {}",
            cores(row.client_cpu),
            cores(row.server_cpu),
            cores(row.client_cpu + row.server_cpu)
        ),
        optional(row.syscalls),
        optional(row.switches),
        row.share_of_own.map_or_else(String::new, percent),
        share(row),
    ]
}

/// The time of one unit; nothing where operations were timed.
fn each(row: &Row) -> String {
    match row.p50_us {
        None => time(1e6 / row.throughput),
        Some(_) => String::new(),
    }
}

/// Two decimals: the clock of processor time tells no more.
fn cores(cores: f64) -> String {
    format!("{cores:.2}")
}

/// Which part of which limit; where a rate was asked for, that says nothing.
fn share(row: &Row) -> String {
    match (row.share_of_limit, &row.limit) {
        (Some(share), Some(limit)) if row.rate == 0 => {
            let limit = limit.trim_start_matches("limits ").trim_end_matches(" raw");
            format!("{} of {limit}", percent(share))
        }
        _ => String::new(),
    }
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
            ..Row::new(Scenario::Ping, Transport::Socket, Layer::Client, "calls")
        };
        let paced = Row {
            rate: 1000,
            ..ping.clone()
        };
        let cache = Row {
            throughput: 5e7,
            ..Row::new(Scenario::Cache, Transport::None, Layer::Cache, "lookups")
        };
        let foreign = Row {
            client: "c".to_owned(),
            share_of_own: Some(0.985),
            ..cache.clone()
        };
        let text = tables(&[ping, paced, cache, foreign]);
        let lines: Vec<_> = text
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(lines[0], "ping: calls");
        assert_eq!(
            lines[2],
            "socket client 48.3 k 47.0 k 51.0 k 12.5 – – – 0.25 + 0.50 = 0.75 – – 93.0 % of echo"
        );
        assert!(lines[3].starts_with("socket client @1000 48.3 k"), "{text}");
        assert!(!lines[3].contains('%'), "a rate was asked for: {text}");
        assert!(
            !lines[1].contains("EACH") && !lines[1].contains("OURS"),
            "nothing is in them"
        );
        assert_eq!(lines[5], "cache: lookups");
        assert!(lines[6].contains("MAX EACH P50") && lines[6].ends_with("OF OURS"));
        assert!(lines[7].starts_with("cache 50.0 M 0 0 20.0 ns –"), "{text}");
        assert!(lines[8].starts_with("cache c 50.0 M"), "{text}");
        assert!(lines[8].ends_with("98.5 %"), "{text}");
    }
}
