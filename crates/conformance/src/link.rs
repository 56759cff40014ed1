//! What every link backend does: the contracts of `Link`, `Baseline`, `Listener` and `Transport`.
//!
//! ```
//! use netipc_conformance::link::Rig;
//! use netipc_transport::MemoryTransport;
//!
//! netipc_conformance::link_suite!(memory, Rig::new(MemoryTransport::new()));
//! ```

pub mod endpoints;
pub mod links;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use netipc_transport::link::{BASELINE, BindOptions, LinkInfo, SessionPlan};
use netipc_transport::{Baseline, Endpoint, Link, Listener, Transport, Wait};
use tempfile::TempDir;

use crate::process::left_behind;

/// Makes a module of tests, one per rule, from an expression that makes a [`Rig`].
#[macro_export]
macro_rules! link_suite {
    ($backend:ident, $rig:expr) => {
        mod $backend {
            use super::*;

            $crate::link_suite! { @rules links, $rig;
                packets_arrive_whole_in_order_and_once,
                the_largest_packet_arrives,
                a_packet_may_be_split_anywhere,
                a_packet_that_does_not_fit_tells_its_size,
                an_empty_packet_is_refused,
                a_packet_too_large_is_refused,
                a_receive_ends_at_its_deadline,
                a_passed_deadline_takes_what_is_there,
                an_abort_ends_a_waiting_receive,
                an_abort_is_sticky_and_harms_nothing,
                a_sender_never_overruns_a_receiver,
                a_waiting_send_ends_at_deadline_and_abort,
                a_clients_last_words_are_received,
                a_servers_last_words_are_received,
                a_hang_up_wakes_who_receives,
                a_check_sees_the_end_and_consumes_nothing,
                lingering_delivers_the_last_packet,
                lingering_ends,
                a_departed_peer_is_reported,
                both_ends_say_the_same_of_the_link,
                nothing_is_left_behind,
                a_long_conversation_in_two_threads,
            }
            $crate::link_suite! { @rules endpoints, $rig;
                nobody_is_not_found,
                an_endpoint_has_one_owner,
                a_dropped_listener_gives_its_name_back,
                of_many_starters_one_wins,
                accepting_ends_at_deadline_and_abort,
                accepting_never_waits_for_words,
                words_before_the_acceptance_arrive,
                a_visitor_that_left_harms_nobody,
                a_watch_tells_of_a_hang_up,
                connecting_to_a_full_backlog_ends_at_deadline_and_abort,
                a_raised_abort_stops_a_connect,
                services_of_one_directory_do_not_meet,
                our_own_user_is_allowed,
                the_packet_size_is_carried_both_ways,
                a_baseline_without_an_offer_is_the_data_plane,
                an_offer_is_kept_or_harmless,
                a_request_may_precede_the_switch,
                a_missing_region_is_not_usable,
            }
        }
    };
    (@rules $part:ident, $rig:expr; $($rule:ident),+ $(,)?) => {
        $(
            #[test]
            fn $rule() {
                $crate::link::$part::$rule(&$rig);
            }
        )+
    };
}

/// More than any step takes, on a machine with much other work to do.
pub const SOON: Duration = Duration::from_secs(60);
/// A deadline that is meant to pass.
pub const SHORT: Duration = Duration::from_millis(20);
/// What passes for at once on a machine with much other work to do: less than what would end a wait
/// otherwise, such as [`SOON`] or the usual timeout of a call.
pub const AT_ONCE: Duration = Duration::from_secs(15);

/// A backend to test: a transport, a directory of its own, and the data plane to use.
#[derive(Debug)]
pub struct Rig {
    transport: Box<dyn Transport>,
    endpoint: Endpoint,
    profile: u32,
    sessions: AtomicU64,
    dir: TempDir,
}

impl Rig {
    /// Tests `transport` over its baseline.
    ///
    /// # Panics
    /// When there is no temporary directory.
    pub fn new(transport: impl Transport + 'static) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let endpoint = Endpoint::new(dir.path(), "svc").expect("an endpoint");
        Self {
            transport: Box::new(transport),
            endpoint,
            profile: BASELINE,
            sessions: AtomicU64::new(0),
            dir,
        }
    }

    /// Tests `transport` over the data plane of a profile: its bit in a handshake.
    #[must_use]
    pub fn over(self, profile: u32) -> Self {
        Self { profile, ..self }
    }

    pub(crate) fn transport(&self) -> &dyn Transport {
        &*self.transport
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(crate) fn listener(&self) -> Box<dyn Listener> {
        self.listener_with(&BindOptions::default())
    }

    pub(crate) fn listener_with(&self, options: &BindOptions) -> Box<dyn Listener> {
        self.transport.bind(&self.endpoint, options).expect("bind")
    }

    pub(crate) fn connect(&self) -> Box<dyn Baseline> {
        self.transport
            .connect(&self.endpoint, &Wait::timeout(SOON))
            .expect("connect")
    }

    /// A client's and a server's end, before the data plane is chosen.
    pub(crate) fn baselines(&self) -> (Box<dyn Baseline>, Box<dyn Baseline>) {
        let mut listener = self.listener();
        let client = self.connect();
        let server = listener.accept(&Wait::timeout(SOON)).expect("accept");
        (client, server)
    }

    /// A client's and a server's end of the data plane under test.
    pub(crate) fn pair(&self) -> (Box<dyn Link>, Box<dyn Link>) {
        let (mut client, mut server) = self.baselines();
        let plan = SessionPlan {
            profile: self.profile,
            session_id: self.sessions.fetch_add(1, Ordering::Relaxed),
            auth_token: 7,
            request_bytes: 5000,
            response_bytes: 100_000,
        };
        server.offer(&plan).expect("offer");
        // What accepts the session may bring the data plane.
        say(&mut *server, b"accepted");
        assert_eq!(hear(&mut *client), b"accepted");
        let client = client.attach(&plan, &Wait::timeout(SOON)).expect("attach");
        (client, server.switch())
    }

    /// What servers have left of themselves.
    pub(crate) fn left_behind(&self) -> Vec<String> {
        left_behind(self.dir.path())
    }
}

/// Whether `link` carries several packets in one direction before an answer.
pub(crate) fn pipelines(info: LinkInfo) -> bool {
    info.window.is_none_or(|window| window > 1)
}

/// Sends `bytes`.
pub(crate) fn say(link: &mut dyn Link, bytes: &[u8]) {
    let (head, body) = bytes.split_at(bytes.len().min(32));
    link.send(head, body, &Wait::timeout(SOON)).expect("send");
}

/// Receives one packet whole.
pub(crate) fn hear(link: &mut dyn Link) -> Vec<u8> {
    let mut packet = vec![0; 300_000];
    let size = link
        .receive(&mut packet, &Wait::timeout(SOON))
        .expect("receive");
    assert!(
        size <= packet.len(),
        "a packet of {size} bytes was never sent"
    );
    packet.truncate(size);
    packet
}

/// `size` bytes that differ with `seed`.
pub(crate) fn bytes(size: usize, seed: usize) -> Vec<u8> {
    (0..=u8::MAX)
        .cycle()
        .skip(seed % 256)
        .step_by(7)
        .take(size)
        .collect()
}

/// Runs `step` and fails if it takes longer than `limit`.
pub fn within<T>(limit: Duration, what: &str, step: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = step();
    let taken = start.elapsed();
    assert!(taken <= limit, "{what} took {taken:?}, more than {limit:?}");
    result
}
