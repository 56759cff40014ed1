//! Endpoints that go on being reachable, whoever opened, removed or replaced them; and what those are told
//! who may not use them.
#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use support::{Provider, TestDir, piped, run};

const INCREMENT: &str = "--service=increment";

/// More than any step takes.
const SOON: Duration = Duration::from_secs(60);

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < SOON, "never: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn answers(place: &TestDir) -> bool {
    place.call(&["increment", "1"]).code == Some(0)
}

/// `serve`, with what it says on stderr in a file.
fn serve(place: &TestDir, args: &[&str]) -> Provider {
    let serve = place.command("serve", &[&[INCREMENT], args].concat());
    let mut logged = Command::new("sh");
    logged.args(["-c", "log=$1; shift; exec \"$@\" 2>\"$log\"", "sh"]);
    logged.arg(place.path("log"));
    logged.arg(serve.get_program()).args(serve.get_args());
    Provider::start(piped(logged))
}

fn log(place: &TestDir) -> String {
    fs::read_to_string(place.path("log")).unwrap_or_default()
}

// Rule L18.
#[test]
fn a_cleaner_takes_no_provider_away() {
    let place = TestDir::new();
    let provider = serve(&place, &[]);
    let socket = place.run_dir().join("increment.sock");
    let harms: [&dyn Fn(); 2] = [&|| fs::remove_file(&socket).unwrap(), &|| {
        fs::remove_dir_all(place.run_dir()).unwrap()
    }];
    for harm in harms {
        assert!(answers(&place));
        harm();
        place
            .call(&["increment", "1"])
            .failed(3, "not found", "increment.sock");
        until("it is bound again", || answers(&place));
    }
    assert!(provider.end(Signal::TERM).success());
    assert_eq!(place.left_behind(), [""; 0]);
    let lines = log(&place);
    assert_eq!(lines.matches("bound again").count(), 2, "{lines}");
    assert!(!lines.contains('\x1b'), "a file has no colours: {lines:?}");
}

// Rules L17, L18.
#[test]
fn a_provider_whose_place_is_taken_ends_and_says_by_whom() {
    let place = TestDir::new();
    let first = serve(&place, &[]);
    fs::remove_file(place.run_dir().join("increment.sock")).unwrap();
    let second = place.serve(&[INCREMENT]);
    assert_eq!(first.wait().code(), Some(10));
    let by = format!("it answers (process {})", second.pid());
    assert!(log(&place).contains(&by), "{}", log(&place));
    assert!(answers(&place), "the second one's socket is left alone");
}

#[test]
fn a_provider_that_cannot_have_its_place_back_ends() {
    let place = TestDir::new();
    let provider = serve(&place, &[]);
    fs::remove_dir_all(place.run_dir()).unwrap();
    fs::write(place.run_dir(), "a file").unwrap();
    assert_eq!(provider.wait().code(), Some(1));
    let lines = log(&place);
    assert!(
        lines.contains("taken away") && lines.contains("Not a directory"),
        "{lines}"
    );
}

/// A service manager: opens the socket, and starts what is to serve it, as often as that ends.
const MANAGER: &str = "
import os, socket, sys
path, program = sys.argv[1], sys.argv[2:]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listener.bind(path)
listener.listen(5)
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1')
os.execv(program[0], program)
";

#[test]
fn a_socket_of_the_service_manager_is_served_and_left() {
    let place = TestDir::new();
    fs::create_dir_all(place.run_dir()).unwrap();
    let socket = place.run_dir().join("increment.sock");
    let serve = place.command("serve", &[INCREMENT]);
    let mut manager = Command::new("python3");
    manager.args(["-c", MANAGER]).arg(&socket);
    manager.arg(serve.get_program()).args(serve.get_args());
    let provider = Provider::start(piped(manager));
    assert!(answers(&place));
    assert!(provider.end(Signal::TERM).success());
    assert!(socket.exists(), "it is the manager's");
    // Nobody listens any more: a next one takes the name.
    let next = place.serve(&[INCREMENT]);
    assert!(answers(&place));
    assert!(next.end(Signal::TERM).success());
    assert_eq!(place.left_behind(), [""; 0]);
}

#[test]
fn what_is_passed_to_others_or_is_no_socket_is_left_alone() {
    for manager in [
        "LISTEN_PID=1 LISTEN_FDS=3 exec \"$@\"",
        "exec 3</dev/null; LISTEN_PID=$$ LISTEN_FDS=2 exec \"$@\"",
    ] {
        let place = TestDir::new();
        let serve = place.command("serve", &[INCREMENT]);
        let mut passed = Command::new("sh");
        passed.args(["-c", manager, "sh"]);
        passed.arg(serve.get_program()).args(serve.get_args());
        let provider = Provider::start(piped(passed));
        assert!(answers(&place), "{manager}");
        assert!(provider.end(Signal::TERM).success());
        assert_eq!(place.left_behind(), [""; 0]);
    }
}

#[test]
fn a_provider_of_two_services_ends_where_one_is_taken_and_leaves_no_other() {
    let place = TestDir::new();
    let both = place.serve(&["--service=increment,string-reverse"]);
    let socket = place.run_dir().join("increment.sock");
    fs::remove_file(&socket).unwrap();
    let other = place.serve(&[INCREMENT]);
    assert_eq!(both.wait().code(), Some(10));
    assert_eq!(place.left_behind(), ["increment.sock"]);
    assert!(answers(&place));
    assert!(other.end(Signal::TERM).success());
}

#[test]
fn the_lock_of_a_starter_that_died_stops_nobody() {
    let place = TestDir::new();
    fs::create_dir_all(place.run_dir()).unwrap();
    fs::write(place.run_dir().join("increment.lock"), "").unwrap();
    let provider = place.serve(&[INCREMENT]);
    assert!(answers(&place));
    assert!(provider.end(Signal::TERM).success());
    assert_eq!(place.left_behind(), [""; 0]);
}

#[test]
fn a_second_provider_is_told_who_the_first_is() {
    let place = TestDir::new();
    let first = place.serve(&[INCREMENT]);
    let by = format!("(process {})", first.pid());
    let second = place.command("serve", &[INCREMENT, "--wait=0"]);
    run(second, b"").failed(10, "address in use", &by);
}

/// Starts a second provider beside `first`, which it has to wait for, and ends that one with `signal`.
fn succeed(place: &TestDir, first: Provider, signal: Signal) -> Provider {
    thread::scope(|scope| {
        let second = scope.spawn(|| serve(place, &["--wait=60"]));
        let by = format!("(process {}); waiting up to 60 s", first.pid());
        until("the second is told", || log(place).contains(&by));
        assert!(answers(place), "the first serves on");
        first.end(signal);
        second.join().expect("a provider")
    })
}

#[test]
fn a_provider_waits_for_the_end_of_the_one_before() {
    for signal in [Signal::TERM, Signal::KILL] {
        let place = TestDir::new();
        // The first made the run directory, and removes it.
        fs::remove_dir(place.run_dir()).unwrap();
        let second = succeed(&place, place.serve(&[INCREMENT]), signal);
        assert!(answers(&place), "{signal:?}");
        assert!(second.end(Signal::TERM).success(), "{signal:?}");
    }
}

#[test]
fn a_provider_that_waits_can_be_stopped() {
    let place = TestDir::new();
    let first = place.serve(&[INCREMENT]);
    let mut second = place.command("serve", &[INCREMENT, "--wait=3600"]);
    second.arg("--until-stdin-ends");
    let ended = run(second, b"");
    assert_eq!(ended.text(), "", "it was never ready");
    assert!(ended.stderr.contains("waiting up to 3600 s"), "{ended:?}");
    assert!(answers(&place));
    assert!(first.end(Signal::TERM).success());
    assert_eq!(place.left_behind(), [""; 0]);
}

#[test]
fn a_refusal_because_of_the_user_says_so_to_both() {
    const NOBODY: u32 = 65534;
    if !rustix::process::geteuid().is_root() {
        println!("SKIPPED: only root can become another user");
        return;
    }
    let place = TestDir::new();
    let provider = serve(&place, &[]);
    let open = |path: std::path::PathBuf, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    open(place.path("."), 0o711);
    open(place.run_dir(), 0o711);
    open(place.run_dir().join("increment.sock"), 0o666);
    let call = place.command("call", &["increment", "1"]);
    // The program itself may be where others have no way to.
    let program = place.path("netipc");
    fs::copy(call.get_program(), &program).unwrap();
    let mut stranger = Command::new(program);
    stranger.args(call.get_args()).uid(NOBODY).gid(NOBODY);
    let told = "user 0 runs, refused this process of user 65534";
    run(piped(stranger), b"").failed(4, "auth failed", told);
    assert!(provider.end(Signal::TERM).success());
    let lines = log(&place);
    assert!(
        lines.contains("user 65534 may not connect, whatever its token"),
        "{lines}"
    );
}
