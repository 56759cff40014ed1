//! Where endpoints usually are.

use std::env;
use std::path::PathBuf;

use crate::args::OWN_VARIABLE;
use crate::platform::{RUN_DIR_VARIABLE, usual_run_dir};

/// The variable of the agent.
const AGENTS: &str = "NETDATA_RUN_DIR";
/// Where agents are that do not say.
const OF_AGENTS: [&str; 3] = ["/run/netdata", "/var/run/netdata", "/tmp/netdata"];

/// Where to look unless the user says so.
pub(crate) fn usual_run_dirs() -> Vec<PathBuf> {
    let in_session = || Some(PathBuf::from(env::var_os(RUN_DIR_VARIABLE)?).join("netipc"));
    let own = named_by(OWN_VARIABLE)
        .into_iter()
        .chain(["/run/netipc".into()]);
    let own = own.chain(usual_run_dir()).chain(in_session());
    without_repeats(own.chain(agents_run_dirs()))
}

/// Where agents have their endpoints.
pub(crate) fn agents_run_dirs() -> Vec<PathBuf> {
    let usual = OF_AGENTS.map(PathBuf::from);
    without_repeats(named_by(AGENTS).into_iter().chain(usual))
}

fn named_by(variable: &str) -> Option<PathBuf> {
    let value = env::var_os(variable).filter(|value| !value.is_empty())?;
    Some(value.into())
}

/// Each directory once, also where one name is a link to the other.
fn without_repeats(all: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let mut known = Vec::new();
    let mut different = Vec::new();
    for path in all {
        let real = path.canonicalize().unwrap_or_else(|_| path.clone());
        if !known.contains(&real) {
            known.push(real);
            different.push(path);
        }
    }
    different
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_directory_is_looked_at_twice() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_owned();
        let again = path.join("..").join(path.file_name().unwrap());
        let gone = path.join("gone");
        let all = [path.clone(), gone.clone(), again, gone.clone()];
        assert_eq!(without_repeats(all.into_iter()), [path, gone]);
    }
}
