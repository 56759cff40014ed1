//! What becomes of a listener whose name was taken away: the clock is moved, nobody waits for it.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener as StreamListener;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::link::ConnectError;
use crate::{Transport, UnixTransport};

struct World {
    top: TempDir,
    endpoint: Endpoint,
    listener: UnixListener,
}

impl World {
    fn new() -> Self {
        let top = tempfile::tempdir().unwrap();
        fs::create_dir(top.path().join("run")).unwrap();
        let endpoint = Endpoint::new(top.path().join("run"), "svc").unwrap();
        let listener = bind(&endpoint).unwrap();
        Self {
            top,
            endpoint,
            listener,
        }
    }

    fn run_dir(&self) -> PathBuf {
        self.top.path().join("run")
    }

    fn socket(&self) -> PathBuf {
        self.endpoint.socket_path().to_owned()
    }

    /// Accepts when it is time to look: nobody is there.
    fn look(&mut self) -> Result<(), LinkError> {
        self.listener.next_look = Instant::now();
        match self.listener.accept_link(&Wait::timeout(Duration::ZERO)) {
            Err(LinkError::Timeout) => Ok(()),
            Err(error) => Err(error),
            Ok(_) => panic!("nobody has connected"),
        }
    }

    /// Whether clients find this listener.
    fn is_found(&mut self) -> bool {
        let soon = Wait::timeout(Duration::from_secs(60));
        match UnixTransport::new().connect(&self.endpoint, &soon) {
            Ok(_client) => {
                self.listener.accept_link(&soon).unwrap();
                true
            }
            Err(ConnectError::NotFound { .. }) => false,
            Err(error) => panic!("{error:?}"),
        }
    }
}

// Rule L18.
#[test]
fn a_server_waits_for_what_passes_and_for_nothing_else() {
    let endpoint = Endpoint::new("/run/x", "svc").unwrap();
    let failed = |errno: Errno| BindError::Io {
        endpoint: endpoint.to_string(),
        source: errno.into(),
    };
    for errno in [Errno::NOSPC, Errno::DQUOT, Errno::NOMEM, Errno::MFILE] {
        assert!(is_passing(&failed(errno)), "{errno}");
    }
    for errno in [Errno::NOTDIR, Errno::ROFS, Errno::ISDIR] {
        assert!(!is_passing(&failed(errno)), "{errno}");
    }
    let used = |why| crate::unix::claim::in_use(&endpoint, why, Vec::new());
    assert!(is_passing(&used(PASSING[0])));
    assert!(!is_passing(&used("it answers")));
}

// Rule L18.
#[test]
fn a_server_waits_until_there_is_room_for_its_run_directory() {
    let mut world = World::new();
    fs::remove_dir_all(world.run_dir()).unwrap();
    for errno in [Errno::NOSPC, Errno::DQUOT, Errno::NOMEM, Errno::NFILE] {
        let tried = world.listener.bind_again(Err(errno));
        tried.unwrap_or_else(|error| panic!("{errno}: {error:?}"));
        assert!(!world.is_found(), "{errno}");
    }
    world.look().unwrap();
    assert!(world.is_found());

    fs::remove_dir_all(world.run_dir()).unwrap();
    let tried = world.listener.bind_again(Err(Errno::ROFS));
    assert!(matches!(tried, Err(LinkError::EndpointLost(_))));
}

fn bind(endpoint: &Endpoint) -> Result<UnixListener, BindError> {
    UnixTransport::new().bind_listener(endpoint, &BindOptions::default())
}

/// What is done to an endpoint, and what to call it.
type Harm = (&'static str, fn(&World));

// Rule L18.
#[test]
fn what_was_taken_away_is_bound_again() {
    let harms: &[Harm] = &[
        ("the socket is removed", |world| {
            fs::remove_file(world.socket()).unwrap();
        }),
        ("a file has its place", |world| {
            fs::remove_file(world.socket()).unwrap();
            fs::write(world.socket(), "text").unwrap();
        }),
        ("a dead socket has its place", |world| {
            fs::remove_file(world.socket()).unwrap();
            drop(StreamListener::bind(world.socket()).unwrap());
        }),
        ("the run directory is removed", |world| {
            fs::remove_dir_all(world.run_dir()).unwrap();
        }),
        ("the run directory is made anew", |world| {
            fs::remove_dir_all(world.run_dir()).unwrap();
            fs::create_dir(world.run_dir()).unwrap();
        }),
        ("the run directory is moved away", |world| {
            fs::rename(world.run_dir(), world.top.path().join("away")).unwrap();
        }),
    ];
    for (what, harm) in harms {
        let mut world = World::new();
        assert!(world.is_found(), "before {what}");
        harm(&world);
        assert!(!world.is_found(), "{what}");
        world
            .look()
            .unwrap_or_else(|error| panic!("{what}: {error:?}"));
        assert!(world.is_found(), "after {what}");
        let (top, socket) = (world.top, world.endpoint.socket_path().to_owned());
        drop(world.listener);
        assert!(!socket.exists(), "its name goes with it: {what}");
        let away = top.path().join("away");
        let left = away.read_dir().map_or(0, Iterator::count);
        assert_eq!(left, 0, "nor does the old one stay: {what}");
    }
}

// Rules L17, L18.
#[test]
fn a_successor_is_told_of_and_left_alone() {
    let mut world = World::new();
    fs::remove_file(world.socket()).unwrap();
    let mut successor = bind(&world.endpoint).unwrap();
    let error = world.look().unwrap_err();
    let LinkError::EndpointLost(lost) = error else {
        panic!("{error:?}");
    };
    let BindError::AddressInUse { holders, .. } = &*lost else {
        panic!("{lost:?}");
    };
    assert_eq!(holders[..], [std::process::id()], "{lost}");
    drop(world.listener);
    assert!(world.endpoint.socket_path().exists());
    let soon = Wait::timeout(Duration::from_secs(60));
    let _client = UnixTransport::new()
        .connect(&world.endpoint, &soon)
        .unwrap();
    successor.accept_link(&soon).unwrap();
}

#[test]
fn what_is_in_its_place_is_looked_at_and_no_more() {
    let mut world = World::new();
    let before = world.listener.held.claimed.id;
    for _ in 0..3 {
        world.look().unwrap();
    }
    assert_eq!(world.listener.held.claimed.id, before);
    let due = world.listener.next_look;
    assert!(due > Instant::now(), "the next look is in the future");
    assert!(due <= Instant::now() + Duration::from_secs(5));
}

// Rule L18.
#[test]
fn a_wait_is_as_long_as_its_owner_says_and_looks_meanwhile() {
    let mut world = World::new();
    fs::remove_file(world.socket()).unwrap();
    world.listener.next_look = Instant::now() + Duration::from_millis(20);
    let endpoint = world.endpoint.clone();
    let found = std::thread::scope(|scope| {
        let client = scope.spawn(move || {
            let patience = Wait::timeout(Duration::from_secs(60));
            loop {
                match UnixTransport::new().connect(&endpoint, &patience) {
                    Ok(link) => return link,
                    Err(_) => patience.sleep(Duration::from_millis(1)).unwrap(),
                }
            }
        });
        let accepted = world
            .listener
            .accept_link(&Wait::timeout(Duration::from_secs(60)));
        client.join().unwrap();
        accepted
    });
    assert!(found.is_ok(), "one accept outlasts the look");
}

// Rule L18.
#[test]
fn a_link_to_the_run_directory_leads_where_it_leads_now() {
    let top = tempfile::tempdir().unwrap();
    let [old, new, link] = ["old", "new", "link"].map(|name| top.path().join(name));
    fs::create_dir(&old).unwrap();
    fs::create_dir(&new).unwrap();
    symlink(&old, &link).unwrap();
    let endpoint = Endpoint::new(&link, "svc").unwrap();
    let listener = bind(&endpoint).unwrap();
    let mut world = World {
        top,
        endpoint,
        listener,
    };
    fs::remove_file(&link).unwrap();
    symlink(&new, &link).unwrap();
    assert!(!world.is_found());
    world.look().unwrap();
    assert!(world.is_found());
    let left = |dir: &PathBuf| dir.read_dir().unwrap().count();
    assert_eq!((left(&old), left(&new)), (0, 1));
}

#[test]
fn a_socket_that_went_and_came_back_is_the_same() {
    let mut world = World::new();
    let before = world.listener.held.claimed.id;
    let aside = world.run_dir().join("aside");
    fs::rename(world.socket(), &aside).unwrap();
    fs::rename(&aside, world.socket()).unwrap();
    world.look().unwrap();
    assert_eq!(world.listener.held.claimed.id, before);
    assert!(world.is_found());
}

#[test]
fn the_copy_in_a_child_removes_nothing() {
    let mut world = World::new();
    world.listener.held.owner = sys::own_pid().wrapping_add(1);
    drop(world.listener);
    assert!(world.endpoint.socket_path().exists());
}
