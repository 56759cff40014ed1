//! What every service does over every transport, it does between hosts: the suite of the others, with the bridge in the
//! middle.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;

use std::fmt;
use std::sync::OnceLock;

use common::{IMPORTED, Pair, import_config};
use netipc::protocol::PROFILE_BASELINE;
use netipc::transport::link::{BindError, BindOptions, ConnectError, Profile};
use netipc::transport::{Baseline, Endpoint, Listener, NativeTransport, Transport, Wait};
use netipc_conformance::service::World;
use netipc_conformance::service_suite;

/// Binds on the host that exports, and connects on the one that imports.
struct Between {
    native: NativeTransport,
    pair: OnceLock<Pair>,
}

impl Between {
    fn new() -> Self {
        Self {
            native: NativeTransport::new(),
            pair: OnceLock::new(),
        }
    }

    fn pair(&self, endpoint: &Endpoint) -> &Pair {
        self.pair
            .get_or_init(|| Pair::of(endpoint.run_dir(), import_config))
    }
}

impl Transport for Between {
    fn profiles(&self) -> &'static [Profile] {
        self.native.profiles()
    }

    fn connect(
        &self,
        endpoint: &Endpoint,
        wait: &Wait<'_>,
    ) -> Result<Box<dyn Baseline>, ConnectError> {
        let near = self.pair(endpoint).near.path();
        let endpoint = Endpoint::new(near, IMPORTED).expect("an endpoint");
        self.native.connect(&endpoint, wait)
    }

    fn bind(
        &self,
        endpoint: &Endpoint,
        options: &BindOptions,
    ) -> Result<Box<dyn Listener>, BindError> {
        self.pair(endpoint);
        self.native.bind(endpoint, options)
    }
}

impl fmt::Debug for Between {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Between")
    }
}

fn between() -> World {
    World::new(Between::new(), PROFILE_BASELINE)
}

mod bridge {
    use super::*;

    service_suite! { @calls between() }
    service_suite! { @lookups between() }
    service_suite! { @answers between() }
}
