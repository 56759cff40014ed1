//! Connected clients, of which it is sure what carries their data; and `connect`: a session comes
//! about, and goes.

use std::sync::Arc;
use std::time::Duration;

use netipc::connection::Connection;
use netipc::service::Service;
use netipc::service::increment::Increment;
use netipc::transport::Wait;
use netipc::transport::link::LinkKind;
use netipc::{Client, ClientStatus};

use super::serve::Route;
use crate::error::BenchError;
use crate::measure::BoxedOp;
use crate::row::Transport;

/// How long a session may take to come about.
const PATIENCE: Duration = Duration::from_secs(10);

/// A typed client with a session.
pub(super) fn client<S: Service>(route: &Route) -> Result<Client<S>, BenchError> {
    let transport = Arc::new(route.native());
    let config = route.client_config();
    let mut client = Client::with_transport(transport, &route.run_dir, S::METHOD.name, config);
    client.refresh();
    check_status(route, client.status())?;
    Ok(client)
}

/// That what a client tells of itself is a session over what was to be measured.
pub(super) fn check_status(route: &Route, status: ClientStatus) -> Result<(), BenchError> {
    let (found, why) = (status.session, status.last_error.unwrap_or_default());
    check(route, found.map(|session| session.transport), &why)
}

/// A bare Level 1 session.
pub(super) fn session<S: Service>(route: &Route) -> Result<Connection, BenchError> {
    let endpoint = route.endpoint(S::METHOD)?;
    let proposal = route.client_config().proposal();
    let wait = Wait::timeout(PATIENCE);
    let session = Connection::connect(&route.native(), &endpoint, proposal, &wait)?;
    check(route, Some(session.info().kind), "")?;
    Ok(session)
}

/// Connects, shakes hands and closes.
pub(super) fn connect(route: &Route) -> BoxedOp {
    let route = route.clone();
    Box::new(move || {
        session::<Increment>(&route).map(drop)?;
        Ok(1)
    })
}

/// That a session is over what was to be measured.
fn check(route: &Route, found: Option<LinkKind>, why: &str) -> Result<(), BenchError> {
    let (wanted, kind) = match route.transport {
        Transport::Shm | Transport::Futex | Transport::Ring => {
            ("shared memory", LinkKind::SharedMemory)
        }
        _ if cfg!(windows) => ("the pipe", LinkKind::Pipe),
        _ => ("the socket", LinkKind::Socket),
    };
    let why = match found {
        Some(found) if found == kind => return Ok(()),
        Some(found) => format!("there is one over {found}"),
        None => why.to_owned(),
    };
    Err(BenchError::NoSession { wanted, why })
}
