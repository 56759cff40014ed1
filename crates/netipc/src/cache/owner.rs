use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use netipc_transport::link::Transport;

use super::cached::Cached;
use super::follower::CacheFollower;
use super::guard::CacheGuard;
use super::reader::{CacheReader, CacheStatus};
use super::table::Table;
use crate::client::{AbortHandle, Client};
use crate::config::ClientConfig;
use crate::error::{CallError, chain};
use crate::status::{ClientState, ClientStatus};

/// A client and the last good answer to what its owner asks again and again.
///
/// [`refresh`](Self::refresh) does all the I/O there is, at the owner's pace. A failure of any
/// kind keeps what is there. Other threads read through a [`CacheReader`] of their own.
///
/// ```no_run
/// use netipc::ClientConfig;
/// use netipc::service::cgroups::CgroupsCache;
///
/// let mut cache = CgroupsCache::new("/run/netdata", "cgroups-snapshot", ClientConfig::default());
/// cache.refresh();
/// if let Some(item) = cache.lookup(1001, "docker-abc123") {
///     println!("{}: {}", item.name, item.path);
/// }
/// ```
pub struct Cache<S: Cached> {
    client: Client<S>,
    query: S::Query,
    reader: CacheReader<S>,
}

impl<S: Cached> Cache<S> {
    /// A cache of the service `service` in `run_dir`. Connects to nothing yet.
    #[must_use]
    pub fn new(run_dir: impl AsRef<Path>, service: &str, config: ClientConfig) -> Self
    where
        S::Query: Default,
    {
        Self::of(Client::new(run_dir, service, config), S::Query::default())
    }

    /// A cache that reaches its endpoint through `transport`.
    #[must_use]
    pub fn with_transport(
        transport: Arc<dyn Transport>,
        run_dir: impl AsRef<Path>,
        service: &str,
        config: ClientConfig,
    ) -> Self
    where
        S::Query: Default,
    {
        let client = Client::with_transport(transport, run_dir, service, config);
        Self::of(client, S::Query::default())
    }

    /// A cache around `client` that asks for `query`.
    #[must_use]
    pub fn of(client: Client<S>, query: S::Query) -> Self {
        Self {
            client,
            query,
            reader: CacheReader::new(),
        }
    }

    /// What the next refresh asks for.
    pub const fn query_mut(&mut self) -> &mut S::Query {
        &mut self.query
    }

    /// Connects where needed, asks once, and publishes what came. Returns whether the cache has a
    /// new answer; [`status`](Self::status) has the reason where it has not.
    pub fn refresh(&mut self) -> bool {
        self.try_refresh().is_ok()
    }

    /// As [`refresh`](Self::refresh), within `timeout`.
    pub fn refresh_within(&mut self, timeout: Duration) -> bool {
        self.try_refresh_within(timeout).is_ok()
    }

    /// As [`refresh`](Self::refresh), with the reason.
    ///
    /// # Errors
    /// [`CallError`]; the cache keeps what it has.
    pub fn try_refresh(&mut self) -> Result<(), CallError> {
        self.try_refresh_within(self.client.timeout())
    }

    /// As [`try_refresh`](Self::try_refresh), within `timeout`.
    ///
    /// # Errors
    /// As [`try_refresh`](Self::try_refresh).
    pub fn try_refresh_within(&mut self, timeout: Duration) -> Result<(), CallError> {
        let done = self.fetch(timeout);
        let status = self.client.status();
        let shared = &self.reader.shared;
        shared.set_state(status.state);
        if let Err(error) = &done {
            // A client that is not connected says why it is not.
            let unready = status.state != ClientState::Ready;
            let why = status.last_error.filter(|_| unready);
            shared.fail(why.unwrap_or_else(|| chain(error)));
        }
        done.map(|table| shared.publish(table))
    }

    /// Something that reads this cache, from any thread.
    #[must_use]
    pub fn reader(&self) -> CacheReader<S> {
        self.reader.clone()
    }

    /// Whether some refresh succeeded. No I/O, no lock.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.reader.ready()
    }

    /// Pins the answer of this moment, as [`CacheReader::read`] does.
    #[must_use]
    pub fn read(&self) -> CacheGuard<S> {
        self.reader.read()
    }

    /// What looks things up one at a time, as [`CacheReader::follow`] gives it.
    #[must_use]
    pub fn follow(&self) -> CacheFollower<S> {
        self.reader.follow()
    }

    /// What the cache holds, and how its refreshes went.
    #[must_use]
    pub fn status(&self) -> CacheStatus {
        self.reader.status()
    }

    /// Everything there is to know of the client.
    #[must_use]
    pub fn client_status(&self) -> ClientStatus {
        self.client.status()
    }

    /// Sets how long a whole refresh may take, in milliseconds; 0 is 30,000.
    pub fn set_call_timeout(&mut self, timeout_ms: u32) {
        self.client.set_call_timeout(timeout_ms);
    }

    /// What calls off a refresh from another thread.
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        self.client.abort_handle()
    }

    /// Releases everything; counters stay. The cache can be refreshed again.
    pub fn close(&mut self) {
        self.client.close();
        self.reader.shared.clear();
    }

    /// Connects where needed, and asks; `timeout` covers both.
    fn fetch(&mut self, timeout: Duration) -> Result<Table<S>, CallError> {
        let (client, wait) = self.client.untyped_within(timeout);
        client.connect(&wait)?;
        let built = S::fetch(client, &self.query, &wait).map(|fetched| Table::build(&fetched));
        built?.map_err(|error| client.malformed(error))
    }
}

impl<S: Cached> fmt::Debug for Cache<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}
