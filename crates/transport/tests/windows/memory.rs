//! Regions that a peer has spoilt, and what busy-waiting costs.

use std::time::Duration;

use netipc_transport::link::{AttachError, LinkError, LinkKind, SessionPlan};
use netipc_transport::{NativeTransport, Transport, Wait, testing};

use super::common::{Stage, hear, plan, soon};
use super::{SHORT, say};

use region::RawRegion;

const SPIN_TRIES: usize = 32;
const REQUEST_OFFSET: usize = 16;
const REQUEST_CAPACITY: usize = 20;
const RESPONSE_OFFSET: usize = 24;
const RESPONSE_CAPACITY: usize = 28;
const PROFILE: usize = 12;

// Rule N13.
#[test]
fn defect_39_busy_waiting_is_for_those_who_ask_and_rests() {
    let profiles = NativeTransport::new().profiles();
    let by_default: Vec<u32> = profiles
        .iter()
        .filter(|profile| profile.kind == LinkKind::SharedMemory && !profile.on_request)
        .map(|profile| profile.bit)
        .collect();
    assert_eq!(by_default, [0x02]);
    assert!(profiles.iter().any(|profile| profile.bit == 0x04));

    let stage = Stage::new();
    let plan = SessionPlan {
        profile: 0x04,
        ..plan(1)
    };
    let (_client, mut server) = stage.session(&plan);
    let idle = Duration::from_secs(1);
    let before = testing::thread_time();
    let received = server.receive(&mut [0; 32], &Wait::timeout(idle));
    assert!(matches!(received, Err(LinkError::Timeout)), "{received:?}");
    let used = Duration::from_nanos((testing::thread_time() - before) * 100);
    assert!(used < idle / 2, "an idle second took {used:?}");
}

// Rule N15.
#[test]
fn defect_40_a_peer_does_not_decide_how_long_we_look() {
    let stage = Stage::new();
    let (client, mut server) = stage.baselines();
    server.offer(&plan(1)).unwrap();
    let region = RawRegion::open(&stage, &plan(1));
    assert_eq!(region.word(SPIN_TRIES), 1024);
    region.set_word(SPIN_TRIES, u32::MAX);
    let mut client = client.attach(&plan(1), &soon()).unwrap();
    let received = client.receive(&mut [0; 32], &Wait::timeout(SHORT));
    assert!(matches!(received, Err(LinkError::Timeout)), "{received:?}");
    let mut server = server.switch();
    say(&mut *client, b"question");
    assert_eq!(hear(&mut *server), b"question");
}

// Rule N15.
#[test]
fn defect_40_a_region_larger_than_its_memory_is_refused() {
    for (what, offset, value) in [
        ("beyond the view", RESPONSE_CAPACITY, 1 << 24),
        ("beyond the view", RESPONSE_OFFSET, 1 << 24),
        ("in the header", REQUEST_OFFSET, 64),
        ("no multiple of 64", REQUEST_CAPACITY, 4161),
        ("of another profile", PROFILE, 4),
        ("empty", RESPONSE_CAPACITY, 0),
    ] {
        let stage = Stage::new();
        let (client, mut server) = stage.baselines();
        server.offer(&plan(1)).unwrap();
        RawRegion::open(&stage, &plan(1)).set_word(offset, value);
        let attached = client.attach(&plan(1), &soon());
        assert!(
            matches!(attached, Err(AttachError::Unusable { .. })),
            "{what}: {attached:?}"
        );
    }
}

// Rule N16.
#[test]
fn a_length_that_cannot_be_ends_the_session() {
    const REQUEST_LEN: usize = 36;
    const REQUEST_SEQ: usize = 64;
    for len in [0, 4161, u32::MAX] {
        let stage = Stage::new();
        let (_client, mut server) = stage.session(&plan(1));
        let region = RawRegion::open(&stage, &plan(1));
        region.set_word(REQUEST_LEN, len);
        region.set_word(REQUEST_SEQ, 1);
        let received = server.receive(&mut [0; 32], &soon());
        assert!(
            matches!(received, Err(LinkError::Protocol { .. })),
            "{len}: {received:?}"
        );
    }
}

// Rule N15.
#[test]
fn an_object_that_exists_already_is_not_ours_to_use() {
    let stage = Stage::new();
    let (_first, mut server) = stage.baselines();
    server.offer(&plan(1)).unwrap();
    let squatter = RawRegion::open(&stage, &plan(1));
    // The name lives on with whoever has it open.
    let refused = server.offer(&plan(1)).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::AlreadyExists);
    drop(squatter);
    server.offer(&plan(1)).unwrap();
}

// Rule N4.
#[test]
fn who_does_not_know_the_token_does_not_find_the_region() {
    let stage = Stage::new();
    let (client, mut server) = stage.baselines();
    server.offer(&plan(1)).unwrap();
    let guess = SessionPlan {
        auth_token: 1,
        ..plan(1)
    };
    let attached = client.attach(&guess, &soon());
    assert!(
        matches!(attached, Err(AttachError::Unusable { .. })),
        "{attached:?}"
    );
}

mod region {
    #![expect(
        unsafe_code,
        reason = "a peer that spoils a region writes to its memory"
    )]

    use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
    use std::sync::atomic::{AtomicU32, Ordering};

    use netipc_transport::link::SessionPlan;
    use windows_sys::Win32::System::Memory::{
        FILE_MAP_READ, FILE_MAP_WRITE, MEMORY_MAPPED_VIEW_ADDRESS, MapViewOfFile, OpenFileMappingW,
        UnmapViewOfFile,
    };

    use crate::common::Stage;

    /// A view of a region, for who knows its name.
    pub(super) struct RawRegion {
        view: MEMORY_MAPPED_VIEW_ADDRESS,
        _handle: OwnedHandle,
    }

    impl RawRegion {
        pub(super) fn open(stage: &Stage, plan: &SessionPlan) -> Self {
            let name = stage.endpoint.mapping_name(plan).unwrap();
            let name: Vec<u16> = name.encode_utf16().chain([0]).collect();
            let access = FILE_MAP_READ | FILE_MAP_WRITE;
            // SAFETY: the name is live and ends with a NUL.
            let handle = unsafe { OpenFileMappingW(access, 0, name.as_ptr()) };
            assert!(!handle.is_null(), "{}", std::io::Error::last_os_error());
            // SAFETY: a fresh handle, ours alone.
            let handle = unsafe { OwnedHandle::from_raw_handle(handle) };
            // SAFETY: a mapping of ours; the system chooses the place.
            let view = unsafe { MapViewOfFile(handle.as_raw_handle(), access, 0, 0, 0) };
            assert!(!view.Value.is_null());
            Self {
                view,
                _handle: handle,
            }
        }

        pub(super) fn word(&self, offset: usize) -> u32 {
            self.atomic(offset).load(Ordering::Relaxed)
        }

        pub(super) fn set_word(&self, offset: usize, value: u32) {
            self.atomic(offset).store(value, Ordering::Release);
        }

        fn atomic(&self, offset: usize) -> &AtomicU32 {
            assert!(offset < 128 && offset.is_multiple_of(4));
            // SAFETY: inside the header, which every region has.
            let place = unsafe { self.view.Value.cast::<u8>().add(offset) };
            // SAFETY: aligned, mapped as long as `self`, and only ever used atomically.
            unsafe { AtomicU32::from_ptr(place.cast()) }
        }
    }

    impl Drop for RawRegion {
        fn drop(&mut self) {
            // SAFETY: our own view.
            unsafe { UnmapViewOfFile(self.view) };
        }
    }
}
