//! A provider and a clock that do as a test says.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use netipc::lookup::LookupItem;
use netipc::service::apps_lookup::{AppsCgroupStatus, AppsLookup, AppsLookupItem, Pid, PidStatus};
use netipc_proto::wire::{Encode, Label, Labels, Writer};
use netipc_transport::wait::Wait;

use super::super::config::EnricherConfig;
use super::super::core::Core;
use super::super::kinds::{Answers, Kind, Typed};
use super::super::outcome::{Missing, Step, StepEnd};
use super::super::reader::EnricherReader;
use super::super::shared::{Clock, Shared};
use super::super::source::{AskError, Session, Source};
use super::super::stats::EnricherStats;

/// What the provider says of a process.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Says {
    Known {
        starttime: u64,
        name: u32,
    },
    /// Known, but for its cgroup.
    CgroupLater {
        starttime: u64,
    },
    Unknown,
    Oversized,
}

/// The provider.
#[derive(Clone, Debug, Default)]
pub(super) struct Provider {
    pub(super) up: bool,
    /// Its process; 0 is not told.
    pub(super) pid: u32,
    pub(super) generation: u64,
    pub(super) says: BTreeMap<u32, Says>,
    /// Sessions so far, and whether there is one.
    sessions: u64,
    connected: bool,
    /// How the next calls fail.
    pub(super) failures: Vec<AskError>,
    /// The key that no call with it survives.
    pub(super) poison: Option<u32>,
    /// The keys of each call.
    pub(super) calls: Vec<Vec<u32>>,
    pub(super) attempts: u32,
    mark: u64,
}

impl Provider {
    pub(super) fn start(&mut self, pid: u32, generation: u64) {
        self.up = true;
        self.pid = pid;
        self.generation = generation;
        self.mark += 1;
    }

    pub(super) fn stop(&mut self) {
        self.up = false;
        self.connected = false;
    }

    pub(super) fn hang_up(&mut self) {
        self.connected = false;
    }

    pub(super) fn knows(&mut self, pid: u32, name: u32) {
        self.says.insert(pid, Says::Known { starttime: 0, name });
    }

    pub(super) fn answer(&self, pid: u32) -> Says {
        self.says.get(&pid).copied().unwrap_or(Says::Unknown)
    }

    /// What stands at the endpoint.
    pub(super) fn mark_now(&self) -> u64 {
        if self.up { self.mark } else { 0 }
    }

    /// The number of the session that an attempt to connect gives, or that there is, and the process at its end.
    pub(super) fn session_after_connect(&self) -> Option<(u64, u32)> {
        let number = self.sessions + u64::from(!self.connected);
        (self.connected || self.up).then_some((number, self.pid))
    }
}

/// What is shown of an item, if there is one.
pub(super) fn shown(says: Says, pid: u32) -> Option<String> {
    match says {
        Says::Known { name, .. } => Some(format!("name-{name}")),
        Says::CgroupLater { .. } => Some(format!("comm-{}", pid % 10)),
        Says::Unknown | Says::Oversized => None,
    }
}

#[derive(Debug)]
pub(super) struct SimSource(Arc<Mutex<Provider>>);

impl Source for SimSource {
    fn connect(&mut self, _: &Wait<'_>) {
        let mut provider = self.0.lock().unwrap();
        if !provider.connected {
            provider.attempts += 1;
            provider.connected = provider.up;
            provider.sessions += u64::from(provider.up);
        }
    }

    fn session(&self) -> Option<Session> {
        let provider = self.0.lock().unwrap();
        provider.connected.then_some(Session {
            number: provider.sessions,
            pid: Some(provider.pid).filter(|pid| *pid > 0),
        })
    }

    fn mark(&self) -> Option<u64> {
        Some(self.0.lock().unwrap().mark_now())
    }

    fn ask<K: Kind>(
        &mut self,
        _: &K,
        keys: &[&[u8]],
        _: &Wait<'_>,
        answers: &mut Answers,
    ) -> Result<(), AskError> {
        let mut provider = self.0.lock().unwrap();
        let pids: Vec<u32> = keys.iter().map(|key| pid_of(key)).collect();
        provider.calls.push(pids.clone());
        if !provider.connected {
            return Err(AskError::Lost);
        }
        if let Some(error) = provider.failures.pop() {
            provider.connected = !matches!(error, AskError::Lost | AskError::Timeout);
            return Err(error);
        }
        if provider.poison.is_some_and(|poison| pids.contains(&poison)) {
            return Err(AskError::Refused);
        }
        answers.generation = provider.generation;
        for pid in pids {
            with_item(pid, provider.answer(pid), |item| answers.push(item));
        }
        Ok(())
    }

    fn last_error(&self) -> Option<String> {
        Some("simulated".to_owned())
    }

    fn sleep(&self, _: &Wait<'_>) {}

    fn close(&mut self) {
        self.0.lock().unwrap().connected = false;
    }
}

fn pid_of(key: &[u8]) -> u32 {
    u32::from_le_bytes(*key.first_chunk().unwrap())
}

fn with_item(pid: u32, says: Says, take: impl FnOnce(&[u8])) {
    let bare = |status: PidStatus| AppsLookupItem::bare(Pid(pid), status.0);
    let comm = format!("comm-{}", pid % 10);
    let name = match says {
        Says::Known { name, .. } => format!("name-{name}"),
        _ => String::new(),
    };
    let labels = [Label::new("app", &name), Label::new("tier", "backend")];
    let known = AppsLookupItem {
        pid,
        ppid: 1,
        comm: comm.as_str().into(),
        ..bare(PidStatus::KNOWN)
    };
    let item = match says {
        Says::Known { starttime, .. } => AppsLookupItem {
            starttime,
            cgroup_path: "/slice".into(),
            cgroup_name: name.as_str().into(),
            labels: Labels::Pairs(&labels),
            ..known
        },
        Says::CgroupLater { starttime } => AppsLookupItem {
            starttime,
            cgroup_status: AppsCgroupStatus::UNKNOWN_RETRY_LATER,
            ..known
        },
        Says::Unknown => bare(PidStatus::UNKNOWN),
        Says::Oversized => bare(PidStatus::OVERSIZED_ITEM),
    };
    let mut bytes = vec![0; item.size()];
    item.encode(&mut Writer::new(&mut bytes)).unwrap();
    take(&bytes);
}

/// An enricher with a provider and a clock.
pub(super) struct Rig {
    provider: Arc<Mutex<Provider>>,
    clock: Arc<AtomicU64>,
    pub(super) core: Core<Typed<AppsLookup>, SimSource>,
    pub(super) reader: EnricherReader<AppsLookup>,
}

impl Rig {
    /// One whose provider runs as process 7, with generation 1.
    pub(super) fn new(config: EnricherConfig) -> Self {
        let rig = Self::without_provider(config);
        rig.provider().start(7, 1);
        rig
    }

    pub(super) fn without_provider(config: EnricherConfig) -> Self {
        let provider = Arc::new(Mutex::new(Provider::default()));
        let clock = Arc::new(AtomicU64::new(1_000_000_000_000));
        let config = config.resolved(false);
        let simulated = Clock::Simulated(Arc::clone(&clock));
        let shared = Arc::new(Shared::new(config, simulated));
        let source = SimSource(Arc::clone(&provider));
        let core = Core::new(Typed::KIND, source, Arc::clone(&shared), "apps-lookup");
        Self {
            provider,
            clock,
            core,
            reader: EnricherReader::new(shared),
        }
    }

    pub(super) fn provider(&self) -> MutexGuard<'_, Provider> {
        self.provider.lock().unwrap()
    }

    pub(super) fn now(&self) -> Duration {
        Duration::from_nanos(self.clock.load(Ordering::Relaxed))
    }

    pub(super) fn pass(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap();
        self.clock.fetch_add(nanos, Ordering::Relaxed);
    }

    pub(super) fn pass_ms(&self, ms: u64) {
        self.pass(Duration::from_millis(ms));
    }

    pub(super) fn step(&mut self) -> Step {
        self.core.step(Duration::from_secs(60))
    }

    /// A round that leaves nothing to do.
    pub(super) fn settle(&mut self) {
        assert_eq!(self.step().end, StepEnd::Idle);
    }

    /// The name of the cgroup of a process, or its command where it has none.
    pub(super) fn get(&self, pid: u32) -> Result<String, Missing> {
        self.get_as(pid, 0)
    }

    pub(super) fn get_as(&self, pid: u32, starttime: u64) -> Result<String, Missing> {
        let guard = self.reader.read();
        guard.get_as(pid, starttime).map(|hit| {
            assert_eq!(hit.item.pid, pid);
            let name = hit.item.cgroup_name.to_string();
            if name.is_empty() {
                return hit.item.comm.to_string();
            }
            let labels: Vec<_> = hit
                .item
                .labels
                .iter()
                .map(|label| label.value.to_string())
                .collect();
            assert_eq!(labels, [name.as_str(), "backend"], "of {pid}");
            name
        })
    }

    pub(super) fn stats(&self) -> EnricherStats {
        self.reader.stats()
    }

    /// The keys of every call since this was asked last; probes have none.
    pub(super) fn calls(&self) -> Vec<Vec<u32>> {
        std::mem::take(&mut self.provider().calls)
    }
}

pub(super) fn named(name: u32) -> Result<String, Missing> {
    Ok(format!("name-{name}"))
}
