//! Removing what is provably stale.

use std::path::PathBuf;

use netipc::chain;
use netipc::transport::link::BindOptions;
use netipc::transport::{Endpoint, NativeTransport, Transport};

use super::finding::Report;

/// Removes what the findings say is stale, as a server that starts does: it takes the endpoint, under the lock of the start and after
/// asking whether anybody listens, sweeps its regions, and gives it back.
pub(super) fn remove(report: &mut Report) {
    let stale = report
        .findings
        .iter()
        .filter_map(|finding| finding.stale.clone());
    let mut stale: Vec<(PathBuf, String, PathBuf)> = stale.collect();
    stale.sort();
    for of_endpoint in stale.chunk_by(|one, next| (&one.0, &one.1) == (&next.0, &next.1)) {
        let Some((run_dir, service, _)) = of_endpoint.first() else {
            continue;
        };
        let failed = take_and_give_back(run_dir, service).err();
        for (_, _, path) in of_endpoint {
            match (&failed, path.symlink_metadata().is_ok()) {
                (_, false) => report.removed.push(path.clone()),
                (Some(why), true) => report
                    .not_removed
                    .push(format!("{}: {why}", path.display())),
                (None, true) => {
                    let why = "it is in use after all";
                    report
                        .not_removed
                        .push(format!("{}: {why}", path.display()));
                }
            }
        }
    }
}

fn take_and_give_back(run_dir: &PathBuf, service: &str) -> Result<(), String> {
    let endpoint = Endpoint::new(run_dir, service).map_err(|error| chain(&error))?;
    let listener = NativeTransport::default().bind(&endpoint, &BindOptions::default());
    listener.map(drop).map_err(|error| chain(&error))
}
