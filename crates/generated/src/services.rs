//! Every service that code was made for, as a table: tests and fuzz targets try each of them alike.
//!
//! Made from `services/*.toml` by `netipc schema generate`: change that, not this file.

use netipc::lookup::Lookup;
use netipc::service::{
    Service, apps_lookup, cgroups_lookup, cgroups_snapshot, increment, string_reverse,
};
use netipc::snapshot::{Snapshot, SnapshotReply};
use netipc::wire::Encode;

use crate::{ip_to_asn, pid_traffic};

/// The schemas of all of them.
pub const SCHEMAS: [&str; 7] = [
    include_str!("../../../services/apps-lookup.toml"),
    include_str!("../../../services/cgroups-lookup.toml"),
    include_str!("../../../services/cgroups-snapshot.toml"),
    include_str!("../../../services/increment.toml"),
    include_str!("../../../services/ip-to-asn.toml"),
    include_str!("../../../services/pid-traffic.toml"),
    include_str!("../../../services/string-reverse.toml"),
];

/// What is tried with every service; `service` is its name.
pub trait Check {
    /// Tries a lookup.
    fn lookup<L: Lookup>(&self, service: &str);

    /// Tries a snapshot.
    fn snapshot<S>(&self, service: &str)
    where
        S: Snapshot + Service,
        for<'a> S::Reply<'a>: From<SnapshotReply<'a, S>>,
        for<'a> S::Request<'a>: Encode;

    /// Tries a service of one value.
    fn value<S: Service>(&self, service: &str)
    where
        for<'a> S::Request<'a>: Encode,
        for<'a> S::Reply<'a>: Encode;
}

/// Tries it.
pub fn every_service(check: &impl Check) {
    check.lookup::<apps_lookup::AppsLookup>("apps-lookup");
    check.lookup::<cgroups_lookup::CgroupsLookup>("cgroups-lookup");
    check.snapshot::<cgroups_snapshot::CgroupsSnapshot>("cgroups-snapshot");
    check.value::<increment::Increment>("increment");
    check.lookup::<ip_to_asn::IpToAsn>("ip-to-asn");
    check.lookup::<pid_traffic::PidTraffic>("pid-traffic");
    check.value::<string_reverse::StringReverse>("string-reverse");
}
