//! Connections of an endpoint: both ends, and what carries the data of each.

use std::collections::BTreeMap;

use super::Machine;
use super::diag::Socket;
use super::memory::{Mapped, Maps};
use crate::inspect::{Process, Session};

/// The connections whose servers' ends are `ends`, and those that wait to be accepted.
pub(super) fn look(
    service: &str,
    ends: &[Socket],
    listeners: &[Socket],
    machine: &mut Machine,
) -> Vec<Session> {
    let mut sessions = Vec::new();
    for end in ends {
        if machine.knows_peers && end.peer.is_none() {
            // Its client has gone; the server has not looked yet.
            continue;
        }
        let server = machine.holders.of(end.inode).to_owned();
        let session = session(end.peer, machine);
        sessions.push(Session {
            accepted: true,
            server: machine.processes.describe(&server),
            unread_by_server: end.unread,
            ..session
        });
    }
    for waiting in listeners.iter().flat_map(|listener| &listener.waiting) {
        sessions.push(session(Some(*waiting), machine));
    }
    sessions.sort_by_key(|session| {
        let client = session.client.first().map(|client| client.pid);
        (!session.accepted, client)
    });
    find_memory(service, &mut sessions, &mut machine.maps);
    sessions
}

/// What is known of a connection by its client's end.
fn session(client: Option<u64>, machine: &mut Machine) -> Session {
    let holders = client
        .map_or(&[][..], |inode| machine.holders.of(inode))
        .to_owned();
    let mut sockets = machine.sockets.iter();
    let socket = sockets.find(|one| Some(one.inode) == client);
    let unread_by_client = socket.and_then(|socket| socket.unread);
    Session {
        accepted: false,
        server: Vec::new(),
        client: machine.processes.describe(&holders),
        transport: None,
        region: None,
        guessed: false,
        unread_by_server: None,
        unread_by_client,
    }
}

/// Finds what carries each session: connections of the same two processes share what both have mapped.
fn find_memory(service: &str, sessions: &mut [Session], maps: &mut Maps) {
    let mut groups: BTreeMap<(Vec<u32>, Vec<u32>), Vec<&mut Session>> = BTreeMap::new();
    for session in sessions.iter_mut().filter(|session| session.accepted) {
        let key = (pids(&session.server), pids(&session.client));
        groups.entry(key).or_default().push(session);
    }
    let mut taken = Vec::new();
    for ((server, client), sessions) in &mut groups {
        let Some(shared) = shared(service, server, client, maps) else {
            continue;
        };
        let free = shared.into_iter().filter(|one| !taken.contains(&one.id));
        let mut free: Vec<Mapped> = free.collect();
        free.truncate(sessions.len());
        let guessed = sessions.len() > 1 && !free.is_empty();
        taken.extend(free.iter().map(|one| one.id.clone()));
        let mut free = free.into_iter();
        for session in sessions {
            session.guessed = guessed;
            let memory = free.next();
            session.transport = Some(memory.as_ref().map_or("socket", Mapped::transport));
            session.region = memory.map(|memory| memory.read());
        }
    }
}

fn pids(processes: &[Process]) -> Vec<u32> {
    processes.iter().map(|process| process.pid).collect()
}

/// The shared memory that both sides have mapped, as far as their maps are shown; `None` where none is.
fn shared(service: &str, server: &[u32], client: &[u32], maps: &mut Maps) -> Option<Vec<Mapped>> {
    let mut side = |pids: &[u32]| -> Option<Vec<Mapped>> {
        let mut all = Vec::new();
        for pid in pids {
            all.extend_from_slice(maps.of(*pid).ok()?);
        }
        let is_of = |one: &Mapped| one.region.as_ref().is_none_or(|(name, _)| name == service);
        all.retain(is_of);
        (!pids.is_empty()).then_some(all)
    };
    match (side(server), side(client)) {
        (Some(server_side), Some(client_side)) if server == client => {
            Some(repeated(server_side, &client_side))
        }
        (Some(mut server), Some(client)) => {
            server.retain(|one| client.iter().any(|other| other.id == one.id));
            Some(server)
        }
        (one, other) => one.or(other),
    }
}

/// Of one process that talks to itself: what it has mapped twice, once each.
fn repeated(mut all: Vec<Mapped>, again: &[Mapped]) -> Vec<Mapped> {
    all.retain(|one| again.iter().filter(|other| other.id == one.id).count() > 1);
    let mut seen = Vec::new();
    all.retain(|one| {
        let is_new = !seen.contains(&one.id);
        seen.push(one.id.clone());
        is_new
    });
    all
}
