//! What `serve` knows of this machine: where it looks, what it says about that, and how it keeps looking.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use clap::Args;
use netipc_host::{Clash, Host, HostConfig, Policy, SourceReport, Sources};

use super::policy::PolicyArgs;
use crate::args::seconds;
use crate::exit::{self, Exit, Failed, printed};
use crate::plain::plain;

/// Names that several cgroups share, as many as are told of at once.
const CLASHES_SHOWN: usize = 20;

/// Where and how to look at this machine.
#[derive(Args, Debug)]
pub(super) struct MachineArgs {
    /// Seconds between two looks at this machine; fractions are fine
    #[arg(long, value_name = "SECS", default_value = "1", value_parser = seconds)]
    refresh: Duration,

    /// Where this machine's file system is, such as /host in a container: everything is looked for below it
    #[arg(long, value_name = "DIR", default_value = "/")]
    host_root: PathBuf,

    /// Where cgroups are mounted [default: sys/fs/cgroup below the host's root]
    #[arg(long, value_name = "PATH")]
    cgroup_root: Option<PathBuf>,

    /// Where proc is mounted [default: proc below the host's root]
    #[arg(long, value_name = "PATH")]
    proc_root: Option<PathBuf>,

    /// Takes names of a kind of containers or machines from other places, separated by commas, or `off` for none; may be
    /// repeated. `*` in a place stands for any name, and `~` for every home directory
    #[arg(long, value_name = "NAME=PLACES", value_parser = source, long_help = source_help())]
    source: Vec<(String, Vec<PathBuf>)>,

    #[command(flatten)]
    patterns: PolicyArgs,

    /// More patterns, from a file: a line is `enable PATTERN` or `disable PATTERN`
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,

    /// Serves nothing: looks at this machine once and tells for the cgroup PATH, in any spelling, which rule and which file
    /// gave each field; may be repeated
    #[arg(long, value_name = "PATH")]
    explain: Vec<OsString>,
}

impl MachineArgs {
    /// Whether nothing is to be served.
    pub(super) fn explains(&self) -> bool {
        !self.explain.is_empty()
    }

    /// Prints the explanations.
    pub(super) fn explain(&self) -> Result<(), Failed> {
        let host = self.look()?;
        let mut out = io::stdout().lock();
        for path in &self.explain {
            let explanation = host.explain(path.as_encoded_bytes());
            for (field, why) in explanation.fields() {
                let line = format!("{}: {}", plain(field), plain(why));
                printed(writeln!(out, "{line}"))?;
            }
        }
        Ok(())
    }

    /// Looks once.
    pub(super) fn look(&self) -> Result<Arc<Host>, Failed> {
        let mut config = HostConfig::under(&self.host_root);
        if let Some(root) = &self.cgroup_root {
            config.cgroup_root.clone_from(root);
        }
        if let Some(root) = &self.proc_root {
            config.proc_root.clone_from(root);
        }
        for (name, places) in &self.source {
            config.sources.set(name, places.iter().cloned());
        }
        config.policy = self.policy()?;
        let host = Arc::new(Host::new(config));
        host.refresh();
        Ok(host)
    }

    pub(super) fn period(&self) -> Duration {
        self.refresh
    }

    fn policy(&self) -> Result<Policy, Failed> {
        let mut policy = self.patterns.policy();
        if let Some(file) = &self.policy {
            let invalid = |error: &dyn std::fmt::Display| {
                let sentence = format!("policy file {}: {error}", file.display());
                Failed::new(Exit::Usage, sentence)
            };
            let text = fs::read_to_string(file).map_err(|error| invalid(&error))?;
            policy.read(&text).map_err(|error| invalid(&error))?;
        }
        Ok(policy)
    }
}

/// Keeps the picture of the machine fresh, and tells what changes about where it comes from.
pub(super) struct Refresher {
    host: Arc<Host>,
    period: Duration,
    reported: Vec<SourceReport>,
    clashes: Vec<Clash>,
}

impl Refresher {
    pub(super) fn new(host: Arc<Host>, period: Duration) -> Self {
        Self {
            host,
            period,
            reported: Vec::new(),
            clashes: Vec::new(),
        }
    }

    /// Looks once in every period until the other end of `ended` is gone.
    pub(super) fn run(mut self, ended: &mpsc::Receiver<()>) {
        self.report();
        while let Err(mpsc::RecvTimeoutError::Timeout) = ended.recv_timeout(self.period) {
            self.host.refresh();
            self.report();
        }
    }

    /// A line for each source that is not what it was, and for each name that several cgroups newly share.
    fn report(&mut self) {
        let snapshot = self.host.current();
        let now = Instant::now();
        for source in snapshot.sources() {
            let mut reported = self.reported.iter();
            if reported.any(|earlier| earlier.is_same(source)) {
                continue;
            }
            match source.stale(now) {
                Some(age) => {
                    let age = age.as_secs_f64();
                    let line = format!("{source}; data of {age:.1} s ago is used");
                    exit::to_stderr(&plain(&line));
                }
                None => exit::to_stderr(&plain(&source.to_string())),
            }
        }
        self.reported = snapshot.sources().to_vec();
        let clashes = snapshot.cgroups().clashes();
        let known: HashSet<&Clash> = self.clashes.iter().collect();
        let new: Vec<&Clash> = clashes.iter().filter(|it| !known.contains(it)).collect();
        for clash in new.iter().take(CLASHES_SHOWN) {
            exit::to_stderr(&plain(&clash.to_string()));
        }
        if let Some(more @ 1..) = new.len().checked_sub(CLASHES_SHOWN) {
            exit::to_stderr(&format_args!(
                "{more} more names are shared by several cgroups"
            ));
        }
        self.clashes = clashes.to_vec();
    }
}

fn source(text: &str) -> Result<(String, Vec<PathBuf>), String> {
    let (name, places) = text.split_once('=').ok_or("not NAME=PLACES or NAME=off")?;
    if !Sources::NAMES.contains(&name) {
        return Err(format!("{name} is none of {}", Sources::NAMES.join(", ")));
    }
    let places = match places {
        "off" => Vec::new(),
        "" => return Err("no places; say off to look at none".to_owned()),
        places => places.split(',').map(PathBuf::from).collect(),
    };
    Ok((name.to_owned(), places))
}

fn source_help() -> String {
    let mut help = "Takes names of a kind of containers or machines from other places, separated by commas, \
        or `off` for none; may be repeated. `*` in a place stands for any name, and `~` for every home \
        directory. What is known to several is taken from the first:"
        .to_owned();
    let usual = Sources::under("/");
    for name in Sources::NAMES {
        let places = usual.places(name).iter();
        let places: Vec<String> = places.map(|place| place.display().to_string()).collect();
        help.push_str(&format!("\n  {name}: {}", places.join(", ")));
    }
    help
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_have_names_and_places() {
        let places = vec!["/a".into(), "/b/*".into()];
        assert_eq!(source("docker=/a,/b/*"), Ok(("docker".into(), places)));
        assert_eq!(source("podman=off"), Ok(("podman".into(), Vec::new())));
        for wrong in ["docker", "docker=", "rocket=/a"] {
            assert!(source(wrong).is_err(), "{wrong}");
        }
    }
}
