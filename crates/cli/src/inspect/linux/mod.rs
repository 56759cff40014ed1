//! Endpoints of Linux, by its own accounts: files, the socket diagnosis, `/proc`.
//!
//! ```text
//! diag, proc_net  every Unix socket        processes  who holds which, and who that is
//! memory          regions and rings        endpoints  what of all that belongs to a run directory
//! ```

mod diag;
mod endpoints;
mod memory;
mod processes;
mod regions;
mod sessions;
mod users;

mod proc_net;

use std::path::PathBuf;

use super::Survey;
use crate::exit::{Exit, Failed};
use diag::Socket;
use memory::Maps;
use processes::{Holders, Processes};

/// Looks at run directories.
pub(super) fn look(run_dirs: &[PathBuf]) -> Result<Survey, Failed> {
    let mut unseen = Vec::new();
    let mut machine = Machine::look(&mut unseen)?;
    let run_dirs = run_dirs
        .iter()
        .map(|path| endpoints::look(path, &mut machine))
        .collect();
    Ok(Survey { run_dirs, unseen })
}

/// What the kernel tells of all sockets and processes, asked once.
struct Machine {
    sockets: Vec<Socket>,
    /// Whether the ends of a connection are known to belong together.
    knows_peers: bool,
    holders: Holders,
    processes: Processes,
    maps: Maps,
}

impl Machine {
    fn look(unseen: &mut Vec<String>) -> Result<Self, Failed> {
        let failed =
            |what: &str, error| Failed::new(Exit::Failed, format!("cannot read {what}: {error}"));
        let (sockets, knows_peers) = match diag::sockets() {
            Ok(sockets) => (sockets, true),
            Err(error) => {
                unseen.push(format!(
                    "who is at the other end of a connection: the kernel's socket diagnosis says {error}; \
                     /proc/net/unix shows the server's side alone"
                ));
                let listed = proc_net::sockets();
                (
                    listed.map_err(|error| failed("/proc/net/unix", error))?,
                    false,
                )
            }
        };
        let holders = Holders::find().map_err(|error| failed("/proc", error))?;
        match holders.hidden {
            0 => {}
            hidden => unseen.push(format!(
                "sockets and memory of {hidden} processes of other users: run it as root to see them"
            )),
        }
        Ok(Self {
            sockets,
            knows_peers,
            holders,
            processes: Processes::default(),
            maps: Maps::default(),
        })
    }
}
