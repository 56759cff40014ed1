//! `--netdata`, beside a process that stands for an agent's plugin.
#![cfg(target_os = "linux")]

mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use support::{Ended, Provider, TestDir, netipc, run, schema, stoppable};

/// An invocation id and its token, of the contract's table.
const ID: &str = "00112233-4455-6677-8899-aabbccddeeff";
const TOKEN: u64 = 0xc56c_de21_e711_bf96;
const OTHER_ID: &str = "7f3c1d2e9a4b4c5d8e6f0123456789ab";
const SNAPSHOT: &str = r#"{"service": "cgroups-snapshot", "generation": 7, "systemd_enabled": 1, "items": [
    {"hash": 1, "options": 0, "enabled": 1, "name": "web", "path": "/web"}]}"#;

/// The program with these variables of an agent, and no others.
fn program(args: &[&str], run_dir: &Path, variables: &[(&str, &str)]) -> Command {
    let mut command = netipc(args);
    for name in ["NETDATA_INVOCATION_ID", "INVOCATION_ID"] {
        command.env_remove(name);
    }
    command.env("NETDATA_RUN_DIR", run_dir);
    command.envs(variables.iter().copied());
    command
}

/// A plugin that an agent has started, or somebody else with `args`.
fn plugin(place: &TestDir, args: &[&str], variables: &[(&str, &str)]) -> Provider {
    let file = place.write("snapshot.json", SNAPSHOT);
    let mut command = program(&["serve", "--netdata"], &place.run_dir(), variables);
    command.arg("--data").arg(file).args(args);
    Provider::start(stoppable(command))
}

fn call(place: &TestDir, args: &[&str], variables: &[(&str, &str)]) -> Ended {
    let all = [&["call", "cgroups-snapshot", "--netdata"], args].concat();
    let ended = run(program(&all, &place.run_dir(), variables), b"");
    for secret in [TOKEN.to_string(), format!("{TOKEN:x}"), ID.to_owned()] {
        let said = format!("{}{}", ended.stdout, ended.stderr).to_lowercase();
        assert!(!said.contains(&secret), "{said}");
    }
    ended
}

// Rules A2, A3.
#[test]
fn an_agents_plugin_is_asked_without_its_token() {
    let place = TestDir::new();
    let provider = plugin(&place, &[], &[("NETDATA_INVOCATION_ID", ID)]);
    let schema = schema("cgroups-snapshot");
    for (args, variables) in [
        (&[][..], &[][..]),
        (&["--profiles=baseline"], &[]),
        (&["--json"], &[]),
        (&[&schema], &[]),
        (&[], &[("NETDATA_INVOCATION_ID", ID)]),
        (&[], &[("NETDATA_INVOCATION_ID", "")]),
        // As systemd sets it for every unit, and every session of a desktop.
        (&[], &[("INVOCATION_ID", OTHER_ID)]),
        (
            &["--auth-token=0xc56cde21e711bf96"],
            &[("NETDATA_INVOCATION_ID", OTHER_ID)],
        ),
    ] {
        let ended = call(&place, args, variables);
        assert!(ended.text().contains("/web"), "{args:?}, {variables:?}");
    }
    call(&place, &[], &[("NETDATA_INVOCATION_ID", OTHER_ID)]).failed(
        4,
        "auth failed",
        "the server refused the auth token",
    );
    call(&place, &[], &[("NETDATA_INVOCATION_ID", "none")]).failed(
        2,
        "invalid",
        "is no invocation id",
    );
    call(&place, &["--auth-token=1"], &[]).failed(4, "auth failed", "refused the auth token");
    assert!(provider.stop().success());
    call(&place, &[], &[]).failed(3, "not found", "cgroups-snapshot.sock");
}

// Rule A3.
#[test]
fn a_provider_that_no_agent_has_started_gives_no_token() {
    let place = TestDir::new();
    let token = format!("--auth-token={TOKEN}");
    let provider = plugin(&place, &[&token], &[]);
    let pid = format!(
        "process {} has neither NETDATA_INVOCATION_ID nor",
        provider.pid()
    );
    let ended = call(&place, &[], &[]);
    ended.failed(2, "invalid", &pid);
    for part in ["cgroups-snapshot.sock", "is set here", "pass the token"] {
        assert!(ended.stderr.contains(part), "{}", ended.stderr);
    }
    let ended = call(&place, &[], &[("INVOCATION_ID", ID)]);
    assert!(ended.text().contains("/web"));
    call(&place, &[], &[("INVOCATION_ID", OTHER_ID)]).failed(
        4,
        "auth failed",
        "the server refused the auth token",
    );
    call(&place, &[], &[("INVOCATION_ID", "none")]).failed(2, "invalid", "no invocation id");
}

// Rule A2.
#[test]
fn a_provider_makes_the_run_directory_and_leaves_it() {
    let place = TestDir::new();
    let run_dir = place.path("agent");
    let variables = [("INVOCATION_ID", ID)];
    let serve = ["serve", "--netdata", "--service=increment"];
    let provider = Provider::start(stoppable(program(&serve, &run_dir, &variables)));
    let mode = std::fs::metadata(&run_dir).unwrap().permissions().mode();
    assert_eq!(mode & 0o700, 0o700);
    let ask = ["call", "increment", "1", "--netdata"];
    assert_eq!(run(program(&ask, &run_dir, &[]), b"").text(), "2\n");
    assert!(provider.stop().success());
    assert_eq!(std::fs::read_dir(&run_dir).unwrap().count(), 0);
}

// Rule A3.
#[test]
fn a_provider_needs_the_agents_token() {
    let place = TestDir::new();
    let serve = ["serve", "--netdata", "--service=increment"];
    let ended = run(program(&serve, &place.run_dir(), &[]), b"");
    ended.failed(
        2,
        "invalid",
        "neither NETDATA_INVOCATION_ID nor INVOCATION_ID is set",
    );
}
