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

    service_suite! { @rules calls, between();
        numbers_are_incremented,
        texts_are_reversed,
        messages_of_every_length_around_a_packet_arrive,
        snapshots_arrive_whole,
        a_large_snapshot_needs_configured_limits,
        a_snapshot_that_does_not_fit_makes_the_session_grow,
        batches_are_answered_by_position,
        large_batches_run_once,
        texts_come_in_batches,
        pipelines_answer_every_request_once,
    }
    service_suite! { @rules lookups, between();
        processes_are_found_in_order,
        cgroups_are_found_in_order,
        no_keys_ask_for_the_generation,
        items_that_fit_no_answer_are_oversized,
        keys_that_fit_no_request_are_oversized,
        large_and_small_items_mix,
        bad_keys_are_refused_before_anything_is_sent,
    }
    service_suite! { @rules failures, between();
        another_method_is_unsupported_and_the_session_goes_on,
        a_malformed_request_ends_the_session,
        one_bad_item_fails_its_batch,
        a_truncated_snapshot_is_sent_only_on_request,
    }
}
