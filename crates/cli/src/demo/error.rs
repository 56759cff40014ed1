//! Why a part of the demo could not be shown.

use std::io;
use std::time::Duration;

use netipc::CallError;
use netipc_bench::RunDirError;
use netipc_host::HostError;

/// Why a part of the demo could not be shown.
#[derive(Debug, thiserror::Error)]
pub(super) enum DemoError {
    /// There is no place for the endpoints.
    #[error(transparent)]
    RunDir(#[from] RunDirError),
    /// The provider's process could not be made.
    #[error("cannot start the provider")]
    Start(#[source] io::Error),
    /// The provider runs and does not serve.
    #[error("the provider was not ready after {0:?}")]
    NotReady(Duration),
    /// The provider ended by itself, and what it said last.
    #[error("the provider ended by itself{}", after_colon(.0.as_deref()))]
    Died(Option<String>),
    /// A call that was expected to succeed did not.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A client did not get a session.
    #[error("no session with {service}: {why}")]
    NoSession {
        /// The service.
        service: &'static str,
        /// What its client says.
        why: String,
    },
    /// This machine's processes cannot be listed.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The program would not learn that it is asked to stop.
    #[error("cannot wait for requests to stop")]
    StopRequests(#[source] io::Error),
    /// The user called it off.
    #[error("interrupted")]
    Interrupted,
}

fn after_colon(line: Option<&str>) -> String {
    line.map(|line| format!(": {line}")).unwrap_or_default()
}
