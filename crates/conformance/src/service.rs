//! What every service does over every transport: clients, servers, sessions and their ends.
//!
//! ```
//! use netipc::protocol::PROFILE_BASELINE;
//! use netipc::transport::MemoryTransport;
//! use netipc_conformance::service::World;
//!
//! netipc_conformance::service_suite!(
//!     memory,
//!     World::new(MemoryTransport::new(), PROFILE_BASELINE)
//! );
//! ```

pub mod calls;
pub mod data;
pub mod failures;
pub mod growing;
pub mod interruptions;
pub mod lives;
pub mod lookups;
pub mod script;

pub use script::Script;

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};

use netipc::connection::Connection;
use netipc::server::ServerStats;
use netipc::service::Service;
use netipc::{Client, ClientConfig, Handler, ServeError, Server, ServerConfig};
use netipc_proto::session::DirectionLimits;
use netipc_proto::session::handshake::Proposal;
use netipc_proto::wire::Profiles;
use netipc_transport::{Endpoint, Transport, Wait};
use tempfile::TempDir;

pub use crate::link::{AT_ONCE, SHORT, SOON, within};

/// Makes a module of tests, one per rule, from an expression that makes a [`World`].
///
/// Where something stands between client and server, so that not all of them can hold, a group is made alone, in the module that
/// names it: `service_suite! { @calls world() }`, `@lookups` or `@answers`. Those hold whatever is between.
#[macro_export]
macro_rules! service_suite {
    ($transport:ident, $world:expr) => {
        mod $transport {
            use super::*;

            $crate::service_suite! { @calls $world }
            $crate::service_suite! { @lookups $world }
            $crate::service_suite! { @answers $world }
            $crate::service_suite! { @rules calls, $world;
                the_negotiated_profile_carries_the_data,
            }
            $crate::service_suite! { @rules growing, $world;
                a_large_item_makes_the_server_grow,
                a_server_that_cannot_grow_further_is_let_be,
                many_keys_make_the_server_grow,
                a_server_that_does_not_grow_ends_a_lookup_of_too_many_keys,
                calls_make_the_server_grow,
                a_large_item_makes_a_client_propose_more,
                a_server_without_a_maximum_grants_64_kib,
            }
            $crate::service_suite! { @rules failures, $world;
                a_pipeline_that_gives_up_leaves_no_answers_behind,
                a_handler_that_fails_is_asked_twice,
                a_panic_costs_one_session,
                an_answer_above_all_limits_is_an_overflow,
                a_wrong_token_is_refused_and_not_tried_at_once,
                without_a_common_profile_there_is_no_session,
                a_name_that_cannot_be_is_an_error_of_the_refresh,
                a_call_without_a_session_does_no_io,
            }
            $crate::service_suite! { @rules lives, $world;
                sessions_run_at_the_same_time,
                a_full_server_says_so_before_it_accepts,
                a_departed_client_leaves_its_slot_at_once,
                a_provider_may_come_late_and_restart,
                a_provider_may_vanish,
                draining_lets_requests_finish,
                draining_gives_up_in_time,
                a_stopped_server_never_runs,
                an_endpoint_has_one_server,
                statistics_add_up,
                nothing_stays_behind,
            }
            $crate::service_suite! { @rules interruptions, $world;
                an_abort_ends_a_waiting_call_and_sticks,
                an_abort_ends_a_call_to_a_silent_server,
                an_abort_ends_a_reconnect,
                an_abort_ends_a_refresh,
                a_deadline_ends_a_waiting_call,
                a_deadline_ends_a_call_to_a_silent_server,
                a_deadline_covers_reconnects,
            }
        }
    };
    (@calls $world:expr) => {
        $crate::service_suite! { @rules calls, $world;
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
    };
    (@lookups $world:expr) => {
        $crate::service_suite! { @rules lookups, $world;
            processes_are_found_in_order,
            cgroups_are_found_in_order,
            no_keys_ask_for_the_generation,
            items_that_fit_no_answer_are_oversized,
            keys_that_fit_no_request_are_oversized,
            large_and_small_items_mix,
            bad_keys_are_refused_before_anything_is_sent,
        }
    };
    (@answers $world:expr) => {
        $crate::service_suite! { @rules failures, $world;
            another_method_is_unsupported_and_the_session_goes_on,
            a_malformed_request_ends_the_session,
            one_bad_item_fails_its_batch,
            a_truncated_snapshot_is_sent_only_on_request,
        }
    };
    (@rules $part:ident, $world:expr; $($rule:ident),+ $(,)?) => {
        $(
            #[test]
            fn $rule() {
                $crate::service::$part::$rule(&$world);
            }
        )+
    };
}

/// The secret that clients and servers of a world share.
pub const TOKEN: u64 = 0x0123_4567_89ab_cdef;

const SERVICE: &str = "svc";

/// A transport to test, the profiles that both sides offer, and a directory of its own.
#[derive(Debug)]
pub struct World {
    transport: Arc<dyn Transport>,
    profiles: u32,
    dir: TempDir,
}

impl World {
    /// A world where everybody uses `transport` and offers `profiles`.
    ///
    /// # Panics
    /// When there is no temporary directory.
    pub fn new(transport: impl Transport + 'static, profiles: u32) -> Self {
        Self {
            transport: Arc::new(transport),
            profiles,
            dir: tempfile::tempdir().expect("a temporary directory"),
        }
    }

    /// A client with the world's defaults, connected to nothing yet.
    #[must_use]
    pub fn client<S: Service>(&self) -> Client<S> {
        self.client_with(self.client_config())
    }

    /// A client of this configuration.
    #[must_use]
    pub fn client_with<S: Service>(&self, config: ClientConfig) -> Client<S> {
        Client::with_transport(self.transport(), self.dir.path(), SERVICE, config)
    }

    /// A client that is connected.
    ///
    /// # Panics
    /// When it does not get a session.
    #[must_use]
    pub fn connected<S: Service>(&self) -> Client<S> {
        connected(self.client())
    }

    /// A server with the world's defaults, which does not listen yet.
    #[must_use]
    pub fn server<S: Service>(&self, handler: Handler<S>) -> Server<S> {
        self.server_with(self.server_config(), handler)
    }

    /// A server of this configuration.
    #[must_use]
    pub fn server_with<S: Service>(&self, config: ServerConfig, handler: Handler<S>) -> Server<S> {
        self.limited_server(config, handler, 16)
    }

    /// A server of this configuration with so many workers.
    #[must_use]
    pub fn limited_server<S: Service>(
        &self,
        config: ServerConfig,
        handler: Handler<S>,
        workers: usize,
    ) -> Server<S> {
        Server::with_workers(self.dir.path(), SERVICE, config, handler, workers)
            .over(self.transport())
    }

    /// A server that runs.
    #[must_use]
    pub fn serve<S: Service>(&self, handler: Handler<S>) -> Running<S> {
        Running::start(self.server(handler))
    }

    /// A server that a test writes packet by packet, with limits of 1 MiB.
    #[must_use]
    pub fn script(&self) -> Script {
        let supported = Profiles(self.profiles);
        Script::bind(&*self.transport, &self.endpoint(), supported)
    }

    /// A session as a server sees it, for requests that no client sends.
    ///
    /// # Panics
    /// When it does not get a session.
    #[must_use]
    pub fn raw_client(&self) -> Connection {
        let direction = DirectionLimits {
            payload_bytes: 65_536,
            batch_items: 16,
        };
        let proposal = Proposal {
            supported: Profiles(self.profiles),
            preferred: Profiles::NONE,
            request: direction,
            response: direction,
            auth_token: TOKEN,
            packet_size: 0,
            response_ceiling: u32::MAX,
        };
        let wait = Wait::timeout(SOON);
        Connection::connect(&*self.transport, &self.endpoint(), proposal, &wait)
            .expect("a raw session")
    }

    /// The client configuration that everything has unless a rule is about it.
    #[must_use]
    pub fn client_config(&self) -> ClientConfig {
        ClientConfig {
            supported_profiles: self.profiles,
            auth_token: TOKEN,
            ..ClientConfig::default()
        }
    }

    /// The server configuration that everything has unless a rule is about it.
    #[must_use]
    pub fn server_config(&self) -> ServerConfig {
        ServerConfig {
            supported_profiles: self.profiles,
            auth_token: TOKEN,
            ..ServerConfig::default()
        }
    }

    /// What everybody connects through.
    #[must_use]
    pub fn transport(&self) -> Arc<dyn Transport> {
        Arc::clone(&self.transport)
    }

    /// Where the one endpoint of the world is.
    ///
    /// # Panics
    /// When the temporary directory has too long a name.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::new(self.dir.path(), SERVICE).expect("an endpoint")
    }

    /// The profile that both sides choose.
    #[must_use]
    pub fn profile(&self) -> Profiles {
        Profiles(1 << self.profiles.ilog2())
    }

    /// How many names the directory holds.
    ///
    /// # Panics
    /// When the directory cannot be read.
    #[must_use]
    pub fn files(&self) -> usize {
        crate::process::left_behind(self.dir.path()).len()
    }
}

/// The same client with a session. On a busy machine, more than one handshake may be needed.
///
/// # Panics
/// When it does not get one.
#[must_use]
pub fn connected<S: Service>(mut client: Client<S>) -> Client<S> {
    assert!(client.refresh(), "a first refresh: {:?}", client.status());
    let ready = client.ready()
        || (1..30).any(|_| {
            client.refresh();
            client.ready()
        });
    assert!(ready, "connected: {:?}", client.status());
    client
}

/// A server in a thread of its own, stopped and joined when it is dropped.
#[derive(Debug)]
pub struct Running<S: Service> {
    server: Arc<Server<S>>,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
}

impl<S: Service> Running<S> {
    /// Binds `server` and runs it.
    ///
    /// # Panics
    /// When it cannot be bound.
    #[must_use]
    pub fn start(server: Server<S>) -> Self {
        let server = Arc::new(server);
        server.bind().expect("a free endpoint");
        let running = Arc::clone(&server);
        let thread = Some(thread::spawn(move || running.run()));
        Self { server, thread }
    }

    /// Stops the server; gives what it counted up to its end.
    ///
    /// # Panics
    /// When the server failed.
    #[must_use]
    pub fn finish(self) -> ServerStats {
        let server = Arc::clone(&self.server);
        server.stop();
        self.join();
        server.stats()
    }

    /// Waits until the server has ended by itself or by a stop.
    ///
    /// # Panics
    /// When the server failed.
    pub fn join(mut self) {
        self.wait().expect("a clean end");
    }

    fn wait(&mut self) -> Result<(), ServeError> {
        self.thread
            .take()
            .map_or(Ok(()), |thread| thread.join().expect("no panic"))
    }
}

impl<S: Service> Deref for Running<S> {
    type Target = Server<S>;

    fn deref(&self) -> &Server<S> {
        &self.server
    }
}

impl<S: Service> Drop for Running<S> {
    fn drop(&mut self) {
        self.server.stop();
        let ended = self.wait();
        if !thread::panicking() {
            ended.expect("a clean end");
        }
    }
}

/// Where a handler waits until the test lets it go.
#[derive(Debug)]
pub struct Turnstile {
    entered: mpsc::Sender<()>,
    release: Mutex<mpsc::Receiver<()>>,
}

/// The test's side of a [`Turnstile`].
#[derive(Debug)]
pub struct Doorman {
    entered: mpsc::Receiver<()>,
    release: mpsc::Sender<()>,
}

/// A turnstile and who lets through.
#[must_use]
pub fn turnstile() -> (Turnstile, Doorman) {
    let (entered, seen) = mpsc::channel();
    let (release, released) = mpsc::channel();
    let turnstile = Turnstile {
        entered,
        release: Mutex::new(released),
    };
    let doorman = Doorman {
        entered: seen,
        release,
    };
    (turnstile, doorman)
}

impl Turnstile {
    /// Waits to be let through; gives up when the doorman is gone.
    pub fn pass(&self) {
        // A doorman who has left lets everybody through.
        let _ = self.entered.send(());
        let release = self.release.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = release.recv_timeout(SOON);
    }
}

impl Doorman {
    /// Waits until somebody stands at the turnstile.
    ///
    /// # Panics
    /// When nobody comes.
    pub fn meet(&self) {
        self.entered.recv_timeout(SOON).expect("somebody comes");
    }

    /// Lets one through.
    pub fn release(&self) {
        // Whoever has left needs no release.
        let _ = self.release.send(());
    }
}
