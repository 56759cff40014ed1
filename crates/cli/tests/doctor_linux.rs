//! `doctor` finds what can be wrong around a provider: places, names, leftovers, data files.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what cannot be set up is a failed test")]

mod support;

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;
use support::doctor_linux::{NOBODY, doctor, doctor_as, others_can_run_it};
use support::{TestDir, netipc, run};

const INCREMENT: &str = "--service=increment";

fn make_private(place: &TestDir) {
    fs::set_permissions(place.run_dir(), Permissions::from_mode(0o700)).unwrap();
}

/// Lets others go to the run directory, and look into it.
fn open_to_readers(place: &TestDir) {
    let run_dir = place.run_dir();
    for dir in [run_dir.parent().unwrap(), &run_dir] {
        fs::set_permissions(dir, Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn what_is_well_is_said_to_be() {
    let place = TestDir::new();
    let provider = place.serve(&[INCREMENT]);
    doctor(&place, &[]).is_healthy();
    doctor(&place, &["increment"]).is_healthy();
    let found = doctor(&place, &["increment", "--profiles=baseline,shm"]);
    found.is_healthy();
    let asked = &found.report["asked"][0];
    assert!(found.report["time"].as_f64().unwrap() > 1e9, "{asked}");
    assert!(asked["transport"].as_str().unwrap().starts_with("shm ("));
    assert!(asked["handshake_us"].is_u64() && asked["call_us"].is_u64());
    let text = run(place.command("doctor", &[]), b"");
    let run_dir = place.run_dir().display().to_string();
    let expected = format!(
        "ok: run directory {run_dir} (1 endpoint)\nok: {run_dir}/increment.sock, served by process {} of ",
        provider.pid()
    );
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        one_line(text.text()).starts_with(&one_line(&expected)),
        "{}",
        text.stdout
    );
    assert!(text.stdout.ends_with("no problem found\n"));
}

#[test]
fn a_stale_socket_and_an_orphaned_region_are_found_and_removed() {
    let place = TestDir::new();
    let provider = place.serve(&[INCREMENT]);
    let pid = provider.pid();
    provider.end(Signal::KILL);
    let mut header = [0; 8384];
    header[..4].copy_from_slice(&0x4e53_484d_u32.to_le_bytes());
    header[8..12].copy_from_slice(&pid.to_le_bytes());
    header[12] = 1;
    let region = place.write("run/increment-0000000000000007.ipcshm", header);
    let other = place.write("run/other.txt", "stays");
    let gone = format!("process {pid}, which made it, is gone");
    let found = doctor(&place, &[]);
    found.is(
        "stale_socket",
        3,
        &[
            "increment.sock",
            "nobody listens",
            "s ago",
            "start the provider",
        ],
    );
    found.has(
        "orphaned_region",
        &["increment-0000000000000007.ipcshm", &gone],
    );
    assert!(region.exists(), "nothing is removed unasked");
    let fixed = doctor(&place, &["--fix"]);
    assert_eq!(fixed.code, 0, "{}", fixed.text);
    assert_eq!(
        fixed.report["removed"].as_array().unwrap().len(),
        2,
        "{}",
        fixed.text
    );
    assert_eq!(place.left_behind(), ["other.txt"]);
    assert!(other.exists());
    doctor(&place, &[]).is_healthy();
}

#[test]
fn what_is_removed_is_listed_before() {
    let place = TestDir::new();
    make_private(&place);
    place.serve(&[INCREMENT]).end(Signal::KILL);
    let socket = place.run_dir().join("increment.sock");
    let mut unheard = place.command("doctor", &["--fix"]);
    unheard.stdout(fs::File::options().write(true).open("/dev/full").unwrap());
    let ended = run(unheard, b"");
    ended.failed(1, "failed", "cannot print");
    assert!(socket.exists(), "what cannot be listed is not removed");
    let fixed = run(place.command("doctor", &["--fix"]), b"");
    let said = fixed.text().replace('\n', " ");
    let at = |what: &str| said.find(&format!("{what}: {}", socket.display()));
    let order = [at("stale socket"), at("to remove"), at("removed")];
    assert!(order.is_sorted() && order[0].is_some(), "{said}");
    assert!(!socket.exists());
}

#[test]
fn what_is_in_use_is_not_removed() {
    let place = TestDir::new();
    let provider = place.serve(&[INCREMENT]);
    doctor(&place, &["--fix"]).is_healthy();
    assert_eq!(place.call(&["increment", "1"]).text(), "2\n");
    assert!(provider.stop().success());
}

#[test]
fn what_was_given_and_cannot_be_read_is_told() {
    let place = TestDir::new();
    let _provider = place.serve(&[INCREMENT]);
    let gone = place.path("gone").display().to_string();
    let token = format!("--auth-token-file={gone}");
    doctor(&place, &[&token]).is("token_invalid", 2, &[&gone, "cannot be read"]);
    let schema = format!("--schema={gone}");
    run(place.command("doctor", &[&schema]), b"").failed(2, "invalid", &gone);
}

#[test]
fn statistics_are_removed_with_what_they_are_of() {
    let place = TestDir::new();
    place.serve(&[INCREMENT, "--stats"]).end(Signal::KILL);
    let fixed = doctor(&place, &["increment", "--fix"]);
    assert_eq!(fixed.code, 0, "{}", fixed.text);
    assert_eq!(place.left_behind(), [""; 0]);
}

#[test]
fn something_else_at_the_name_is_no_provider() {
    let place = TestDir::new();
    place.write("run/increment.sock", "");
    doctor(&place, &[]).is("not_a_socket", 3, &["increment.sock", "no socket"]);
}

#[test]
fn a_socket_of_another_type_is_told_as_that() {
    let place = TestDir::new();
    make_private(&place);
    let path = place.run_dir().join("increment.sock");
    let _stream = std::os::unix::net::UnixListener::bind(path).unwrap();
    let this = format!("process {}", std::process::id());
    doctor(&place, &[]).is(
        "wrong_socket_type",
        5,
        &["increment.sock", "another type", "SOCK_SEQPACKET", &this],
    );
}

#[test]
fn misspelt_names_are_told_with_what_is_near() {
    let place = TestDir::new();
    let _provider = place.serve(&[INCREMENT]);
    let found = doctor(&place, &["incremnt"]);
    found.is(
        "service_missing",
        3,
        &[
            "nobody serves incremnt",
            "there is",
            "increment.sock",
            "correct the name",
        ],
    );
    let found = doctor(&place, &["apps-lookup"]);
    found.is(
        "service_missing",
        3,
        &["has increment", "start its provider"],
    );
    let wrong = place.path("rum");
    let args = ["doctor", "--json", "--run-dir", wrong.to_str().unwrap()];
    let ended = run(netipc(args), b"");
    assert_eq!(ended.code, Some(3), "{}", ended.stdout);
    let near = format!("there is {}", place.run_dir().display());
    assert!(
        ended.stdout.contains("run_dir_missing") && ended.stdout.contains(&near),
        "{}",
        ended.stdout
    );
}

#[test]
fn a_misspelt_directory_is_told_with_what_is_near_wherever_one_is() {
    let place = TestDir::new();
    let mut command = netipc(["doctor", "--run-dir", "rum"]);
    command.current_dir(place.path(""));
    let ended = run(command, b"");
    assert_eq!(ended.code, Some(3), "{}", ended.stdout);
    let near = "rum is not there\n  there is run\n";
    assert!(ended.stdout.contains(near), "{}", ended.stdout);
}

#[test]
fn a_service_that_is_elsewhere_is_pointed_to() {
    let (place, other) = (TestDir::new(), TestDir::new());
    let _provider = other.serve(&[INCREMENT]);
    let mut command = place.command("doctor", &["increment"]);
    command.env("NETIPC_RUN_DIR", other.run_dir());
    let ended = run(command, b"");
    assert_eq!(ended.code, Some(3));
    let there = other.run_dir().join("increment.sock").display().to_string();
    assert!(
        ended.stdout.replace('\n', " ").contains(&there),
        "{}",
        ended.stdout
    );
}

#[test]
fn names_and_paths_that_cannot_be() {
    let place = TestDir::new();
    doctor(&place, &["a/b"]).has("name_invalid", &["invalid service name"]);
    let long = place.path(&"x".repeat(90));
    fs::create_dir(&long).unwrap();
    let ended = run(
        netipc(["doctor", "--json", "--run-dir", long.to_str().unwrap()]),
        b"",
    );
    assert_eq!(ended.code, Some(2), "{}", ended.stdout);
    for part in ["path_too_long", "may have 107", "shorten the run directory"] {
        assert!(ended.stdout.contains(part), "{}", ended.stdout);
    }
    assert!(ended.stdout.contains("\"healthy\": []"), "{}", ended.stdout);
}

#[test]
fn a_run_directory_that_others_may_write_to() {
    let place = TestDir::new();
    let _provider = place.serve(&[INCREMENT]);
    fs::set_permissions(place.run_dir(), Permissions::from_mode(0o777)).unwrap();
    doctor(&place, &[]).is(
        "run_dir_writable_by_others",
        1,
        &["everybody may put sockets there", "chmod 0700"],
    );
    fs::set_permissions(place.run_dir(), Permissions::from_mode(0o770)).unwrap();
    doctor(&place, &[]).is("run_dir_writable_by_others", 1, &["its group may"]);
}

#[test]
fn a_run_directory_that_cannot_be_read_or_is_of_another_user() {
    if !others_can_run_it() {
        return;
    }
    let place = TestDir::new();
    open_to_readers(&place);
    make_private(&place);
    let found = doctor_as(&place, &[], Some(NOBODY));
    found.is(
        "run_dir_unreadable",
        1,
        &[
            "cannot be read",
            "Permission denied",
            "user 65534",
            "run as root",
        ],
    );
    open_to_readers(&place);
    chown(place.run_dir(), Some(12345), Some(12345)).unwrap();
    let found = doctor_as(&place, &[], Some(NOBODY));
    found.is(
        "run_dir_of_another_user",
        1,
        &["belongs to 12345", "user 65534", "run as 12345 or root"],
    );
}

#[test]
fn users_that_a_server_does_not_take() {
    if !others_can_run_it() {
        return;
    }
    let place = TestDir::new();
    let provider = place.serve(&[INCREMENT]);
    open_to_readers(&place);
    let found = doctor_as(&place, &[], Some(NOBODY));
    found.is(
        "permission_denied",
        4,
        &["no permission to connect", "mode 0600", "run as root\""],
    );
    // As deployed servers have it, whose sockets follow the umask.
    let socket = place.run_dir().join("increment.sock");
    fs::set_permissions(socket, Permissions::from_mode(0o666)).unwrap();
    let found = doctor_as(&place, &[], Some(NOBODY));
    found.is(
        "user_refused",
        4,
        &[
            "user 0, refused this process of user 65534",
            "run as root, or let",
            "let the server allow user 65534",
        ],
    );
    assert!(provider.stop().success());
}

/// A small file system of its own, which is gone with it.
struct Tmpfs<'p>(&'p Path);

impl<'p> Tmpfs<'p> {
    fn mount(at: &'p Path) -> Option<Self> {
        Self::mount_with(at, "size=64k,mode=0700")
    }

    fn mount_with(at: &'p Path, options: &str) -> Option<Self> {
        let mount = ["-t", "tmpfs", "-o", options, "netipc-test"];
        let done = Command::new("mount").args(mount).arg(at).output();
        let is_mounted = done.is_ok_and(|done| done.status.success());
        is_mounted.then_some(Self(at))
    }
}

impl Drop for Tmpfs<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[test]
fn a_full_file_system() {
    let place = TestDir::new();
    let run_dir = place.run_dir();
    let Some(_mounted) = Tmpfs::mount(&run_dir) else {
        println!("SKIPPED a full file system: none can be mounted here");
        return;
    };
    let provider = place.serve(&[INCREMENT]);
    // A ring needs no room there, and keeps nobody from it.
    let ring = doctor(&place, &["--profiles=baseline,shm"]);
    ring.is("file_system_full", 1, &["of 64K are free"]);
    assert!(
        !ring.report.to_string().contains("socket_instead_of_shm"),
        "{}",
        ring.text
    );
    let found = doctor(&place, &["--profiles=baseline,shm-hybrid"]);
    found.is(
        "file_system_full",
        1,
        &["of 64K are free", "regions of shared memory do not fit"],
    );
    found.has(
        "socket_instead_of_shm",
        &["could not make a region", "it takes baseline"],
    );
    assert!(provider.stop().success());
}

#[test]
fn a_file_system_without_inodes() {
    let place = TestDir::new();
    let run_dir = place.run_dir();
    let Some(_mounted) = Tmpfs::mount_with(&run_dir, "nr_inodes=4,mode=0700") else {
        println!("SKIPPED a file system without inodes: none can be mounted here");
        return;
    };
    let files = (0..8).map(|at| fs::write(run_dir.join(at.to_string()), ""));
    assert!(files.collect::<Vec<_>>().iter().any(Result::is_err));
    doctor(&place, &[]).is("file_system_full", 1, &["has no inode left", "more inodes"]);
}

#[test]
fn a_provider_that_is_not_configured_for_shared_memory() {
    let place = TestDir::new();
    make_private(&place);
    let _provider = place.serve(&[INCREMENT, "--profiles=baseline"]);
    doctor(&place, &["--profiles=baseline,shm"]).warns(
        "socket_instead_of_shm",
        &["it takes baseline", "let the server offer shared memory"],
    );
    let called = place.call(&["increment", "1"]);
    let why = "no shared memory: the server takes baseline, by its configuration";
    assert!(called.stderr.contains(why), "{}", called.stderr);
    let asked_for = place.call(&["increment", "1", "--profiles=baseline"]);
    assert!(
        !asked_for.stderr.contains("no shared memory"),
        "{}",
        asked_for.stderr
    );
}

#[test]
fn a_limit_of_the_provider_instead_of_shared_memory() {
    let place = TestDir::new();
    let mut command = Command::new("sh");
    command
        // Its stderr may be a file that is longer already.
        .args(["-c", "ulimit -f 8; exec \"$0\" \"$@\" 2>/dev/null"])
        .arg(env!("CARGO_BIN_EXE_netipc"))
        .args(["serve", INCREMENT, "--run-dir"])
        .arg(place.run_dir());
    let _provider = support::Provider::start(support::stoppable(support::piped(command)));
    for args in [&["--profiles=baseline,shm"][..], &[]] {
        let found = doctor(&place, args);
        found.warns(
            "socket_instead_of_shm",
            &["at most 4096 bytes (RLIMIT_FSIZE)"],
        );
    }
}

#[test]
fn a_bad_field_of_a_data_file_is_named() {
    let place = TestDir::new();
    let bad = r#"{"service": "cgroups-snapshot", "items": [{"name": "web", "path": 7}]}"#;
    let file = place.write("data.json", bad);
    let file = file.to_str().unwrap();
    let ended = run(netipc(["doctor", "--json", "--data", file]), b"");
    assert_eq!(ended.code, Some(2));
    for part in ["data_file_invalid", file, "items[0].path"] {
        assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
    }
    let good = r#"{"service": "cgroups-snapshot", "items": [{"name": "web", "path": "/web"}]}"#;
    fs::write(file, good).unwrap();
    let ended = run(netipc(["doctor", "--data", file]), b"");
    assert!(ended.text().contains("ok: data file"), "{}", ended.stdout);
}
