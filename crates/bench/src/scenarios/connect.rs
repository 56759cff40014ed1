//! `connect`: a session comes about, and goes.

use netipc::service::increment::Increment;

use super::open;
use super::serve::Route;
use crate::measure::BoxedOp;

/// Connects, shakes hands and closes.
pub(super) fn op(route: &Route) -> BoxedOp {
    let route = route.clone();
    Box::new(move || {
        open::session::<Increment>(&route).map(drop)?;
        Ok(1)
    })
}
