//! Every service behaves the same over every transport.

use netipc::protocol::{PROFILE_BASELINE, PROFILE_SHM_FUTEX, PROFILE_SHM_HYBRID};
use netipc::transport::{MemoryTransport, UnixTransport};
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
service_suite!(socket, World::new(UnixTransport::new(), PROFILE_BASELINE));
service_suite!(
    shm_hybrid,
    World::new(UnixTransport::new(), PROFILE_BASELINE | PROFILE_SHM_HYBRID)
);
service_suite!(
    shm_kernel,
    World::new(UnixTransport::new(), PROFILE_BASELINE | PROFILE_SHM_FUTEX)
);
