//! What can be seen without asking anybody: run directories, names, and what servers left behind.

use std::fs;
use std::path::Path;

use netipc::chain;
use netipc::transport::Endpoint;

use super::DoctorArgs;
use super::finding::{Cause, Finding, Report, run_as};
use super::nearby::similar;
use super::system::{free_space, own_uid};
use crate::inspect::{self, Life, Problem, RegionLife, RunDir, Survey};
use crate::schema::built_in;
use crate::terminal::{age, size};

/// What a region of the usual size takes: room for 1 KiB of request and 64 KiB of answer, in whole pages.
pub(super) const LITTLE: u64 = 68 * 1024;

/// Whether the run directories can be used.
pub(super) fn run_dirs(args: &DoctorArgs, survey: &Survey, report: &mut Report) {
    let are_given = !args.run_dir.is_empty();
    for dir in &survey.run_dirs {
        let before = report.findings.len();
        path_length(args, &dir.path, report);
        match &dir.problem {
            Some(Problem::Missing) if !are_given => {}
            Some(problem) => report.add(unusable(&dir.path, problem)),
            None => {
                owner_and_mode(dir, report);
                space(dir, report);
                if report.findings.len() == before {
                    let endpoints = match dir.endpoints.len() {
                        1 => "1 endpoint".to_owned(),
                        many => format!("{many} endpoints"),
                    };
                    report.healthy(format!(
                        "run directory {} ({endpoints})",
                        dir.path.display()
                    ));
                }
            }
        }
    }
    let is_there = |dir: &RunDir| dir.problem != Some(Problem::Missing);
    if !are_given && !survey.run_dirs.is_empty() && !survey.run_dirs.iter().any(is_there) {
        let places: Vec<_> = survey
            .run_dirs
            .iter()
            .map(|dir| dir.path.display().to_string())
            .collect();
        let what = "none of the usual run directories is there".to_owned();
        let finding = Finding::new(Cause::RunDirMissing, what)
            .evidence(format!("looked for {}", places.join(", ")));
        report.add(finding.advice("start a provider, or give --run-dir"));
    }
}

/// Whether names in this directory are short enough for sockets.
fn path_length(args: &DoctorArgs, run_dir: &Path, report: &mut Report) {
    let usual = built_in().iter().map(|schema| schema.name.as_str());
    let names: Vec<&str> = match &args.service {
        Some(service) => vec![service],
        None => usual.collect(),
    };
    let errors = names
        .iter()
        .filter_map(|name| Endpoint::new(run_dir, name).err());
    if let Some(error) = errors.max_by_key(ToString::to_string) {
        let is_name = matches!(error, netipc::transport::EndpointError::InvalidName { .. });
        let cause = if is_name {
            Cause::NameInvalid
        } else {
            Cause::PathTooLong
        };
        report.add(Finding::new(cause, chain(&error)));
    }
}

fn unusable(path: &Path, problem: &Problem) -> Finding {
    let shown = path.display();
    match problem {
        Problem::Missing => {
            let finding = Finding::new(Cause::RunDirMissing, format!("{shown} is not there"));
            finding
                .all_evidence(what_is_near(path))
                .advice("correct the path, or make it with mode 0700; netipc serve does so itself")
        }
        Problem::NotADirectory => {
            Finding::new(Cause::RunDirUnreadable, format!("{shown} is no directory"))
                .advice("give the directory that the endpoints are in")
        }
        Problem::Unreadable(why) => Finding::new(
            Cause::RunDirUnreadable,
            format!("{shown} cannot be read: {why}"),
        )
        .all_evidence(own_uid().map(|uid| format!("this process is of user {uid}")))
        .advice("run as root or as the user that the directory belongs to"),
    }
}

/// Directories with a similar name beside one that is not there, and usual ones that have endpoints.
fn what_is_near(path: &Path) -> Vec<String> {
    let mut found = Vec::new();
    if let (Some(parent), Some(name)) = (path.parent(), path.file_name()) {
        let is_here = parent.as_os_str().is_empty();
        let looked_at = if is_here { Path::new(".") } else { parent };
        let entries = fs::read_dir(looked_at).into_iter().flatten().flatten();
        let dirs = entries.filter(|entry| entry.path().is_dir());
        let names: Vec<String> = dirs
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        let near = similar(&name.to_string_lossy(), names.iter().map(String::as_str));
        let shown = near
            .iter()
            .map(|name| parent.join(name).display().to_string());
        found.extend(shown.map(|near| format!("there is {near}")));
    }
    let usual = inspect::look(&inspect::usual_run_dirs()).unwrap_or_default();
    for dir in usual
        .run_dirs
        .iter()
        .filter(|dir| !dir.endpoints.is_empty())
    {
        found.push(format!("{} has {}", dir.path.display(), services(dir)));
    }
    found
}

fn services(dir: &RunDir) -> String {
    let names: Vec<&str> = dir
        .endpoints
        .iter()
        .map(|one| one.service.as_str())
        .collect();
    names.join(", ")
}

fn owner_and_mode(dir: &RunDir, report: &mut Report) {
    let Some(file) = &dir.file else {
        return;
    };
    let path = dir.path.display();
    let [by_group, by_others] = [1, 0].map(|from_end| may_write(&file.mode, from_end));
    if by_group || by_others {
        let who = if by_others { "everybody" } else { "its group" };
        let what = format!("{path} has mode {}: {who} may put sockets there", file.mode);
        let finding = Finding::new(Cause::RunDirWritableByOthers, what).evidence(
            "a client says its token to whom it finds there, unless the user is another one",
        );
        report.add(finding.advice(format!(
            "chmod 0700 {path}, or 0755 where other users have to see it"
        )));
    }
    let servers = dir
        .endpoints
        .iter()
        .flat_map(|endpoint| &endpoint.listeners);
    let stranger = servers
        .clone()
        .find(|server| server.uid != file.uid && server.uid != 0);
    let is_ours = file.uid == 0 || own_uid().is_none_or(|uid| uid == file.uid || uid == 0);
    if let Some(server) = stranger {
        let what = format!(
            "{path} belongs to {}, its server is of {}",
            file.user, server.user
        );
        let finding = Finding::new(Cause::RunDirOfAnotherUser, what).evidence(format!(
            "process {} ({}) serves there",
            server.pid, server.command
        ));
        report.add(finding.advice(format!("chown {} {path}", server.user)));
    } else if !is_ours {
        let uid = own_uid().unwrap_or_default();
        let what = format!(
            "{path} belongs to {}, this process is of user {uid}",
            file.user
        );
        let finding = Finding::new(Cause::RunDirOfAnotherUser, what)
            .evidence("a server takes its own user and root alone");
        report.add(finding.advice(format!("{}, or give another --run-dir", run_as(&file.user))));
    }
}

/// Whether a mode, as digits, lets others write: the last digit is of everybody, the one before of the group.
fn may_write(mode: &str, from_end: usize) -> bool {
    let digit = mode
        .chars()
        .rev()
        .nth(from_end)
        .and_then(|digit| digit.to_digit(8));
    digit.is_some_and(|digit| digit & 2 != 0)
}

fn space(dir: &RunDir, report: &mut Report) {
    let Some(space) = free_space(&dir.path) else {
        return;
    };
    let path = dir.path.display();
    if space.free_files == Some(0) {
        let what = format!("no file can be made in {path}: its file system has no inode left");
        let finding = Finding::new(Cause::FileSystemFull, what);
        report.add(finding.advice(
            "remove files there, or mount it with more inodes; until then servers cannot start",
        ));
    } else if space.free_bytes < LITTLE {
        let (free, all) = (size(space.free_bytes), size(space.all_bytes));
        let what =
            format!("{free} of {all} are free in {path}: regions of shared memory do not fit");
        let finding = Finding::new(Cause::FileSystemFull, what)
            .evidence("a server that cannot make a region carries the session over the socket");
        report.add(finding.advice("remove files there, or make that file system larger"));
    }
}

/// Says what there is instead of a service that is nowhere.
pub(super) fn missing_service(args: &DoctorArgs, survey: &Survey, report: &mut Report) {
    let Some(service) = &args.service else {
        return;
    };
    let endpoints = || {
        survey
            .run_dirs
            .iter()
            .flat_map(|dir| dir.endpoints.iter().map(move |one| (dir, one)))
    };
    let is_readable = survey.run_dirs.iter().any(|dir| dir.problem.is_none());
    if !is_readable || endpoints().any(|(_, one)| one.service == *service) {
        return;
    }
    let finding = Finding::new(Cause::ServiceMissing, format!("nobody serves {service}"));
    let near = similar(service, endpoints().map(|(_, one)| one.service.as_str()));
    let here = endpoints().filter(|(_, one)| near.contains(&one.service.as_str()));
    let mut evidence: Vec<String> = here
        .map(|(_, one)| format!("there is {}", one.path.display()))
        .collect();
    evidence.extend(elsewhere(service, survey));
    if evidence.is_empty() {
        let with = survey.run_dirs.iter().filter(|dir| dir.problem.is_none());
        evidence.extend(with.map(|dir| match dir.endpoints.len() {
            0 => format!("{} has no endpoints", dir.path.display()),
            _ => format!("{} has {}", dir.path.display(), services(dir)),
        }));
    }
    let to_do = if near.is_empty() {
        "start its provider; until then clients wait for it, which is normal"
    } else {
        "correct the name, or start the provider"
    };
    report.add(finding.all_evidence(evidence).advice(to_do));
}

/// Usual run directories that were not looked at and have the service.
fn elsewhere(service: &str, survey: &Survey) -> Vec<String> {
    let usual = inspect::look(&inspect::usual_run_dirs()).unwrap_or_default();
    let others = usual
        .run_dirs
        .iter()
        .filter(|dir| !survey.run_dirs.iter().any(|known| known.path == dir.path));
    let endpoints = others.flat_map(|dir| &dir.endpoints);
    let found = endpoints.filter(|one| one.service == service);
    found
        .map(|one| format!("there is {} ({})", one.path.display(), one.life.name()))
        .collect()
}

/// What servers left behind.
pub(super) fn leftovers(args: &DoctorArgs, dir: &RunDir, report: &mut Report) {
    for endpoint in dir
        .endpoints
        .iter()
        .filter(|one| args.is_wanted(&one.service))
    {
        let path = endpoint.path.display();
        let (since, user) = (age(endpoint.file.age_seconds), &endpoint.file.user);
        match endpoint.life {
            Life::Stale => {
                let what = format!(
                    "{path}: nobody listens; a server of {user} made it {since} ago and has gone"
                );
                let finding = Finding::new(Cause::StaleSocket, what).stale(
                    &dir.path,
                    &endpoint.service,
                    &endpoint.path,
                );
                report.add(finding.advice("start the provider again, which takes the socket over, or remove it with --fix"));
            }
            Life::NotASocket => {
                let finding =
                    Finding::new(Cause::NotASocket, format!("{path}: {}", endpoint.evidence));
                report.add(finding.advice("remove it, or start the provider, which does"));
            }
            Life::Unknown => {
                let finding = Finding::new(
                    Cause::PermissionDenied,
                    format!("{path}: {}", endpoint.evidence),
                )
                .evidence(format!(
                    "it belongs to {user} and has mode {}",
                    endpoint.file.mode
                ));
                report.add(finding.advice(run_as(user)));
            }
            Life::Live => {}
        }
    }
    let orphans = dir
        .regions
        .iter()
        .filter(|one| one.life == RegionLife::Orphaned);
    for region in orphans.filter(|one| args.is_wanted(&one.service)) {
        let (since, bytes) = (age(region.file.age_seconds), size(region.region.bytes));
        let what = format!(
            "{}: {bytes} since {since}: {}",
            region.path.display(),
            region.evidence
        );
        let finding = Finding::new(Cause::OrphanedRegion, what).stale(
            &dir.path,
            &region.service,
            &region.path,
        );
        report.add(finding.advice("the next start of its provider removes it, or --fix does"));
    }
}
