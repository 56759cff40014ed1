//! Whatever a server grows to, and when: a lookup comes to an end, within its ceilings, with what fits.

use netipc::lookup::LookupItem;
use netipc::protocol::{PROFILE_BASELINE, PidStatus};
use netipc::service::apps_lookup::{AppsLookup, AppsLookupItem};
use netipc::transport::MemoryTransport;
use netipc::wire::Encode;
use netipc::{ClientConfig, ErrorCode, simple_hash};
use netipc_conformance::service::growing::{self, Growing};
use netipc_conformance::service::{World, connected, data};
use proptest::collection::vec;
use proptest::prelude::*;

/// The length of a name, as only the seed and the process tell.
fn name_len(seed: u32, pid: u32, most: u32) -> usize {
    let hash = simple_hash(&[seed.to_le_bytes(), pid.to_le_bytes()].concat());
    (hash % most) as usize
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    // Rules S13, S15, S19, P4.
    #[test]
    fn lookups_end(
        pids in vec(any::<u32>(), 0..150),
        names in prop_oneof![Just(1_u32), 1_u32..1000, 1_u32..20_000],
        most in prop_oneof![Just(u32::MAX), 512_u32..20_000],
        response in prop_oneof![Just(0_u32), 512_u32..20_000],
        subcalls in prop_oneof![Just(0_u32), 1_u32..200],
        seed: u32,
    ) {
        let world = World::new(MemoryTransport::new(), PROFILE_BASELINE);
        let name_len = move |pid| name_len(seed, pid, names);
        let server = Growing::in_world(&world, most, growing::apps(name_len));
        let config = ClientConfig {
            max_response_payload_bytes: response,
            max_logical_lookup_subcalls: subcalls,
            ..world.client_config()
        };
        let mut client = connected(world.client_with::<AppsLookup>(config));
        for _ in 0..2 {
            match client.call(&pids) {
                Ok(reply) => {
                    prop_assert_eq!(reply.len(), pids.len());
                    for (pid, item) in pids.iter().zip(reply.iter()) {
                        data::with_process(*pid, name_len(*pid), |known| {
                            if item.status == PidStatus::OVERSIZED_ITEM {
                                assert!(24 + known.size() > 512);
                                assert_eq!(item, AppsLookupItem::bare(known.key(), item.status.0));
                            } else {
                                assert_eq!(item, *known);
                            }
                        });
                    }
                }
                Err(error) => {
                    prop_assert!(subcalls > 0, "{}", error);
                    prop_assert_eq!(error.code(), ErrorCode::OVERFLOW, "{}", error);
                }
            }
        }
        drop(client);
        let grown = server.finish();
        let limit = if subcalls == 0 { 4096 } else { u64::from(subcalls) };
        prop_assert!(grown.requests <= 2 * limit, "{:?}", grown);
        // Requests of 1024 bytes have at most 63 keys, whose placeholders 8192 bytes hold.
        prop_assert!(grown.response_bytes <= 8192, "{:?}", grown);
    }
}
