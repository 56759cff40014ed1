//! What takes a process of its own: killed peers, other users, the umask, and shortages.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener as StreamListener;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use netipc_transport::link::{
    BindError, BindOptions, ConnectError, LinkError, PeerPolicy, SessionPlan,
};
use netipc_transport::{Abort, Endpoint, Link, Transport, UnixTransport, Wait};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use common::{
    Actor, Stage, again_by, again_of_user, await_cue, good_header, hear, in_child, passes, plan,
    prompt, role, role_dir, soon, tell, this_program, write_region,
};

const REGION: &str = "svc-0000000000000001.ipcshm";

fn transport() -> UnixTransport {
    UnixTransport::new()
}

fn bind_in(dir: &Path) -> Result<Box<dyn netipc_transport::Listener>, BindError> {
    let endpoint = Endpoint::new(dir, "svc").unwrap();
    transport().bind(&endpoint, &BindOptions::default())
}

// Rule L14.
#[test]
fn defect_04_a_socket_of_another_user_is_in_use() {
    const NOBODY: u32 = 65534;
    if role().is_some() {
        let error = bind_in(&role_dir()).unwrap_err();
        assert!(matches!(error, BindError::AddressInUse { .. }), "{error:?}");
        let endpoint = Endpoint::new(role_dir(), "svc").unwrap();
        let error = transport().connect(&endpoint, &soon()).unwrap_err();
        assert!(matches!(error, ConnectError::Denied { .. }), "{error:?}");
        return;
    }
    if !rustix::process::geteuid().is_root() {
        println!("SKIPPED: only root can become another user");
        return;
    }
    let stage = Stage::new();
    let listener = bind_in(stage.dir.path()).unwrap();
    fs::set_permissions(stage.dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let before = fs::symlink_metadata(stage.socket()).unwrap().ino();
    let (mut child, _place) = again_of_user(
        "defect_04_a_socket_of_another_user_is_in_use",
        "stranger",
        stage.dir.path(),
        NOBODY,
    );
    passes(&mut child);
    assert_eq!(fs::symlink_metadata(stage.socket()).unwrap().ino(), before);
    drop(listener);
}

// Rule L7.
#[test]
fn a_token_is_said_only_to_servers_that_are_trusted() {
    const NAME: &str = "a_token_is_said_only_to_servers_that_are_trusted";
    const NOBODY: u32 = 65534;
    if role().is_some() {
        let listener = bind_in(&role_dir()).unwrap();
        tell("listening");
        await_cue();
        drop(listener);
        return;
    }
    if !rustix::process::geteuid().is_root() {
        println!("SKIPPED: only root can become another user");
        return;
    }
    for (owner, mode, trusted) in [
        (0, 0o777, false),
        (NOBODY, 0o755, true),
        (NOBODY, 0o775, false),
    ] {
        let stage = Stage::new();
        std::os::unix::fs::chown(stage.dir.path(), Some(owner), None).unwrap();
        fs::set_permissions(stage.dir.path(), fs::Permissions::from_mode(mode)).unwrap();
        let mut server = Actor::of_user(NAME, "server", stage.dir.path(), NOBODY);
        assert_eq!(server.hear(), "listening");
        let connect = |transport: UnixTransport| transport.connect(&stage.endpoint, &soon());
        match connect(transport()) {
            Ok(_) => assert!(trusted, "{owner} {mode:o}"),
            Err(error) => {
                assert!(!trusted, "{owner} {mode:o}: {error:?}");
                let text = error.to_string();
                assert!(
                    text.contains("user 65534") && text.contains("user 0"),
                    "{text}"
                );
            }
        }
        let named = PeerPolicy::Also(vec![NOBODY]);
        connect(transport().with_servers(named)).unwrap();
        server.cue();
    }
}

// Rule L4.
#[test]
fn who_may_not_enter_the_run_directory_does_not_get_to_the_socket() {
    const NAME: &str = "who_may_not_enter_the_run_directory_does_not_get_to_the_socket";
    const NOBODY: u32 = 65534;
    if role().is_some() {
        let endpoint = Endpoint::new(role_dir(), "svc").unwrap();
        let connected = UnixTransport::new().connect(&endpoint, &soon());
        tell(match connected {
            Ok(_) => "connected",
            Err(ConnectError::Denied { .. }) => "denied",
            Err(_) => "another error",
        });
        await_cue();
        return;
    }
    if !rustix::process::geteuid().is_root() {
        println!("SKIPPED: only root can become another user");
        return;
    }
    // The socket itself would let everybody in.
    for (mode, said) in [(0o700, "denied"), (0o711, "connected")] {
        let stage = Stage::new();
        let _listener = bind_in(stage.dir.path()).unwrap();
        std::os::unix::fs::chown(stage.socket(), Some(NOBODY), None).unwrap();
        fs::set_permissions(stage.socket(), fs::Permissions::from_mode(0o666)).unwrap();
        fs::set_permissions(stage.dir.path(), fs::Permissions::from_mode(mode)).unwrap();
        let mut client = Actor::of_user(NAME, "client", stage.dir.path(), NOBODY);
        assert_eq!(client.hear(), said, "{mode:o}");
        client.cue();
    }
}

// Rule L17.
#[test]
fn defect_05_starters_never_delete_one_another() {
    const NAME: &str = "defect_05_starters_never_delete_one_another";
    if role().is_some() {
        tell("ready");
        await_cue();
        let listener = bind_in(&role_dir());
        tell(if listener.is_ok() { "won" } else { "lost" });
        await_cue();
        return;
    }
    let stage = Stage::new();
    for _ in 0..3 {
        // What they would all reclaim.
        drop(StreamListener::bind(stage.socket()).unwrap());
        let mut starters: Vec<_> = (0..4)
            .map(|_| Actor::new(NAME, "starter", stage.dir.path()))
            .collect();
        starters
            .iter_mut()
            .for_each(|starter| assert_eq!(starter.hear(), "ready"));
        starters.iter_mut().for_each(Actor::cue);
        let results: Vec<_> = starters.iter_mut().map(Actor::hear).collect();
        assert_eq!(
            results.iter().filter(|result| *result == "won").count(),
            1,
            "{results:?}"
        );
        let client = transport().connect(&stage.endpoint, &soon()).unwrap();
        let winner = starters
            .iter()
            .zip(&results)
            .find(|(_, result)| *result == "won")
            .unwrap()
            .0;
        assert_eq!(client.info().peer.pid.unwrap().cast_signed(), winner.pid());
        drop(starters);
        assert!(
            fs::symlink_metadata(stage.socket())
                .unwrap()
                .file_type()
                .is_socket(),
            "killed"
        );
        fs::remove_file(stage.socket()).unwrap();
    }
}

// Rule L30.
#[test]
fn defect_06_a_server_notices_a_killed_client() {
    const NAME: &str = "defect_06_a_server_notices_a_killed_client";
    if role().is_some() {
        let endpoint = Endpoint::new(role_dir(), "svc").unwrap();
        let client = transport().connect(&endpoint, &soon()).unwrap();
        let mut client = client.attach(&plan(1), &soon()).unwrap();
        tell("attached");
        let _ = client.receive(&mut [0; 1], &Wait::forever());
        return;
    }
    prompt("a dead client", Duration::from_millis(200), || {
        let stage = Stage::new();
        let mut listener = bind_in(stage.dir.path()).unwrap();
        let mut client = Actor::new(NAME, "client", stage.dir.path());
        let mut server = listener.accept(&soon()).unwrap();
        server.offer(&plan(1)).unwrap();
        assert_eq!(client.hear(), "attached");
        let server = server.switch();
        // A server that has been idle sleeps longest.
        time_of_end(server, Duration::from_millis(250), || client.kill())
    });
}

// Rule L30.
#[test]
fn defect_07_a_client_notices_a_killed_server() {
    const NAME: &str = "defect_07_a_client_notices_a_killed_server";
    if role().is_some() {
        let mut listener = bind_in(&role_dir()).unwrap();
        tell("listening");
        let mut server = listener.accept(&soon()).unwrap();
        server.offer(&plan(1)).unwrap();
        let mut server = server.switch();
        let request = hear(&mut *server);
        server.send(&request, &[], &soon()).unwrap();
        tell("answered");
        await_cue();
        return;
    }
    prompt("a dead server", Duration::from_millis(100), || {
        let stage = Stage::new();
        let mut server = Actor::new(NAME, "server", stage.dir.path());
        assert_eq!(server.hear(), "listening");
        let client = transport().connect(&stage.endpoint, &soon()).unwrap();
        let mut client = client.attach(&plan(1), &soon()).unwrap();
        client.send(b"question", &[], &soon()).unwrap();
        assert_eq!(server.hear(), "answered");
        let mut taken = Duration::ZERO;
        thread::scope(|scope| {
            // An answer that was published before the end counts.
            assert_eq!(hear(&mut *client), b"question");
            let waiting = scope.spawn(|| time_of_end(client, Duration::ZERO, || server.kill()));
            taken = waiting.join().unwrap();
        });
        taken
    });
}

/// How long after `end` a receive on `link` reports it; `end` comes when it has waited for `idle`.
fn time_of_end(mut link: Box<dyn Link>, idle: Duration, end: impl FnOnce()) -> Duration {
    let waiting = thread::spawn(move || {
        let received = link.receive(&mut [0; 1], &soon());
        assert!(
            matches!(received, Err(LinkError::Disconnected)),
            "{received:?}"
        );
        Instant::now()
    });
    Wait::forever().sleep(idle).unwrap();
    end();
    let killed = Instant::now();
    waiting.join().unwrap().saturating_duration_since(killed)
}

// Rules L6, L22.
#[test]
fn defect_17_the_umask_is_neither_changed_nor_trusted() {
    const NAME: &str = "defect_17_the_umask_is_neither_changed_nor_trusted";
    if let Some(role) = role() {
        let umask = rustix::fs::Mode::from_raw_mode(u32::from_str_radix(&role, 8).unwrap());
        let before = rustix::process::umask(umask);
        let endpoint = Endpoint::new(role_dir(), "svc").unwrap();
        let mut listener = transport()
            .bind(&endpoint, &BindOptions::default())
            .unwrap();
        let client = transport().connect(&endpoint, &soon()).unwrap();
        let mut server = listener.accept(&soon()).unwrap();
        server.offer(&plan(1)).unwrap();
        for path in [endpoint.socket_path(), &role_dir().join(REGION)] {
            let mode = fs::symlink_metadata(path).unwrap().permissions().mode();
            assert_eq!(mode & 0o7777, 0o600, "{}", path.display());
        }
        client.attach(&plan(1), &soon()).unwrap();
        assert_eq!(rustix::process::umask(before), umask, "unchanged");
        return;
    }
    for umask in ["000", "022", "177", "777"] {
        in_child(NAME, umask, Stage::new().dir.path());
    }
}

// Rules L16, L32.
#[test]
fn without_descriptors_nothing_is_deleted() {
    const NAME: &str = "without_descriptors_nothing_is_deleted";
    if role().is_some() {
        // For the directory and the lock, so that the last shortage is met while probing.
        for free in [0, 1, 2] {
            let bound = with_descriptors(free, || bind_in(&role_dir()));
            let error = bound.unwrap_err();
            assert!(
                matches!(error, BindError::AddressInUse { .. }),
                "{free} free: {error:?}"
            );
        }
        let empty = role_dir().join("empty");
        // For the directory, the lock and the scan, so that no region can be looked into.
        drop(with_descriptors(3, || bind_in(&empty)).unwrap());
        assert!(
            empty.join(REGION).exists(),
            "kept, because nothing is known of it"
        );
        drop(bind_in(&empty).unwrap());
        assert!(!empty.join(REGION).exists(), "it was stale all the time");
        return;
    }
    let stage = Stage::new();
    drop(StreamListener::bind(stage.socket()).unwrap());
    fs::create_dir(stage.path("empty")).unwrap();
    write_region(
        &stage.path("empty").join(REGION),
        good_header(i32::MAX, 1),
        8384,
    );
    in_child(NAME, "exhausted", stage.dir.path());
    assert!(stage.socket().exists(), "it may have been alive");
}

#[test]
fn without_descriptors_links_and_aborts_work() {
    const NAME: &str = "without_descriptors_links_and_aborts_work";
    if role().is_none() {
        return in_child(NAME, "exhausted", Stage::new().dir.path());
    }
    let endpoint = Endpoint::new(role_dir(), "svc").unwrap();
    let mut listener = bind_in(&role_dir()).unwrap();
    let mut client = transport().connect(&endpoint, &soon()).unwrap();
    with_descriptors(0, || {
        let error = transport().connect(&endpoint, &soon()).unwrap_err();
        assert!(matches!(error, ConnectError::Io { .. }), "{error:?}");
        let accepted = listener.accept(&soon());
        assert!(matches!(accepted, Err(LinkError::Io(_))), "{accepted:?}");
        let abort = Abort::new();
        let wait = Wait::forever().or_abort(&abort);
        let received = thread::scope(|scope| {
            let waiting = scope.spawn(|| client.receive(&mut [0; 1], &wait));
            abort.raise();
            waiting.join().unwrap()
        });
        assert!(matches!(received, Err(LinkError::Aborted)), "{received:?}");
    });
    let mut server = listener.accept(&soon()).expect("the connection has waited");
    client.send(b"x", &[], &soon()).unwrap();
    assert_eq!(hear(&mut *server), b"x");
}

/// Runs `step` while only `free` more descriptors can be opened.
fn with_descriptors<T>(free: u64, step: impl FnOnce() -> T) -> T {
    let limit = getrlimit(Resource::Nofile);
    let probe = fs::File::open("/").unwrap();
    let first_free = u64::try_from(probe.as_raw_fd()).unwrap();
    drop(probe);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(first_free + free),
            ..limit
        },
    )
    .unwrap();
    let result = step();
    setrlimit(Resource::Nofile, limit).unwrap();
    result
}

// Rule L22.
#[test]
fn a_full_file_system_is_an_error_and_no_signal() {
    const NAME: &str = "a_full_file_system_is_an_error_and_no_signal";
    if role().is_some() {
        return offer_on_a_full_file_system(&role_dir());
    }
    let mut private = Command::new("unshare");
    private.arg("-rm").args(this_program());
    let stage = Stage::new();
    let mut child = again_by(private, NAME, "full", stage.dir.path());
    let probe = Command::new("unshare")
        .args(["-rm", "mount", "-t", "tmpfs", "small"])
        .arg(stage.dir.path())
        .output();
    if !probe.is_ok_and(|output| output.status.success()) {
        println!("SKIPPED: this machine lets nobody mount a small file system");
        return;
    }
    passes(&mut child);
}

fn offer_on_a_full_file_system(dir: &Path) {
    let mut mount = Command::new("mount");
    mount
        .args(["-t", "tmpfs", "-o", "size=128k", "small"])
        .arg(dir);
    assert!(mount.status().unwrap().success());
    let endpoint = Endpoint::new(dir, "svc").unwrap();
    let mut listener = bind_in(dir).unwrap();
    let client = transport().connect(&endpoint, &soon()).unwrap();
    let mut server = listener.accept(&soon()).unwrap();
    let large = SessionPlan {
        response_bytes: 1 << 20,
        ..plan(1)
    };
    for _ in 0..2 {
        let error = server.offer(&large).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull, "{error:?}");
        assert!(!dir.join(REGION).exists(), "nothing is left behind");
    }
    // A region that fits is real: it stays usable when the rest fills up.
    server.offer(&plan(1)).unwrap();
    fs::write(dir.join("filler"), vec![0; 1 << 20]).unwrap_err();
    let mut client = client.attach(&plan(1), &soon()).unwrap();
    let mut server = server.switch();
    client.send(&[1; 4128], &[], &soon()).unwrap();
    assert_eq!(hear(&mut *server), [1; 4128]);
    server.send(&[2; 4128], &[], &soon()).unwrap();
    assert_eq!(hear(&mut *client), [2; 4128]);
}
