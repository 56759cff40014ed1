//! A provider that listens: whether it can answer at all, and then whether it does.

use netipc::transport::link::Baseline;
use netipc::transport::{NativeTransport, Transport as _, Wait};
use netipc::untyped::stats_service;
use serde_json::Value;

use super::DoctorArgs;
use super::checks::LITTLE;
use super::finding::{Cause, Finding, Report};
use super::probe;
use super::system::limits;
use crate::inspect::{self, Endpoint, Life, Process, RunDir, STATISTICS, Session};
use crate::{progress, status};

/// Looks at a live endpoint.
pub(super) fn examine(args: &DoctorArgs, dir: &RunDir, endpoint: &Endpoint, report: &mut Report) {
    if endpoint.life != Life::Live || endpoint.kind == Some(STATISTICS) {
        return;
    }
    if let Some(stopped) = endpoint
        .listeners
        .iter()
        .find(|one| matches!(one.state, "stopped" | "traced"))
    {
        report.add(stopped_by_signal(endpoint, stopped));
        return;
    }
    let before = report.findings.len();
    let without_shm = statistics(args, dir, endpoint, report);
    let what = format!("asking {}", endpoint.path.display());
    progress::during(&what, || {
        probe::ask(args, dir, endpoint, without_shm, report);
    });
    if report.findings.len() == before {
        report.healthy(format!(
            "{}{}",
            endpoint.path.display(),
            served_by(endpoint)
        ));
    }
}

/// What the provider says of itself, where it publishes statistics. Returns why it could not do with shared memory.
fn statistics(
    args: &DoctorArgs,
    dir: &RunDir,
    endpoint: &Endpoint,
    report: &mut Report,
) -> Vec<String> {
    let published = stats_service(&endpoint.service);
    let is_live = |one: &Endpoint| one.service == published && one.life == Life::Live;
    if !dir.endpoints.iter().any(is_live) {
        return Vec::new();
    }
    let at = endpoint.path.display();
    let stats = match status::read(&dir.path, &endpoint.service, args.timeout()) {
        Ok(stats) => stats,
        Err(failed) => {
            report.add(Finding::new(
                Cause::NotSeen,
                format!("its statistics: {failed}"),
            ));
            return Vec::new();
        }
    };
    let stale = status::list(&stats, "/data/stale")
        .iter()
        .filter_map(Value::as_str);
    let stale: Vec<String> = stale.map(str::to_owned).collect();
    if !stale.is_empty() {
        let what = format!("{at}: its provider serves data that it could not renew");
        let finding = Finding::new(Cause::SourceStale, what).all_evidence(stale);
        report.add(
            finding.advice(
                "look at that source: permissions, mounts, or --host-root of `netipc serve`",
            ),
        );
    }
    let refusals = status::reasons(&stats, "/refusals");
    if !refusals.is_empty() {
        let what = format!("{at}: its provider turned clients down");
        let finding = Finding::new(Cause::ClientsRefused, what).all_evidence(refusals);
        report.add(finding.advice("its log has more; `netipc ls` shows who is connected"));
    }
    status::reasons(&stats, "/without_shm")
}

fn served_by(endpoint: &Endpoint) -> String {
    let servers = endpoint.listeners.iter().map(show);
    let servers: Vec<String> = servers.collect();
    if servers.is_empty() {
        String::new()
    } else {
        format!(", served by {}", servers.join(" and "))
    }
}

/// A process as evidence.
pub(super) fn show(process: &Process) -> String {
    format!(
        "process {} of {} ({})",
        process.pid, process.user, process.command
    )
}

fn stopped_by_signal(endpoint: &Endpoint, stopped: &Process) -> Finding {
    let (path, pid) = (endpoint.path.display(), stopped.pid);
    let by = if stopped.state == "traced" {
        "a debugger"
    } else {
        "a signal"
    };
    let finding = Finding::new(
        Cause::ProviderStopped,
        format!("{path}: its server was stopped by {by}"),
    )
    .evidence(show(stopped))
    .all_evidence(waiting(endpoint));
    finding.advice(format!("kill -CONT {pid}"))
}

/// Who waits to be accepted.
fn waiting(endpoint: &Endpoint) -> Option<String> {
    let waiting = endpoint.waiting.filter(|waiting| *waiting > 0)?;
    let backlog = endpoint.backlog.unwrap_or_default();
    Some(format!(
        "waiting to be accepted: {waiting}, with a backlog of {backlog}"
    ))
}

/// A provider that says nothing: why, by what else is known.
pub(super) fn silent(args: &DoctorArgs, dir: &RunDir, endpoint: &Endpoint) -> Finding {
    let path = endpoint.path.display();
    // It stays open while we look who waits.
    let link = connect(args, dir, endpoint);
    let holder = |pid| endpoint.listeners.iter().any(|one| one.pid == pid);
    let opened_by = link.as_ref().and_then(|link| link.info().peer.pid);
    if let (Some(pid), [first, ..]) = (opened_by, &endpoint.listeners[..])
        && !holder(pid)
    {
        let what = format!(
            "{path}: process {pid} listened there and does not hold the socket any more; another process does"
        );
        let finding = Finding::new(Cause::ListenerHeldByChild, what).all_evidence(
            endpoint
                .listeners
                .iter()
                .map(|one| format!("held by {}", show(one))),
        );
        return finding.advice(format!(
            "end process {} if it is a forgotten child of the server, then start the provider again",
            first.pid
        ));
    }
    let seconds = args.timeout().as_secs_f32();
    let what = format!("{path}: somebody listens, and says nothing for {seconds} s");
    let now = inspect::look(std::slice::from_ref(&dir.path)).unwrap_or_default();
    let mut now = now.run_dirs.iter().flat_map(|dir| &dir.endpoints);
    let now = now.find(|one| one.service == endpoint.service);
    Finding::new(Cause::ProviderHung, what)
        .all_evidence(endpoint.listeners.iter().map(show))
        .all_evidence(now.and_then(waiting))
        .all_evidence(shortages(endpoint))
        .advice("look what that process does (a debugger, its log), or start it again")
}

fn connect(args: &DoctorArgs, dir: &RunDir, endpoint: &Endpoint) -> Option<Box<dyn Baseline>> {
    let endpoint = netipc::transport::Endpoint::new(&dir.path, &endpoint.service).ok()?;
    let wait = Wait::timeout(args.timeout());
    NativeTransport::default().connect(&endpoint, &wait).ok()
}

/// What the server's process has run out of, or may not do.
pub(super) fn shortages(endpoint: &Endpoint) -> Vec<String> {
    let mut found = Vec::new();
    for server in &endpoint.listeners {
        let (pid, limits) = (server.pid, limits(server.pid));
        if let Some((used, most)) = limits.files.filter(|_| limits.are_files_used_up()) {
            found.push(format!(
                "process {pid} has {used} of at most {most} descriptors open"
            ));
        }
        if let Some(bytes) = limits.file_bytes {
            found.push(format!(
                "process {pid} may write files of at most {bytes} bytes (RLIMIT_FSIZE)"
            ));
        }
        if limits.is_filtered {
            found.push(format!(
                "a filter looks at the system calls of process {pid} (seccomp)"
            ));
        }
    }
    found
}

/// Warns of servers that may not write a file as large as a region.
pub(super) fn small_files(endpoint: &Endpoint, report: &mut Report) {
    for server in &endpoint.listeners {
        let Some(bytes) = limits(server.pid).file_bytes.filter(|most| *most < LITTLE) else {
            continue;
        };
        let what = format!(
            "{}: its sessions go over the socket, whatever clients offer",
            endpoint.path.display()
        );
        let finding = Finding::new(Cause::SocketInsteadOfShm, what)
            .evidence(format!(
                "process {} may write files of at most {bytes} bytes (RLIMIT_FSIZE), and a region takes {LITTLE} or more",
                server.pid
            ))
            .evidence(show(server));
        report.add(
            finding.advice("start it without that limit (`ulimit -f`, LimitFSIZE= of its unit)"),
        );
    }
}

/// Who holds the sessions of a server that has no more.
pub(super) fn holders(endpoint: &Endpoint) -> Vec<String> {
    let accepted = endpoint.sessions.iter().filter(|session| session.accepted);
    let show_client = |session: &Session| match session.client.first() {
        Some(client) => show(client),
        None => "a process that is not shown here".to_owned(),
    };
    let mut clients: Vec<String> = accepted.map(show_client).collect();
    clients.sort();
    let groups = clients.chunk_by(|one, next| one == next);
    let held = groups.filter_map(|same| Some((same.len(), same.first()?)));
    held.map(|(count, client)| format!("{count} held by {client}"))
        .collect()
}
