//! What is answered by code: from this machine, or from the request alone.

use std::sync::Arc;

use netipc::service::apps_lookup::AppsLookup;
use netipc::service::cgroups::CgroupsSnapshot;
use netipc::service::cgroups_lookup::CgroupsLookup;
use netipc::service::increment::{self, Increment};
use netipc::service::string_reverse::{self, StringReverse};
use netipc::service::{Method, Service};
use netipc_host::{Host, answers};

use super::provider::{Plan, Provider};

type OfMachine = fn(&Plan, Arc<Host>) -> Box<dyn Provider>;
type OfRequest = fn(&Plan) -> Box<dyn Provider>;

/// Services that tell of this machine.
pub(super) const OF_MACHINE: [(Method, OfMachine); 3] = [
    (<CgroupsSnapshot as Service>::METHOD, |plan, host| {
        plan.provider(answers::cgroups_snapshot(host))
    }),
    (<CgroupsLookup as Service>::METHOD, |plan, host| {
        plan.provider(answers::cgroups_lookup(host))
    }),
    (<AppsLookup as Service>::METHOD, |plan, host| {
        plan.provider(answers::apps_lookup(host))
    }),
];

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
    OF_MACHINE.iter().any(|(method, _)| method.name == service)
}

/// What answers for `service`, if code does.
pub(super) fn provider(
    plan: &Plan,
    service: &str,
    host: Option<&Arc<Host>>,
) -> Option<Box<dyn Provider>> {
    let is_asked = |method: &Method| method.name == service;
    if let Some((_, make)) = OF_REQUEST.iter().find(|(method, _)| is_asked(method)) {
        return Some(make(plan));
    }
    let (_, make) = OF_MACHINE.iter().find(|(method, _)| is_asked(method))?;
    Some(make(plan, Arc::clone(host?)))
}
