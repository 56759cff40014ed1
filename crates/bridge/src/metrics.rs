//! Reports as Prometheus reads them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::counts::{ENDS_MS, Row};
use crate::status::Report;

/// A counter: its name, what it counts, and where that is.
type Counter = (&'static str, &'static str, fn(&Row) -> u64);

const COUNTERS: [Counter; 4] = [
    (
        "netipc_bridge_answered_total",
        "Questions answered.",
        |row| row.answered,
    ),
    (
        "netipc_bridge_unchanged_total",
        "Answers that did not travel, because the asker held them.",
        |row| row.unchanged,
    ),
    (
        "netipc_bridge_bytes_total",
        "Bytes of questions and answers.",
        |row| row.bytes,
    ),
    (
        "netipc_bridge_sent_bytes_total",
        "Bytes of questions and answers, as they travelled.",
        |row| row.sent_bytes,
    ),
];

/// Reports in the text format of Prometheus. What several bridges tell of one series, such as two exporters of one name, is
/// added up.
#[must_use]
pub fn prometheus(reports: &[Report]) -> String {
    let mut out = String::new();
    standings(&mut out, reports);
    // Names are letters, digits, `.`, `_` and `-`: nothing of them needs to be escaped.
    let mut rows = BTreeMap::<String, Row>::new();
    let all = reports
        .iter()
        .flat_map(|report| report.peers.iter().map(move |row| (report, row)));
    for (report, row) in all {
        let (role, name) = (&report.role, &report.name);
        let (peer, service, endpoint) = (&row.peer, &row.service, &row.endpoint);
        let labels = format!(
            "role=\"{role}\",name=\"{name}\",peer=\"{peer}\",service=\"{service}\",endpoint=\"{endpoint}\""
        );
        rows.entry(labels).or_default().add(&row.row);
    }
    for (name, help, value) in COUNTERS {
        metric(&mut out, name, "counter", help);
        for (labels, row) in &rows {
            let _ = writeln!(out, "{name}{{{labels}}} {}", value(row));
        }
    }
    let name = "netipc_bridge_refused_total";
    metric(&mut out, name, "counter", "Questions not answered, by why.");
    for (labels, row) in &rows {
        for (why, times) in &row.refused {
            let _ = writeln!(out, "{name}{{{labels},why=\"{why}\"}} {times}");
        }
    }
    metric(
        &mut out,
        "netipc_bridge_seconds",
        "histogram",
        "How long answers took.",
    );
    for (labels, row) in &rows {
        histogram(&mut out, labels, row);
    }
    out
}

fn standings(out: &mut String, reports: &[Report]) {
    let name = "netipc_bridge_up";
    metric(out, name, "gauge", "Whether a service can be asked.");
    let served = reports
        .iter()
        .flat_map(|report| report.services.iter().map(move |served| (report, served)));
    // Two that stand alike are one series, too.
    let mut lines = BTreeSet::new();
    for (report, served) in served {
        let up = u8::from(matches!(&*served.standing, "up" | "offered"));
        let (role, host, service) = (&report.role, &served.host, &served.service);
        let (own, endpoint, standing) = (&report.name, &served.endpoint, &served.standing);
        lines.insert(format!(
            "{name}{{role=\"{role}\",name=\"{own}\",host=\"{host}\",service=\"{service}\",endpoint=\"{endpoint}\",standing=\"{standing}\"}} {up}"
        ));
    }
    for line in lines {
        let _ = writeln!(out, "{line}");
    }
}

// Writing to a string does not fail.
fn metric(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn histogram(out: &mut String, labels: &str, row: &Row) {
    let name = "netipc_bridge_seconds";
    let mut sum = 0;
    for (end, count) in ENDS_MS.iter().zip(row.latency.buckets) {
        sum += count;
        let (seconds, millis) = (end / 1000, end % 1000);
        let _ = writeln!(
            out,
            "{name}_bucket{{{labels},le=\"{seconds}.{millis:03}\"}} {sum}"
        );
    }
    let (count, us) = (row.latency.count, row.latency.sum_us);
    let (seconds, micros) = (us / 1_000_000, us % 1_000_000);
    let _ = writeln!(out, "{name}_bucket{{{labels},le=\"+Inf\"}} {count}");
    let _ = writeln!(out, "{name}_sum{{{labels}}} {seconds}.{micros:06}");
    let _ = writeln!(out, "{name}_count{{{labels}}} {count}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counts::{Counts, Done};
    use crate::status::Served;
    use crate::wire::Outcome;

    /// What one bridge tells that had two questions, one of which was answered.
    fn report(role: &str, name: &str, claim: u64, endpoint: &str) -> Report {
        let counts = Counts::default();
        for outcome in [Outcome::OK, Outcome::ABSENT] {
            counts.count("host", "s", &Done::refused(outcome));
        }
        let served = Served {
            host: "host".into(),
            service: "s".into(),
            endpoint: endpoint.into(),
            standing: "up".into(),
        };
        let counted = (&counts, |_: &str| endpoint.to_owned());
        Report::new(role, name, claim, vec![served], counted)
    }

    /// The names and labels of all lines, each of which is there once.
    fn series(text: &str) -> BTreeSet<&str> {
        let mut seen = BTreeSet::new();
        let series = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.rsplit_once(' '))
            .map(|(series, _)| series);
        for one in series {
            assert!(seen.insert(one), "twice: {one}");
        }
        seen
    }

    #[test]
    fn no_two_lines_are_of_one_series() {
        // What two imports of one service of one host say, of two names, to two endpoints.
        let imports = [("a", "s.a"), ("b", "s.a"), ("a", "other")];
        let reports = imports.map(|(name, endpoint)| report("import", name, 0, endpoint));
        let text = prometheus(&Report::joined(reports.to_vec()));
        assert!(series(&text).len() > 3 * 15, "{text}");
    }

    #[test]
    fn two_exporters_of_one_name_are_one_series() {
        let reports = [1, 2].map(|claim| report("export", "host", claim, "s"));
        let text = prometheus(&Report::joined(reports.to_vec()));
        let one = prometheus(&reports[..1]);
        assert_eq!(series(&text), series(&one));
        let ends = |text: &str, line: &str| {
            let labels = "role=\"export\",name=\"host\",peer=\"host\",service=\"s\",endpoint=\"s\"";
            text.contains(&format!("netipc_bridge_{}", line.replace("{}", labels)))
        };
        for line in [
            "answered_total{{}} 2\n",
            "seconds_count{{}} 2\n",
            "seconds_bucket{{},le=\"0.001\"} 2\n",
            "refused_total{{},why=\"nobody serves it there\"} 2\n",
        ] {
            assert!(ends(&text, line), "{line}: {text}");
        }
    }
}
