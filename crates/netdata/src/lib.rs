//! How a Netdata agent and its plugins find one another: the run directory that their endpoints lie in, and the token that
//! their sessions carry.
//!
//! NetIPC itself takes both from its caller. This crate has the agent's own rules, for plugins and for programs of its
//! operators; `docs/spec/netdata.md` is the contract.
//!
//! ```
//! use netipc_netdata::{Access, token_of_invocation};
//!
//! // A consumer reads the run directory; a provider also makes its socket there.
//! match netipc_netdata::run_dir(Access::Read) {
//!     Ok(dir) => println!("endpoints are in {}", dir.display()),
//!     Err(error) => println!("{error}"),
//! }
//!
//! let token = token_of_invocation("00112233-4455-6677-8899-aabbccddeeff")?;
//! assert_eq!(token, 0xc56c_de21_e711_bf96);
//! # Ok::<(), netipc_netdata::TokenError>(())
//! ```

#[cfg(target_os = "linux")]
mod linux;
#[cfg(unix)]
#[path = "unix.rs"]
mod platform;
#[cfg(windows)]
#[path = "windows.rs"]
mod platform;
mod run_dir;
mod token;

#[cfg(target_os = "linux")]
pub use linux::auth_token_of_process;
pub use run_dir::{
    Access, RUN_DIR_VARIABLE, RunDirError, create_run_dir, create_run_dir_among, run_dir,
    run_dir_among,
};
pub use token::{INVOCATION_VARIABLES, TokenError, auth_token, token_of_invocation};
