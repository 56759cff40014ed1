//! The report for people: plain text of at most 80 columns, the same on a terminal and in a pipe.

use std::path::Path;

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Row, Table, presets};
use netipc_host::answers;

use super::collect::{Cgroup, Process};
use super::report::Report;
use crate::plain::plain;
use crate::profile::baseline_carrier;

/// Columns of the narrowest terminal that counts.
const WIDTH: u16 = 80;
/// Rows of a table that may have any number of them.
pub(super) const ROWS: usize = 10;

/// What is going on.
pub(super) fn introduction(provider: u32, run_dir: &Path) -> String {
    let [others @ .., last] = answers::SERVICES;
    wrap(&format!(
        "NetIPC demo: process {provider} provides {} and {last} in {}, and this process asks them.",
        others.join(", "),
        run_dir.display()
    ))
}

/// The cgroups.
pub(super) fn cgroups(report: &Report) -> String {
    let all = &report.cgroups;
    let mut table = table(["CGROUP", "RUN BY", "LABELS", "PATH"], &[]);
    let shown = all.get(..ROWS).unwrap_or(all);
    for cgroup in shown {
        add(&mut table, cgroup_row(cgroup));
    }
    if shown.iter().all(|cgroup| cgroup.labels.is_empty())
        && let Some(labels) = table.column_mut(2)
    {
        labels.set_constraint(ColumnConstraint::Hidden);
    }
    let title = match all.len() {
        1 => "One cgroup".to_owned(),
        many => format!("{} cgroups", grouped(many as u64)),
    };
    let rest = match all.len().saturating_sub(ROWS) {
        0 => String::new(),
        more => format!(" ... and {} more\n", grouped(more as u64)),
    };
    format!("{title}\n{}{rest}", lines(&table))
}

/// The busiest processes.
pub(super) fn processes(report: &Report) -> String {
    let header = ["PID", "COMMAND", "UID", "CPU", "CGROUP", "RUN BY", "STATUS"];
    let mut table = table(header, &[0, 2, 3]);
    for process in &report.processes {
        add(&mut table, process_row(process));
    }
    let total = grouped(report.processes_total as u64);
    let shown = report.processes.len();
    format!("Busiest processes, {shown} of {total}\n{}", lines(&table))
}

/// How fast everything is.
pub(super) fn speeds(report: &Report) -> String {
    let header = ["ASKING FOR", "OVER", "PER SECOND", "MEDIAN", "99 %"];
    let mut table = table(header, &[2, 3, 4]);
    let lookups = report
        .transports
        .iter()
        .map(|t| ("one process", t, &t.lookups));
    let snapshots = report
        .transports
        .iter()
        .map(|t| ("all cgroups", t, &t.snapshots));
    for (what, transport, timing) in lookups.chain(snapshots) {
        let over = if transport.shm {
            format!("shared memory ({})", transport.profile)
        } else {
            format!("{} ({})", baseline_carrier(), transport.profile)
        };
        let speed = rate(timing.calls_per_second);
        let [half, most] = [timing.p50_us, timing.p99_us].map(|us| format!("{us:.1} µs"));
        add(&mut table, vec![what.to_owned(), over, speed, half, most]);
    }
    let speed = rate(report.cache.lookups_per_second);
    let row = ["one cgroup", "nothing: from the cache", &speed, "", ""];
    add(&mut table, row.map(str::to_owned).to_vec());
    format!("Speed, one question after the other\n{}", lines(&table))
}

/// How the restart went.
pub(super) fn restart(report: &Report) -> String {
    let restart = &report.restart;
    let cache = if restart.cache_kept {
        "served all of"
    } else {
        "did not serve all of"
    };
    let client = if restart.reconnected {
        "came back by itself"
    } else {
        "did not come back"
    };
    // Where endpoints are no files, none can be left.
    let files = if restart.files_left > 0 {
        format!(
            " Of {} files that the killed provider left, {} are still there.",
            restart.files_left, restart.files_stale
        )
    } else {
        String::new()
    };
    wrap(&format!(
        "Restart: the provider was killed and another one started. No call was answered for \
         {:.0} ms; the cache {cache} {} lookups meanwhile, and the client {client}.{files}",
        restart.outage_ms,
        grouped(restart.cache_lookups),
    ))
}

/// Something unusual.
pub(super) fn note(note: &str) -> String {
    wrap(&format!("Note: {}", plain(note)))
}

/// The end: what failed, and the figures that matter in one sentence.
pub(super) fn summary(report: &Report) -> String {
    let errors = report.errors.iter();
    let text: String = errors
        .map(|error| wrap(&format!("Error: {}", plain(error))))
        .collect();
    let mut facts = Vec::new();
    for transport in &report.transports {
        let over = if transport.shm {
            "shared memory".to_owned()
        } else {
            format!("the {}", baseline_carrier())
        };
        let speed = rate(transport.lookups.calls_per_second);
        facts.push(format!("{speed} calls/s over {over}"));
    }
    if report.cache.lookups_per_second > 0.0 {
        let speed = rate(report.cache.lookups_per_second);
        facts.push(format!("{speed} lookups/s in the cache"));
    }
    if report.restart.reconnected {
        facts.push(format!("{:.0} ms to come back", report.restart.outage_ms));
    }
    facts.push(match report.errors.len() {
        0 => "no errors".to_owned(),
        1 => "1 error".to_owned(),
        errors => format!("{errors} errors"),
    });
    text + &wrap(&format!("Summary: {}.", facts.join(", ")))
}

fn cgroup_row(cgroup: &Cgroup) -> Vec<String> {
    let labels = cgroup.labels.iter();
    let labels: Vec<String> = labels
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    vec![
        plain(&cgroup.name),
        plain(&cgroup.orchestrator),
        plain(&labels.join(" ")),
        plain(&cgroup.path),
    ]
}

fn process_row(process: &Process) -> Vec<String> {
    let cgroup = if process.cgroup_name.is_empty() {
        &process.cgroup_path
    } else {
        &process.cgroup_name
    };
    vec![
        process.pid.to_string(),
        plain(&process.comm),
        process
            .uid
            .map_or_else(|| "?".to_owned(), |uid| uid.to_string()),
        format!("{:.0} %", process.cpu_percent),
        plain(cgroup),
        plain(&process.orchestrator),
        plain(&process.cgroup_status),
    ]
}

/// An empty table; the columns in `numbers` are set flush right.
fn table<const N: usize>(header: [&str; N], numbers: &[usize]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH)
        .set_header(header);
    for index in numbers {
        if let Some(column) = table.column_mut(*index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn add(table: &mut Table, cells: Vec<String>) {
    let mut row = Row::from(cells);
    row.max_height(1);
    table.add_row(row);
}

fn lines(table: &Table) -> String {
    table
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

/// In lines of at most [`WIDTH`] columns, as far as words allow.
fn wrap(text: &str) -> String {
    let mut wrapped = String::new();
    let mut column = 0;
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > WIDTH.into() {
            wrapped.push('\n');
            column = 0;
        }
        if column > 0 {
            wrapped.push(' ');
            column += 1;
        }
        wrapped.push_str(word);
        column += width;
    }
    wrapped + "\n"
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate is positive and far below the largest integer"
)]
fn rate(per_second: f64) -> String {
    grouped(per_second as u64)
}

/// With a comma between every three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (12_345_678, "12,345,678"),
        ] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(rate(1234.9), "1,234");
    }

    #[test]
    fn sentences_are_wrapped_between_words() {
        let text = wrap(&"word ".repeat(40));
        assert_eq!(text.lines().map(str::len).collect::<Vec<_>>(), [79, 79, 39]);
        let long = "x".repeat(100);
        assert_eq!(wrap(&format!("a {long} b")), format!("a\n{long}\nb\n"));
    }

    #[test]
    fn tables_fit_and_show_nothing_to_obey() {
        let cgroup = Cgroup {
            name: "\x1b[2J".repeat(30),
            path: "/long/".repeat(30),
            orchestrator: "docker".to_owned(),
            ..Cgroup::default()
        };
        let report = Report {
            cgroups: vec![cgroup; ROWS + 2],
            ..Report::default()
        };
        let text = cgroups(&report);
        for line in text.lines() {
            assert!(line.chars().count() <= WIDTH.into(), "{line:?}");
            assert!(!line.contains(char::is_control), "{line:?}");
        }
        assert!(text.starts_with("12 cgroups\n"), "{text}");
        assert!(text.ends_with(" ... and 2 more\n"), "{text}");
        assert_eq!(text.lines().count(), ROWS + 3);
        assert!(!text.contains("LABELS"), "there are none: {text}");
    }

    #[test]
    fn the_summary_tells_only_what_was_measured() {
        let mut report = Report::default();
        assert_eq!(summary(&report), "Summary: no errors.\n");
        report.errors.push("it broke".to_owned());
        assert_eq!(summary(&report), "Error: it broke\nSummary: 1 error.\n");
    }
}
