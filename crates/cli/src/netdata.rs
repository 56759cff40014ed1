//! `--netdata`: endpoints of a Netdata agent, by the agent's own rules for run directory and token.

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use netipc::chain;
use netipc::transport::{Endpoint, NativeTransport, Transport, Wait};
use netipc_netdata::{Access, INVOCATION_VARIABLES, TokenError, auth_token};

use crate::exit::{Exit, Failed};

/// How long the provider of an endpoint may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The directory that the agent's endpoints are in.
pub(crate) fn run_dir() -> Result<PathBuf, Failed> {
    netipc_netdata::run_dir(Access::Read).map_err(|error| Failed::caused_by(Exit::NotFound, &error))
}

/// The directory that the agent's providers make their endpoints in, made where there is none.
pub(crate) fn run_dir_to_serve() -> Result<PathBuf, Failed> {
    netipc_netdata::create_run_dir().map_err(|error| Failed::caused_by(Exit::Failed, &error))
}

/// The token of the agent that started this program.
pub(crate) fn own_token() -> Result<u64, Failed> {
    auth_token().map_err(|error| Failed::caused_by(Exit::Usage, &error))
}

/// The token of the agent whose `endpoint` it is: by the agent's variable here, else by the
/// environment of the process that serves the endpoint, else by the variable that systemd sets here,
/// which may be that of another unit.
pub(crate) fn token_of(endpoint: &Endpoint) -> Result<u64, Failed> {
    let [agents, _] = INVOCATION_VARIABLES;
    if env::var_os(agents).is_some_and(|id| !id.is_empty()) {
        return own_token();
    }
    let theirs = token_of_provider(endpoint)?;
    theirs.or_else(|why| match auth_token() {
        Ok(token) => Ok(token),
        Err(TokenError::NotSet) => Err(Failed::new(Exit::Usage, why)),
        Err(error) => Err(Failed::caused_by(Exit::Usage, &error)),
    })
}

/// The token of the process that serves `endpoint`, or why it does not tell.
fn token_of_provider(endpoint: &Endpoint) -> Result<Result<u64, String>, Failed> {
    let wait = Wait::timeout(CONNECT_TIMEOUT);
    let link = NativeTransport::default().connect(endpoint, &wait);
    let link = link.map_err(|error| {
        let error = error.into();
        Failed::caused_by(Exit::of_open(&error), &error)
    })?;
    let process = link.info().peer.pid;
    let why = match process.map(token_of_process) {
        Some(Ok(token)) => return Ok(Ok(token)),
        Some(Err(error)) => chain(&error),
        None => "the system does not tell which process that is".to_owned(),
    };
    let [agents, systemds] = INVOCATION_VARIABLES;
    Ok(Err(format!(
        "no token of the agent: neither {agents} nor {systemds} is set here, and the process that serves \
         {endpoint} gives none: {why}; run as root or as its user, or pass the token"
    )))
}

/// Whether an agent has started the process `pid`, as far as its environment is shown.
pub(crate) fn has_token(pid: u32) -> bool {
    token_of_process(pid).is_ok()
}

#[cfg(target_os = "linux")]
use netipc_netdata::auth_token_of_process as token_of_process;

/// Only Linux shows the environment of another process.
#[cfg(not(target_os = "linux"))]
fn token_of_process(_pid: u32) -> Result<u64, TokenError> {
    Err(TokenError::NotSet)
}
