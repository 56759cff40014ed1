//! Who may own an endpoint, and what is reclaimed for it.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, fchown, symlink};
use std::os::unix::net::{UnixDatagram, UnixListener as StreamListener};

use netipc_transport::link::{BindError, BindOptions, ConnectError, Inherited};
use netipc_transport::{Endpoint, Listener, Transport, UnixTransport, Wait};
use rustix::fs::{CWD, FlockOperation, Mode, flock, mkfifoat};
use rustix::io::Errno;
use rustix::net::{
    self, AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    SocketAddrUnix, SocketType,
};

use common::{Leftover, Stage, hear, soon};

fn bind(stage: &Stage) -> Result<Box<dyn Listener>, BindError> {
    UnixTransport::new().bind(&stage.endpoint, &BindOptions::default())
}

/// The stage works: somebody can connect and is accepted.
fn serves(stage: &Stage, listener: &mut dyn Listener) {
    let _client = UnixTransport::new()
        .connect(&stage.endpoint, &soon())
        .unwrap();
    listener.accept(&soon()).unwrap();
}

// Rule L15.
#[test]
fn what_serves_nobody_is_reclaimed() {
    let left_behind: &[Leftover] = &[
        ("a dead stream socket", |stage| {
            drop(StreamListener::bind(stage.socket()).unwrap())
        }),
        ("a dead datagram socket", |stage| {
            drop(UnixDatagram::bind(stage.socket()).unwrap())
        }),
        ("a file", |stage| fs::write(stage.socket(), "text").unwrap()),
        ("a FIFO", |stage| {
            mkfifoat(CWD, stage.socket(), Mode::RUSR | Mode::WUSR).unwrap()
        }),
        ("a link to nothing", |stage| {
            symlink("nowhere", stage.socket()).unwrap()
        }),
        ("a link to itself", |stage| {
            symlink("svc.sock", stage.socket()).unwrap();
        }),
        ("a link through a file", |stage| {
            fs::write(stage.path("file"), "text").unwrap();
            symlink("file/svc.sock", stage.socket()).unwrap();
        }),
        ("a link to a file", |stage| {
            fs::write(stage.path("file"), "text").unwrap();
            symlink("file", stage.socket()).unwrap();
        }),
    ];
    for (what, leave) in left_behind {
        let stage = Stage::new();
        leave(&stage);
        let mut listener = bind(&stage).unwrap_or_else(|error| panic!("{what}: {error:?}"));
        assert!(
            fs::symlink_metadata(stage.socket())
                .unwrap()
                .file_type()
                .is_socket(),
            "{what}"
        );
        serves(&stage, &mut *listener);
        drop(listener);
        let names: Vec<_> = stage
            .dir
            .path()
            .read_dir()
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert!(
            names.iter().all(|name| name == "file"),
            "{what} leaves {names:?}"
        );
    }
}

#[test]
fn a_directory_in_the_way_is_an_error_and_stays() {
    let stage = Stage::new();
    fs::create_dir(stage.socket()).unwrap();
    let error = bind(&stage).unwrap_err();
    assert!(matches!(error, BindError::Io { .. }), "{error:?}");
    assert!(stage.socket().is_dir());
}

// Rule L14.
#[test]
fn a_link_to_a_live_socket_is_in_use() {
    let stage = Stage::new();
    let other = Endpoint::new(stage.dir.path(), "other").unwrap();
    let _alive = UnixTransport::new()
        .bind(&other, &BindOptions::default())
        .unwrap();
    symlink("other.sock", stage.socket()).unwrap();
    let error = bind(&stage).unwrap_err();
    assert!(matches!(error, BindError::AddressInUse { .. }), "{error:?}");
    assert!(stage.socket().is_symlink(), "nothing is deleted");
}

#[test]
fn a_missing_directory_is_told() {
    let stage = Stage::new();
    let endpoint = Endpoint::new(stage.path("missing"), "svc").unwrap();
    let error = UnixTransport::new()
        .bind(&endpoint, &BindOptions::default())
        .unwrap_err();
    assert!(matches!(error, BindError::Io { .. }), "{error:?}");
    assert!(error.to_string().contains(&endpoint.to_string()), "{error}");
    let advice = format!(
        "the run directory {} does not exist: create it with mode 0700",
        stage.path("missing").display()
    );
    assert!(error.to_string().contains(&advice), "{error}");
    let error = UnixTransport::new()
        .connect(&endpoint, &Wait::forever())
        .unwrap_err();
    assert!(matches!(error, ConnectError::NotFound { .. }), "{error:?}");
    let missing = stage.path("missing").display().to_string();
    let said = error.to_string();
    let part = format!(": the run directory {missing} does not exist");
    assert!(said.ends_with(&part), "{said}");
}

#[test]
fn clients_are_told_what_is_missing_where_nobody_serves() {
    let stage = Stage::new();
    let said = || {
        let connected = UnixTransport::new().connect(&stage.endpoint, &Wait::forever());
        connected.unwrap_err().to_string()
    };
    let path = stage.endpoint.to_string();
    assert_eq!(said(), format!("no server at {path}"));
    drop(StreamListener::bind(stage.socket()).unwrap());
    let part = ": nobody listens at what is there, as after a server that was killed";
    assert_eq!(said(), format!("no server at {path}{part}"));
}

// Rule L6.
#[test]
fn the_socket_is_private() {
    let stage = Stage::new();
    let _listener = bind(&stage).unwrap();
    let mode = fs::symlink_metadata(stage.socket())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o7777, 0o600);
}

// Rule P20. Servers in Rust and Go that are deployed leave the mode of their sockets to the umask.
#[test]
fn a_socket_of_any_mode_is_connected_to() {
    let stage = Stage::new();
    let mut listener = bind(&stage).unwrap();
    for mode in [0o755, 0o777, 0o700, 0o664] {
        fs::set_permissions(stage.socket(), fs::Permissions::from_mode(mode)).unwrap();
        serves(&stage, &mut *listener);
    }
}

// Rule L3.
#[test]
fn a_socket_path_of_full_length_works() {
    let stage = Stage::new();
    let room = 107 - stage.dir.path().as_os_str().len() - "/.sock".len();
    let endpoint = Endpoint::new(stage.dir.path(), &"s".repeat(room)).unwrap();
    assert_eq!(endpoint.socket_path().as_os_str().len(), 107);
    let mut listener = UnixTransport::new()
        .bind(&endpoint, &BindOptions::default())
        .unwrap();
    let _client = UnixTransport::new().connect(&endpoint, &soon()).unwrap();
    listener.accept(&soon()).unwrap();
}

// Rule L17.
#[test]
fn a_listener_removes_only_its_own_socket() {
    let stage = Stage::new();
    let first = bind(&stage).unwrap();
    fs::remove_file(stage.socket()).unwrap();
    let mut second = bind(&stage).unwrap();
    let own = fs::symlink_metadata(stage.socket()).unwrap().ino();
    drop(first);
    assert_eq!(
        fs::symlink_metadata(stage.socket()).unwrap().ino(),
        own,
        "the successor's stays"
    );
    serves(&stage, &mut *second);
}

#[test]
fn starters_wait_for_one_another() {
    let stage = Stage::new();
    let lock = fs::File::create(stage.path("svc.lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    std::thread::scope(|scope| {
        let starter = scope.spawn(|| bind(&stage));
        assert!(!stage.socket().exists(), "not while another one starts");
        drop(lock);
        let _listener = starter.join().unwrap().unwrap();
        let names: Vec<_> = stage.dir.path().read_dir().unwrap().collect();
        assert_eq!(names.len(), 1, "the lock goes with the start: {names:?}");
    });
}

// Rule L18.
#[test]
fn who_may_read_the_directory_cannot_lock_others_out() {
    let stage = Stage::new();
    let directory = fs::File::open(stage.dir.path()).unwrap();
    flock(&directory, FlockOperation::LockExclusive).unwrap();
    let mut listener = bind(&stage).unwrap();
    serves(&stage, &mut *listener);
}

// Rule L18.
#[test]
fn whatever_has_the_name_of_the_lock_the_server_starts() {
    let in_the_way: &[Leftover] = &[
        ("a directory", |stage| {
            fs::create_dir(stage.path("svc.lock")).unwrap()
        }),
        ("a FIFO", |stage| {
            mkfifoat(CWD, stage.path("svc.lock"), Mode::RUSR | Mode::WUSR).unwrap();
        }),
        ("a link to nothing", |stage| {
            symlink("nowhere", stage.path("svc.lock")).unwrap();
        }),
        ("a link to itself", |stage| {
            symlink("svc.lock", stage.path("svc.lock")).unwrap();
        }),
        ("a socket", |stage| {
            drop(StreamListener::bind(stage.path("svc.lock")).unwrap());
        }),
        ("a device that anybody may open", |stage| {
            symlink("/dev/null", stage.path("svc.lock")).unwrap();
        }),
    ];
    for (what, put) in in_the_way {
        let stage = Stage::new();
        put(&stage);
        let mut listener = bind(&stage).unwrap_or_else(|error| panic!("{what}: {error}"));
        serves(&stage, &mut *listener);
        assert!(!stage.path("nowhere").exists(), "{what} is not followed");
    }
}

// Rule L18.
#[test]
fn a_lock_that_another_user_keeps_holds_up_no_start() {
    let stage = Stage::new();
    let lock = fs::File::create(stage.path("svc.lock")).unwrap();
    if fchown(&lock, Some(7), None).is_err() {
        println!("SKIPPED: only root can be another user");
        return;
    }
    lock.set_permissions(fs::Permissions::from_mode(0o666))
        .unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    let mut listener = bind(&stage).unwrap();
    serves(&stage, &mut *listener);
    assert!(stage.path("svc.lock").exists(), "it is his");
}

// Rule L34.
#[test]
fn a_client_that_passes_a_descriptor_is_told_and_holds_nobody_up() {
    let stage = Stage::new();
    let mut listener = bind(&stage).unwrap();
    let client = net::socket(AddressFamily::UNIX, SocketType::SEQPACKET, None).unwrap();
    net::connect(&client, &SocketAddrUnix::new(stage.socket()).unwrap()).unwrap();
    let pass = || pass(&client);
    let early = pass();
    if early.is_ok() && kernel() < (6, 16) {
        println!("SKIPPED: this kernel lets everybody pass descriptors");
        return;
    }
    assert_eq!(early, Err(Errno::PERM), "before it is accepted");
    let mut link = listener.accept(&soon()).unwrap();
    assert_eq!(pass(), Err(Errno::PERM));
    net::send(&client, b"word", SendFlags::empty()).unwrap();
    assert_eq!(hear(&mut *link), b"word", "others are taken");
    link.send(b"answer", &[], &soon()).unwrap();
    let (_, size) = net::recv(&client, &mut [0; 16], RecvFlags::empty()).unwrap();
    assert_eq!(size, 6);
}

// Rule L34.
#[test]
fn a_client_of_an_inherited_socket_passes_none_once_it_is_served() {
    let stage = Stage::new();
    let opened = net::socket(AddressFamily::UNIX, SocketType::SEQPACKET, None).unwrap();
    let address = SocketAddrUnix::new(stage.socket()).unwrap();
    net::bind(&opened, &address).unwrap();
    net::listen(&opened, 5).unwrap();
    let client = net::socket(AddressFamily::UNIX, SocketType::SEQPACKET, None).unwrap();
    net::connect(&client, &address).unwrap();
    let mut options = BindOptions::default();
    options.inherited = Inherited::from_iter([opened]);
    let unix = UnixTransport::new();
    let mut listener = unix.bind(&stage.endpoint, &options).unwrap();
    let mut link = listener.accept(&soon()).unwrap();
    let passed = pass(&client);
    if passed.is_ok() && kernel() < (6, 16) {
        println!("SKIPPED: this kernel lets everybody pass descriptors");
        return;
    }
    assert_eq!(passed, Err(Errno::PERM));
    net::send(&client, b"word", SendFlags::empty()).unwrap();
    assert_eq!(hear(&mut *link), b"word", "others are taken");
}

/// Passes a descriptor beside a packet.
fn pass(client: &OwnedFd) -> Result<usize, Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let descriptors = [client.as_fd()];
    assert!(control.push(SendAncillaryMessage::ScmRights(&descriptors)));
    let parts = [IoSlice::new(b"x")];
    net::sendmsg(client, &parts, &mut control, SendFlags::empty())
}

/// The version of the running kernel.
fn kernel() -> (u32, u32) {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut numbers = release
        .split(['.', '-'])
        .map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[test]
fn a_server_in_use_is_named_by_its_process() {
    let stage = Stage::new();
    let _listener = bind(&stage).unwrap();
    let error = bind(&stage).unwrap_err();
    let expected = format!("it answers (process {})", std::process::id());
    assert!(error.to_string().ends_with(&expected), "{error}");
}

// Rule L19.
#[test]
fn probes_do_not_stop_a_listener() {
    let stage = Stage::new();
    let mut listener = bind(&stage).unwrap();
    for _ in 0..3 {
        bind(&stage).unwrap_err();
        let probe = listener.accept(&soon()).unwrap();
        assert!(probe.peer_allowed());
    }
    serves(&stage, &mut *listener);
}
