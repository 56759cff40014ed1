//! Every known defect of deployed peers, as a user of the library would meet it.
//!
//! Each number of the contract's list has a test here, `defect_NN_..`, over real sockets and real
//! shared memory. What can only be provoked below a whole client and server is tested there too:
//!
//! | number | here | lower down |
//! | --- | --- | --- |
//! | 1, 2, 8, 10, 28 | `serving`; 1, 8: `admission` | 2: transport |
//! | 3, 4, 5, 12, 15, 16, 17 | `endpoints` | transport |
//! | 6, 7, 14 | `processes` | transport; 14 with signals of all kinds |
//! | 9, 18, 19, 20, 32 | `regions` | 9, 18, 20: transport; 19: proto |
//! | 11, 13, 21, 22 | `framing` | 11, 13: transport; 11, 21, 22: proto |
//! | 23, 24, 25 | `growth` | |
//! | 26, 31 | `outcomes` | |
//! | 27 | `causes` | |
//! | 29, 30 | `deadlines` | |
//!
//! `deployed_servers` and `deployed_clients` play what peers in the field do besides.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(unix)]
mod admission;
mod causes;
mod deadlines;
mod deployed_clients;
mod deployed_servers;
#[cfg(unix)]
mod endpoints;
mod framing;
mod growth;
mod outcomes;
mod processes;
#[cfg(unix)]
mod regions;
mod serving;
#[path = "../stage/mod.rs"]
mod stage;
