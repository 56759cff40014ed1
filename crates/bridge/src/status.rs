//! What a running bridge tells of itself, over a socket in its run directory: who exports what, how long answers
//! take, what was refused. It costs nothing while nobody asks.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::counts::{Counts, Row};
pub use crate::unix::{StatusServer, collect};

/// What one bridge tells of itself.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Report {
    /// `export` or `import`.
    pub role: String,
    /// The host that exports, or the asker that imports.
    pub name: String,
    /// What tells this exporter from another of its name, as 16 hex digits; nothing for importers.
    pub claim: Option<String>,
    /// Its services.
    pub services: Vec<Served>,
    /// What was asked of each, by whom, or of whom.
    pub peers: Vec<PeerRow>,
}

/// A service of a bridge.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Served {
    /// The host whose service it is.
    pub host: String,
    /// Its name there.
    pub service: String,
    /// The name of the local endpoint.
    pub endpoint: String,
    /// `offered`, `not offered yet` or `disputed` where it is exported; `up`, `absent`, `disputed`, and for a moment
    /// `not served yet` or `going`, where it is imported.
    pub standing: String,
}

/// What was asked, of one other side and one service.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PeerRow {
    /// The other side: an asker, or a host.
    pub peer: String,
    /// The service.
    pub service: String,
    /// The name of the local endpoint.
    pub endpoint: String,
    /// What was counted.
    #[serde(flatten)]
    pub row: Row,
}

impl Report {
    pub(crate) fn new(
        role: &str,
        name: &str,
        claim: u64,
        services: Vec<Served>,
        (counts, endpoint): (&Counts, impl Fn(&str) -> String),
    ) -> Self {
        let peers = counts.rows().into_iter();
        let peers = peers.map(|((peer, service), row)| PeerRow {
            peer,
            endpoint: endpoint(&service),
            service,
            row,
        });
        Self {
            role: role.to_owned(),
            name: name.to_owned(),
            claim: (claim != 0).then(|| format!("{claim:016x}")),
            services,
            peers: peers.collect(),
        }
    }

    /// The reports of a process, where they are of one role and name, as one.
    #[must_use]
    pub fn joined(reports: Vec<Self>) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for report in reports {
            let same = |one: &&mut Self| {
                (&one.role, &one.name, &one.claim) == (&report.role, &report.name, &report.claim)
            };
            match all.iter_mut().find(same) {
                Some(one) => {
                    one.services.extend(report.services);
                    one.peers.extend(report.peers);
                }
                None => all.push(report),
            }
        }
        all
    }
}

/// Reports as lines for people.
#[must_use]
pub fn text(reports: &[Report]) -> String {
    let mut out = String::new();
    for report in reports {
        // Writing to a string does not fail.
        let _ = writeln!(out, "{} {}", report.role, report.name);
        for served in &report.services {
            let Served {
                host,
                service,
                endpoint,
                standing,
            } = served;
            let _ = writeln!(out, "  {service} of {host} as {endpoint}: {standing}");
        }
        for PeerRow {
            peer, service, row, ..
        } in &report.peers
        {
            let refused: u64 = row.refused.values().sum();
            let (mean, max) = (millis(row.latency.mean_us()), millis(row.latency.max_us));
            let _ = writeln!(
                out,
                "  {peer} {service}: {} answered ({} unchanged), {refused} not; {mean} ms on average, {max} at most; \
                 {} bytes, {} sent",
                row.answered, row.unchanged, row.bytes, row.sent_bytes
            );
            for (why, times) in &row.refused {
                let _ = writeln!(out, "    {times} x {why}");
            }
        }
    }
    out
}

fn millis(us: u64) -> String {
    format!("{}.{}", us / 1000, us % 1000 / 100)
}
