//! What is answered by code: from this machine, or from the request alone.

use std::sync::Arc;

use netipc::Handler;
use netipc::service::increment::{self, Increment};
use netipc::service::string_reverse::{self, StringReverse};
use netipc::service::{Method, Service};
use netipc_host::{Host, answers};

use super::provider::{Plan, Provider};

type OfRequest = fn(&Plan) -> Box<dyn Provider>;

/// Services whose answer follows from the request.
const OF_REQUEST: [(Method, OfRequest); 2] = [
    (Increment::METHOD, |plan| {
        plan.provider(increment::handler())
    }),
    (StringReverse::METHOD, |plan| {
        plan.provider(string_reverse::handler())
    }),
];

/// Whether the service tells of this machine.
pub(super) fn needs_host(service: &str) -> bool {
    answers::SERVICES.contains(&service)
}

impl answers::Take for &Plan {
    type Made = Box<dyn Provider>;

    fn take<S: Service>(self, handler: Handler<S>) -> Self::Made {
        self.provider(handler)
    }
}

/// What answers for `service`, if code does.
pub(super) fn provider(
    plan: &Plan,
    service: &str,
    host: Option<&Arc<Host>>,
) -> Option<Box<dyn Provider>> {
    let of_request = OF_REQUEST.iter().find(|(method, _)| method.name == service);
    match of_request {
        Some((_, make)) => Some(make(plan)),
        None => answers::give(service, Arc::clone(host?), plan),
    }
}
