//! Every backend keeps the one contract.

use netipc_conformance::link::Rig;
use netipc_conformance::link_suite;
use netipc_transport::link::RegionMode;
use netipc_transport::{MemoryTransport, UnixTransport};

link_suite!(memory, Rig::new(MemoryTransport::new()));
link_suite!(socket, Rig::new(UnixTransport::new()));
link_suite!(
    shm_hybrid,
    Rig::new(UnixTransport::new()).over_regions(RegionMode::Hybrid)
);
link_suite!(
    shm_kernel,
    Rig::new(UnixTransport::new()).over_regions(RegionMode::Kernel)
);
