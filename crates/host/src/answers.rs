//! Handlers that answer NetIPC requests from a [`Host`], one for each service about the machine.
//!
//! A request takes the current snapshot once, so that all of its answer is of one generation, and never waits for a
//! refresh.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use netipc::{Server, ServerConfig};
//! use netipc_host::{Host, HostConfig, answers};
//!
//! let host = Arc::new(Host::new(HostConfig::default()));
//! host.refresh();
//! let handler = answers::apps_lookup(Arc::clone(&host));
//! Server::new("/run/netipc", "apps-lookup", ServerConfig::default(), handler).run()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::sync::Arc;

use netipc::{
    Handler,
    service::{
        Orchestrator as WireOrchestrator, Service,
        apps_lookup::{
            self, AppsCgroupStatus, AppsLookupBuilder, AppsLookupItem, AppsLookupRequestView,
            PidStatus,
        },
        cgroups::{self, CgroupsBuilder, CgroupsItemView},
        cgroups_lookup::{
            self, CgroupStatus, CgroupsLookupBuilder, CgroupsLookupItem, CgroupsLookupRequestView,
        },
    },
    wire::{Label, Labels, WireError},
};

use crate::{
    cgroups::{Cgroup, CgroupAnswer},
    host::Host,
    identify::Orchestrator,
    snapshot::{App, AppCgroup, HostSnapshot},
};

/// What takes the handler of a service, whichever it is: [`give`] gives it.
pub trait Take {
    /// What becomes of the handler.
    type Made;

    /// Takes it.
    fn take<S: Service>(self, handler: Handler<S>) -> Self::Made;
}

/// The names of the services that a [`Host`] answers.
pub const SERVICES: [&str; 3] = [
    <cgroups::CgroupsSnapshot as Service>::METHOD.name,
    <cgroups_lookup::CgroupsLookup as Service>::METHOD.name,
    <apps_lookup::AppsLookup as Service>::METHOD.name,
];

/// Gives `to` what answers the service of that name; nothing where a [`Host`] answers none of it.
///
/// ```
/// use std::sync::Arc;
///
/// use netipc::service::Service;
/// use netipc::{Handler, Server, ServerConfig};
/// use netipc_host::{Host, HostConfig, answers};
///
/// struct Serve;
///
/// impl answers::Take for Serve {
///     type Made = String;
///
///     fn take<S: Service>(self, handler: Handler<S>) -> String {
///         let name = S::METHOD.name;
///         let _server = Server::new("/run/netipc", name, ServerConfig::default(), handler);
///         format!("{name} can be run")
///     }
/// }
///
/// let host = Arc::new(Host::new(HostConfig::default()));
/// for service in answers::SERVICES {
///     let made = answers::give(service, Arc::clone(&host), Serve);
///     assert_eq!(made.as_deref(), Some(format!("{service} can be run").as_str()));
/// }
/// assert_eq!(answers::give("increment", host, Serve), None);
/// ```
pub fn give<T: Take>(service: &str, host: Arc<Host>, to: T) -> Option<T::Made> {
    type Give<T> = fn(Arc<Host>, T) -> <T as Take>::Made;
    let answers: [Give<T>; 3] = [
        |host, to| to.take(cgroups_snapshot(host)),
        |host, to| to.take(cgroups_lookup(host)),
        |host, to| to.take(apps_lookup(host)),
    ];
    let mut services = SERVICES.iter().zip(answers);
    let (_, give) = services.find(|(name, _)| **name == service)?;
    Some(give(host, to))
}

/// Answers `cgroups-snapshot`: every cgroup, with its directory as path.
pub fn cgroups_snapshot(host: Arc<Host>) -> cgroups::Handler {
    cgroups::Handler::new(move |_request, answer| all_cgroups(&host.current(), answer))
}

/// Answers `cgroups-lookup`, for paths as in `/proc/<pid>/cgroup` and for directories alike.
///
/// A cgroup that exists and that no refresh has seen yet is [`CgroupStatus::UNKNOWN_RETRY_LATER`].
pub fn cgroups_lookup(host: Arc<Host>) -> cgroups_lookup::Handler {
    cgroups_lookup::Handler::new(move |request, answer| {
        cgroups_at(&host.current(), request, answer)
    })
}

/// Answers `apps-lookup`, with the path of the cgroup as in `/proc/<pid>/cgroup`.
pub fn apps_lookup(host: Arc<Host>) -> apps_lookup::Handler {
    apps_lookup::Handler::new(move |request, answer| apps_of(&host.current(), request, answer))
}

fn all_cgroups(snapshot: &HostSnapshot, answer: &mut CgroupsBuilder<'_>) -> Result<(), WireError> {
    let cgroups = snapshot.cgroups();
    answer.set_header(cgroups.systemd_enabled().into(), cgroups.generation());
    cgroups.iter().try_for_each(|cgroup| {
        answer.push(&CgroupsItemView {
            hash: cgroup.hash(),
            options: cgroup.options(),
            enabled: cgroup.enabled().into(),
            name: cgroup.name().into(),
            path: cgroup.path().into(),
        })
    })
}

fn cgroups_at(
    snapshot: &HostSnapshot,
    request: &CgroupsLookupRequestView<'_>,
    answer: &mut CgroupsLookupBuilder<'_>,
) -> Result<(), WireError> {
    answer.set_generation(snapshot.cgroups().generation());
    let mut labels = Vec::new();
    request
        .keys()
        .try_for_each(|path| match snapshot.cgroup(path.as_bytes()) {
            CgroupAnswer::Known(cgroup) => answer.add(&CgroupsLookupItem {
                status: CgroupStatus::KNOWN,
                orchestrator: cgroup.orchestrator().into(),
                path,
                name: cgroup.name().into(),
                labels: labels_of(cgroup, &mut labels),
            }),
            CgroupAnswer::RetryLater => answer.add_bare(CgroupStatus::UNKNOWN_RETRY_LATER.0),
            CgroupAnswer::Permanent => answer.add_bare(CgroupStatus::UNKNOWN_PERMANENT.0),
        })
}

fn apps_of(
    snapshot: &HostSnapshot,
    request: &AppsLookupRequestView<'_>,
    answer: &mut AppsLookupBuilder<'_>,
) -> Result<(), WireError> {
    answer.set_generation(snapshot.generation());
    let mut labels = Vec::new();
    request
        .keys()
        .try_for_each(|pid| match snapshot.app(pid.0) {
            Some(app) => answer.add(&app_item(app, &mut labels)),
            None => answer.add_bare(PidStatus::UNKNOWN.0),
        })
}

/// A known process. Only a known cgroup has a name, labels and an orchestrator.
fn app_item<'b, 'a: 'b>(app: App<'a>, labels: &'b mut Vec<Label<'a>>) -> AppsLookupItem<'b> {
    let App { process, cgroup } = app;
    let item = AppsLookupItem {
        status: PidStatus::KNOWN,
        pid: process.pid,
        ppid: process.ppid,
        uid: process.uid,
        starttime: process.starttime,
        comm: (&process.comm).into(),
        ..AppsLookupItem::default()
    };
    match cgroup {
        AppCgroup::Known(cgroup) => AppsLookupItem {
            cgroup_status: AppsCgroupStatus::KNOWN,
            orchestrator: cgroup.orchestrator().into(),
            cgroup_path: cgroup.key().into(),
            cgroup_name: cgroup.name().into(),
            labels: labels_of(cgroup, labels),
            ..item
        },
        AppCgroup::RetryLater(path) => AppsLookupItem {
            cgroup_status: AppsCgroupStatus::UNKNOWN_RETRY_LATER,
            cgroup_path: path.into(),
            ..item
        },
        AppCgroup::Permanent(path) => AppsLookupItem {
            cgroup_status: AppsCgroupStatus::UNKNOWN_PERMANENT,
            cgroup_path: path.into(),
            ..item
        },
        AppCgroup::HostRoot => AppsLookupItem {
            cgroup_status: AppsCgroupStatus::HOST_ROOT,
            ..item
        },
    }
}

/// The labels of `cgroup` as the wire wants them, in `buf`, which serves item after item without new memory.
fn labels_of<'b, 'a>(cgroup: &'a Cgroup, buf: &'b mut Vec<Label<'a>>) -> Labels<'b> {
    buf.clear();
    let labels = cgroup.labels().iter();
    buf.extend(labels.map(|label| Label::new(label.key(), label.value())));
    Labels::Pairs(buf)
}

impl From<Orchestrator> for WireOrchestrator {
    fn from(orchestrator: Orchestrator) -> Self {
        Self(orchestrator.code())
    }
}
