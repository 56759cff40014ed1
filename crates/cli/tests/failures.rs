//! What goes wrong is told in one sentence, and by the exit code.

mod support;

use netipc::transport::link::BindOptions;
use netipc::transport::{Endpoint, Transport};
use netipc::{ClientConfig, protocol::PROFILE_BASELINE};
use support::platform::endpoint;
use support::{TestDir, netipc, run};

const INCREMENT: &str = "--service=increment";

#[test]
fn an_absent_provider_is_not_found() {
    let place = TestDir::new();
    for service in ["cgroups-snapshot", "increment"] {
        let keys: &[&str] = if service == "increment" { &["1"] } else { &[] };
        let part = endpoint(&place, service);
        place
            .call(&[&[service], keys].concat())
            .failed(3, "not found", &part);
    }
}

#[test]
fn a_wrong_token_fails_over_every_transport() {
    let place = TestDir::new();
    let _provider = place.serve(&[INCREMENT, "--auth-token=0xfeed"]);
    for profiles in ["--profiles=baseline", "--profiles=baseline,shm"] {
        for token in [&["--auth-token=1"][..], &[]] {
            let ended = place.call(&[&["increment", "1", profiles], token].concat());
            ended.failed(4, "auth failed", "the server refused the auth token");
        }
        let right = ["increment", "1", profiles, "--auth-token=65261"];
        assert_eq!(place.call(&right).text(), "2\n");
    }
}

#[test]
fn tokens_come_from_the_argument_the_file_or_the_environment() {
    let place = TestDir::new();
    let right = place.write("right", "0x2a\n");
    let wrong = place.write("wrong", "43\n");
    let mut command = place.command("serve", &[INCREMENT]);
    command.env("NETIPC_AUTH_TOKEN", "42");
    let _provider = support::Provider::start(command);
    let call = |args: &[&str], variable: Option<&str>| {
        let mut command = place.command("call", &[&["increment", "1"], args].concat());
        command.envs(variable.map(|value| ("NETIPC_AUTH_TOKEN", value)));
        run(command, b"")
    };
    let file = |path: &std::path::Path| format!("--auth-token-file={}", path.display());
    assert_eq!(call(&[], Some("0x2A")).text(), "2\n");
    assert_eq!(call(&[&file(&right)], Some("43")).text(), "2\n");
    assert_eq!(call(&["--auth-token=42"], Some("43")).text(), "2\n");
    call(&[&file(&wrong)], Some("42")).failed(4, "auth failed", &endpoint(&place, "increment"));
    for bad in ["secret", "", "\u{fffd}"] {
        let ended = call(&[], Some(bad));
        ended.failed(2, "invalid", "NETIPC_AUTH_TOKEN is not");
        assert!(!ended.stderr.contains("secret"));
    }
    let missing = place.path("missing");
    let ended = call(&[&file(&missing)], None);
    ended.failed(2, "invalid", "missing cannot be read: ");
    assert!(ended.stderr.contains("(os error 2)"), "{}", ended.stderr);
    assert_eq!(
        call(&[&file(&right), "--auth-token=42"], None).code,
        Some(2)
    );
}

#[test]
fn no_profile_in_common_is_incompatible() {
    let place = TestDir::new();
    let _provider = place.serve(&[INCREMENT, "--profiles=baseline"]);
    let ended = place.call(&["increment", "1", "--profiles=shm"]);
    ended.failed(5, "incompatible", "no transport profile in common");
}

#[test]
fn a_server_that_never_answers_times_out() {
    let place = TestDir::new();
    let own = Endpoint::new(place.run_dir(), "increment").unwrap();
    let transport = netipc::transport::native();
    let _listener = transport.bind(&own, &BindOptions::default()).unwrap();
    let ended = place.call(&["increment", "1", "--timeout=100"]);
    ended.failed(6, "timeout", &endpoint(&place, "increment"));
}

#[test]
fn a_full_server_says_so() {
    let place = TestDir::new();
    let _provider = place.serve(&[INCREMENT, "--workers=1"]);
    let config = ClientConfig {
        supported_profiles: PROFILE_BASELINE,
        ..ClientConfig::default()
    };
    let mut busy = place.increment_client(config);
    assert_eq!(busy.call(&1).unwrap(), 2);
    let ended = place.call(&["increment", "1"]);
    ended.failed(
        8,
        "no session",
        "turned the session down with INTERNAL_ERROR",
    );
    busy.close();
    assert_eq!(place.call(&["increment", "1"]).text(), "2\n");
}

#[test]
fn a_request_above_all_limits_is_too_large() {
    let place = TestDir::new();
    let _provider = place.serve(&["--service=string-reverse"]);
    let text = |bytes: usize| "x".repeat(bytes) + "\n";
    let reply = place.call_with(&["string-reverse", "-"], &text(1 << 19));
    assert_eq!(reply.text(), text(1 << 19));
    let ended = place.call_with(&["string-reverse", "-"], &text(2 << 20));
    ended.failed(9, "too large", "exceed the limit of");
}

#[test]
fn keys_that_cannot_be_are_refused_before_anything_is_asked() {
    let place = TestDir::new();
    for (args, part) in [
        (
            &["apps-lookup", "1", "x"][..],
            "pid: a number was expected, `x` found",
        ),
        (&["apps-lookup"], "give pids, or - to read them from stdin"),
        (
            &["cgroups-lookup"],
            "give paths, or - to read them from stdin",
        ),
        (&["cgroups-snapshot", "x"], "cgroups-snapshot takes no keys"),
        (&["increment"], "give value, not 0 arguments"),
        (&["increment", "1", "2"], "give value, not 2 arguments"),
        (&["string-reverse", "a", "b"], "give text, not 2 arguments"),
    ] {
        place.call(args).failed(2, "invalid", part);
    }
    for args in [
        &["increment", "1", "--timeout=0"][..],
        &["nothing"],
        &["increment", "1", "--profiles=pigeon"],
    ] {
        assert_eq!(place.call(args).code, Some(2), "{args:?}");
    }
}

#[test]
fn help_tells_the_exit_codes_and_version_the_version() {
    let help = run(netipc(["call", "--help"]), b"");
    for row in ["0  done", "3  not found:", "4  auth failed:", "6  timeout:"] {
        assert!(help.text().contains(row), "{row}");
    }
    assert!(
        run(netipc(["call", "-h"]), b"")
            .text()
            .contains("3  not found:")
    );
    let version = run(netipc(["--version"]), b"");
    assert_eq!(
        version.text(),
        concat!("netipc ", env!("CARGO_PKG_VERSION"), "\n")
    );
}
