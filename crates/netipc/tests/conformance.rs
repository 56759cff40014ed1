//! Every service behaves the same over every transport.

use netipc::protocol::PROFILE_BASELINE;
use netipc::transport::{MemoryTransport, NativeTransport};
use netipc_conformance::service::World;
use netipc_conformance::service_suite;

service_suite!(memory, World::new(MemoryTransport::new(), PROFILE_BASELINE));
service_suite!(
    small_packets,
    World::new(
        MemoryTransport::new().with_packet_size(1000),
        PROFILE_BASELINE
    )
);
service_suite!(
    baseline,
    World::new(NativeTransport::new(), PROFILE_BASELINE)
);
service_suite!(
    shm_02,
    World::new(NativeTransport::new(), PROFILE_BASELINE | 0x02)
);
service_suite!(
    shm_04,
    World::new(NativeTransport::new(), PROFILE_BASELINE | 0x04)
);
#[cfg(target_os = "linux")]
service_suite!(
    shm_10,
    World::new(NativeTransport::new(), PROFILE_BASELINE | 0x10)
);
