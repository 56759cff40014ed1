//! Every backend keeps the one contract.

use netipc_conformance::link::Rig;
use netipc_conformance::link_suite;
use netipc_transport::{MemoryTransport, NativeTransport};

link_suite!(memory, Rig::new(MemoryTransport::new()));
link_suite!(baseline, Rig::new(NativeTransport::new()));
link_suite!(shm_02, Rig::new(NativeTransport::new()).over(0x02));
link_suite!(shm_04, Rig::new(NativeTransport::new()).over(0x04));
#[cfg(target_os = "linux")]
link_suite!(shm_10, Rig::new(NativeTransport::new()).over(0x10));
