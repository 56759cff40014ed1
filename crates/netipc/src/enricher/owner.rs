use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use netipc_transport::NativeTransport;
use netipc_transport::link::Transport;

use super::config::EnricherConfig;
use super::core::Core;
use super::kinds::{Kind, Typed};
use super::outcome::{Step, StepEnd};
use super::reader::{EnricherGuard, EnricherReader, Pin};
use super::shared::{Clock, Shared};
use super::source::ClientSource;
use super::stats::EnricherStats;
use crate::client::AbortHandle;
use crate::config::{ClientConfig, call_timeout};
use crate::lookup::{Key, Lookup};
use crate::status::ClientStatus;
use crate::untyped::AnyClient;

/// A client of a lookup, and what it answered: asks for the keys that readers miss, and keeps the answers.
///
/// Nothing happens behind the caller's back: [`step`](Self::step) does the I/O of one round,
/// [`run`](Self::run) does round after round on a thread of the caller's. Readers, of any thread, wait for
/// neither. A failure of any kind keeps what is there.
///
/// ```no_run
/// use netipc::enricher::EnricherConfig;
/// use netipc::service::apps_lookup::AppsLookup;
/// use netipc::{ClientConfig, Enricher};
///
/// let config = EnricherConfig::default();
/// let mut enricher =
///     Enricher::<AppsLookup>::new("/run/netdata", "apps-lookup", ClientConfig::default(), config);
/// let reader = enricher.reader();
/// let stop = enricher.abort_handle();
/// let thread = std::thread::spawn(move || enricher.run());
/// match reader.read().get(1) {
///     Ok(hit) => println!("{}, {:?} old", hit.item.cgroup_name, hit.age()),
///     Err(missing) => println!("{missing}"), // and asked meanwhile
/// }
/// stop.abort();
/// # thread.join().unwrap();
/// ```
pub struct Enricher<L> {
    core: Core<Typed<L>, ClientSource>,
    reader: EnricherReader<L>,
}

impl<L: Lookup> Enricher<L> {
    /// An enricher of the service `service` in `run_dir`. Connects to nothing yet, and never fails: a name
    /// that cannot be shows as the error of the first round.
    #[must_use]
    pub fn new(
        run_dir: impl AsRef<Path>,
        service: &str,
        client: ClientConfig,
        config: EnricherConfig,
    ) -> Self {
        let transport = Arc::new(NativeTransport::default());
        Self::with_transport(transport, run_dir, service, client, config)
    }

    /// An enricher that reaches its endpoint through `transport`.
    #[must_use]
    pub fn with_transport(
        transport: Arc<dyn Transport>,
        run_dir: impl AsRef<Path>,
        service: &str,
        client: ClientConfig,
        config: EnricherConfig,
    ) -> Self {
        let timeout = call_timeout(client.call_timeout_ms);
        let client = AnyClient::with_transport(transport, run_dir, service, &client);
        let source = ClientSource::new(client, timeout);
        let core = core(Typed::KIND, source, &config, service);
        let reader = EnricherReader::new(Arc::clone(&core.shared));
        Self { core, reader }
    }

    /// One round: connects where needed, asks for what waits, and shows the answers to readers, until nothing
    /// is left or `budget` is over. A call that the budget cuts short costs its session, as any timeout does.
    pub fn step(&mut self, budget: Duration) -> Step {
        self.core.step(budget)
    }

    /// Rounds until called off by an [abort](Self::abort_handle). Sleeps while nothing is to be asked, and
    /// then costs nothing.
    pub fn run(&mut self) {
        self.core.run();
    }

    /// Asks for those of the keys that have no item, before all others, for at most `timeout`, and tries an
    /// absent provider at once. Returns how many of the keys have an item then.
    pub fn refresh_now<'k, K>(&mut self, keys: &[K], timeout: Duration) -> usize
    where
        K: Copy + TryInto<Key<'k, L>>,
    {
        let wanted = self.reader.want_now(keys);
        if !wanted.is_empty() {
            self.core.shared.impatient.store(true, Ordering::Relaxed);
            refresh_within(timeout, |left| self.core.step(left));
        }
        self.reader.count_known(keys)
    }

    /// Something that reads this enricher, from any thread.
    #[must_use]
    pub fn reader(&self) -> EnricherReader<L> {
        self.reader.clone()
    }

    /// Pins the answers of this moment, as [`EnricherReader::read`] does.
    #[must_use]
    pub fn read(&self) -> EnricherGuard<'_, L> {
        self.reader.read()
    }

    /// Keeps the answer to a key, as [`EnricherReader::pin`] does.
    pub fn pin<'k, K: TryInto<Key<'k, L>>>(&self, key: K) -> Option<Pin> {
        self.reader.pin(key)
    }

    /// What the enricher has done and holds.
    #[must_use]
    pub fn stats(&self) -> EnricherStats {
        self.reader.stats()
    }

    /// Everything there is to know of the client.
    #[must_use]
    pub fn client_status(&self) -> ClientStatus {
        self.core.source.status()
    }

    /// What ends a round in any of its phases, or [`run`](Self::run), from another thread. Rounds do nothing
    /// until it is cleared.
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        abort_handle(&self.core)
    }

    /// Releases everything; counters and pins stay. The enricher can be used again.
    pub fn close(&mut self) {
        self.core.close();
    }
}

impl<L> fmt::Debug for Enricher<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enricher").finish_non_exhaustive()
    }
}

/// The core of an enricher of any kind.
pub(super) fn core<K: Kind>(
    kind: K,
    source: ClientSource,
    config: &EnricherConfig,
    service: &str,
) -> Core<K, ClientSource> {
    let config = config.resolved(kind.has_texts());
    let shared = Arc::new(Shared::new(config, Clock::default()));
    Core::new(kind, source, shared, service)
}

pub(super) fn abort_handle<K>(core: &Core<K, ClientSource>) -> AbortHandle {
    AbortHandle::new(core.abort.clone(), Some(core.shared.wake.clone()))
}

/// Rounds until one ends for another reason than its budget, or `timeout` is over.
pub(super) fn refresh_within(timeout: Duration, mut step: impl FnMut(Duration) -> Step) {
    let begun = Instant::now();
    while let Some(left) = timeout.checked_sub(begun.elapsed()) {
        if step(left).end != StepEnd::MoreToDo || left.is_zero() {
            return;
        }
    }
}
