//! The Markdown of a report.

use std::collections::BTreeSet;

use super::{
    figures::{Pair, cpu, cpu_per_unit, pairs},
    machine::Machine,
    number::{NONE, optional, percent, scaled, significant},
    plots::{Kind, Plots},
    text::{code, plain, without_directories},
};
use crate::{Row, Scenario, caveat};

const LEGEND: &str = "\
- **Throughput** counts what the row's unit says: a batch of 1000 items is 1000 items. Bars are \
medians of all runs, whiskers reach from the slowest run to the fastest, and the upright mark is \
what the machine itself allows for work of this kind. Where figures are of different decades the \
axis is logarithmic: each step to the right is a factor, and only the ends of bars can be compared.
- **Latency** is the time of one operation, always on a logarithmic axis: the dot is the median, \
the thick bar ends at the slowest 5 %, the thin bar at the slowest 1 %, the whisker at the slowest \
0.1 %. Short is steady; the further left the better.
- **CPU for each unit** is the processor time of client and server together, divided by what was \
done in it. Spinning counts: a fast row that burns a second processor shows here.
- **CPU at fixed rates** is what both sides use when the client asks only so often: 100 % is one \
processor. `blocking` sides never spin; adaptive ones should need no more than they do when calls \
are rare.
- **Limit** names the raw figure of the same machine that a row is held against (see \
[limits](#limits)), and the **share** is how much of it is reached. `@1000` in a name is a fixed \
rate of 1000 a second, `x2` two threads, and words in brackets what else kept the machine busy.
- **Of ours** is for clients that are other programs, named at the end of the row: how much of what \
this program's own client reached right before or after.
";

/// The whole page.
pub(super) fn render(rows: &[Row], plots: &Plots, command: &str, machine: &Machine) -> String {
    let scenarios: BTreeSet<Scenario> = rows.iter().map(|row| row.scenario).collect();
    let mut page = String::from("# How fast NetIPC is on this machine\n\n");
    page += &measured(rows, command, machine);
    if let Some(caveat) = caveat() {
        page += &format!("\n**Caution: {caveat}.**\n");
    }
    if scenarios.is_empty() {
        page += "\nNothing was measured.\n";
        return page;
    }
    let links: Vec<String> = scenarios
        .iter()
        .map(|scenario| format!("[{0}](#{0})", scenario.name()))
        .collect();
    page += &format!("\nFigures: {}\n", links.join(" · "));
    page += "\n## How to read it\n\n";
    page += &if scenarios.contains(&Scenario::Limits) {
        LEGEND.to_owned()
    } else {
        LEGEND.replace("[limits](#limits)", "the scenario `limits`")
    };
    for scenario in scenarios {
        page += &section(rows, plots, scenario);
    }
    page
}

fn about(scenario: Scenario) -> &'static str {
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
        Scenario::Item => "Every item or label of a reply looked at, one after the other.",
        Scenario::Connect => "Connect, handshake and close.",
        Scenario::Limits => "What the machine itself allows, without any of NetIPC's protocol.",
    }
}

fn measured(rows: &[Row], command: &str, machine: &Machine) -> String {
    let figures = match rows.len() {
        1 => "1 figure".to_owned(),
        count => format!("{count} figures"),
    };
    format!(
        "| how it was measured | |\n| --- | --- |\n| command | {} |\n| day (UTC) | {} |\n\
         | kernel | {} |\n| processors | {} |\n| rows | {figures} |\n\n\
         Where there is a server, it is a process of its own. The client asks again as soon as it \
         has its answer, or at the fixed rate that the row names.\n",
        code(&without_directories(command)),
        plain(&machine.day),
        plain(&machine.kernel),
        plain(&machine.processors),
    )
}

fn section(rows: &[Row], plots: &Plots, scenario: Scenario) -> String {
    let mut text = format!("\n## {}\n\n{}\n", scenario.name(), about(scenario));
    let images = |of: fn(Kind) -> bool| {
        plots
            .iter()
            .filter(move |plot| plot.scenario == scenario && of(plot.kind))
            .map(|plot| format!("\n![{}]({})\n", plain(&plot.title), plot.file))
            .collect::<String>()
    };
    text += &images(|kind| kind != Kind::CpuAtRate);
    text += &table(rows.iter().filter(|row| row.scenario == scenario));
    let pairs = pairs(rows, scenario);
    if !pairs.is_empty() {
        text += &format!("\n### CPU of {} at fixed rates\n", scenario.name());
        text += &images(|kind| kind == Kind::CpuAtRate);
        text += &comparison(&pairs);
    }
    text
}

/// All the figures of these rows.
fn table<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
    let mut text = String::from(
        "\n| row | a second | unit | slowest – fastest run | p50 µs | p95 µs | p99 µs | p99.9 µs \
         | CPUs: client | server | CPU µs per unit | system calls | switches | limit | share \
         | of ours |\n\
         | --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: \
         | --- | ---: | ---: |\n",
    );
    for row in rows {
        let cells = [
            code(&row.name()),
            scaled(row.throughput),
            plain(&row.unit),
            format!("{} – {}", scaled(row.min), scaled(row.max)),
            optional(row.p50_us),
            optional(row.p95_us),
            optional(row.p99_us),
            optional(row.p999_us),
            significant(row.client_cpu),
            significant(row.server_cpu),
            optional(cpu_per_unit(row, cpu(row))),
            optional(row.syscalls),
            optional(row.switches),
            row.limit.as_deref().map_or_else(|| NONE.to_owned(), code),
            row.share_of_limit.map_or_else(|| NONE.to_owned(), percent),
            row.share_of_own.map_or_else(|| NONE.to_owned(), percent),
        ];
        text += &format!("| {} |\n", cells.join(" | "));
    }
    text
}

/// What adaptive sides need, held against blocking ones; empty where nothing can be compared.
fn comparison(pairs: &[Pair<'_>]) -> String {
    let rows: String = pairs
        .iter()
        .filter_map(|pair| Some((pair.adaptive, pair.blocking?, pair.ratio()?)))
        .map(|(adaptive, blocking, ratio)| {
            format!(
                "| {} | {} | {} | {} | {} | {} |\n",
                adaptive.rate,
                code(&adaptive.name()),
                percent(cpu(adaptive)),
                code(&blocking.name()),
                percent(cpu(blocking)),
                percent(ratio),
            )
        })
        .collect();
    if rows.is_empty() {
        return rows;
    }
    format!(
        "\n| a second | adaptive | CPU | blocking | CPU | adaptive / blocking |\n\
         | ---: | --- | ---: | --- | ---: | ---: |\n{rows}"
    )
}
