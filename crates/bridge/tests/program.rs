//! The program as it is run: the walk of docs/bridge.md, and what it says to those who hold it wrong.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;
mod programs;

use std::net::UdpSocket;
use std::process::Command;

use common::{ASKER, HOST, TOKEN, until};
use netipc::service::cgroups_snapshot::CgroupsSnapshot;
use netipc::{Client, Server, ServerConfig};
use netipc_conformance::service::{Running, connected, data};
use programs::{Place, Program, command};

#[test]
fn the_walk_leads_to_an_answer() {
    let place = Place::new();
    let config = ServerConfig {
        auth_token: TOKEN,
        ..ServerConfig::default()
    };
    let handler = data::snapshot(30, 40);
    // The bridge makes the directories: a provider may come later.
    let export = place.export(&["--service", "cgroups-snapshot", "--allow", ASKER]);
    let server = Server::with_workers(&place.far, "cgroups-snapshot", config, handler, 4);
    let _server = Running::start(server);
    let import = place.import(&["--service", "cgroups-snapshot", "--as", "{service}"]);
    let status = |args: &[&str]| {
        let dir = place.near.to_str().unwrap();
        Program::run(&[&["status", "--run-dir", dir], args].concat())
    };
    until("the host", || {
        status(&[]).stdout.contains(": up").then_some(())
    });
    let config = netipc::ClientConfig {
        auth_token: TOKEN,
        ..netipc::ClientConfig::default()
    };
    let mut asker = Client::<CgroupsSnapshot>::new(&place.near, "cgroups-snapshot", config);
    asker.refresh();
    let mut asker = connected_now(asker);
    assert_eq!(asker.call(&Default::default()).unwrap().item_count, 30);
    let json: serde_json::Value = serde_json::from_str(&status(&["--json"]).stdout).unwrap();
    assert_eq!(json[0]["peers"][0]["answered"], 1);
    assert_eq!(json[0]["name"], ASKER);
    let metrics = status(&["--prometheus"]).stdout;
    assert!(
        metrics.contains("netipc_bridge_up{role=\"import\",name=\"viewer\",host=\"web-1\""),
        "{metrics}"
    );

    assert_eq!(export.stop(), 0);
    until("its end", || {
        status(&[]).stdout.contains(": absent").then_some(())
    });
    assert_eq!(import.stop(), 0);
    assert_eq!(
        std::fs::read_dir(&place.near).unwrap().count(),
        0,
        "nothing is left"
    );
}

/// A client that may have been refreshed already.
fn connected_now(mut client: Client<CgroupsSnapshot>) -> Client<CgroupsSnapshot> {
    if client.ready() {
        return client;
    }
    client.close();
    connected(client)
}

/// An importer that meets its host at a router, which is at one of `places`.
fn import_by_router(place: &Place, places: &[&str]) -> Command {
    let mut import = command(None);
    import.arg("import").arg("--run-dir").arg(&place.near);
    import.args(["--name", ASKER, "--host", HOST, "--service", "s"]);
    import.args(["--via", "router"]);
    for place in places {
        import.args(["--connect", place]);
    }
    place.with_certificates(&mut import, ASKER);
    import
}

/// A place where nobody answers, and whose first packet is waited for.
fn silence() -> (String, UdpSocket) {
    let endpoint = common::free_place("quic");
    let socket = UdpSocket::bind(endpoint.split('/').nth(1).unwrap()).unwrap();
    socket.set_read_timeout(Some(common::PATIENCE)).unwrap();
    (endpoint, socket)
}

#[test]
fn a_router_that_is_down_keeps_nobody_from_the_next_one() {
    let place = Place::new();
    let (silent, _socket) = silence();
    let mut router = command(None);
    router.args(["router", "--host", HOST, "--asker", ASKER]);
    router.args(["--listen", &place.endpoint]);
    place.with_certificates(&mut router, "router");
    let router = Program::start(router);
    let import = Program::start(import_by_router(&place, &[&silent, &place.endpoint]));
    assert_eq!((import.stop(), router.stop()), (0, 0));
}

#[test]
fn who_reaches_no_router_ends_when_asked_to() {
    let place = Place::new();
    let (silent, socket) = silence();
    let import = Program::spawn(import_by_router(&place, &[&silent]));
    socket.recv(&mut [0; 2000]).unwrap();
    assert_eq!(import.stop(), 0);
}

#[test]
fn mistakes_are_told_with_what_to_write() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().to_str().unwrap();
    let export = ["export", "--run-dir", dir, "--service", "s", "--host", HOST];
    let import = [
        "import",
        "--run-dir",
        dir,
        "--service",
        "s",
        "--name",
        ASKER,
    ];
    for (args, said) in [
        ([&export[..], &["--plain"]].concat(), "--allow NAME"),
        ([&export[..], &["--allow", ASKER]].concat(), "--tls-ca"),
        (
            [
                &export[..],
                &["--allow", ASKER, "--listen", "tcp/127.0.0.1:1"],
            ]
            .concat(),
            "use quic/",
        ),
        (
            [&import[..], &["--host", "a/b"]].concat(),
            "no name of a host",
        ),
        ([&import[..], &["--host", "*"]].concat(), "--allow NAME"),
        (
            [&import[..], &["--host", "web.example"]].concat(),
            "public authorities",
        ),
        (
            [&import[..], &["--host", "web", "--via", "r.example"]].concat(),
            "public authorities",
        ),
        (
            [&export[..], &["--allow", "viewer.example"]].concat(),
            "public authorities",
        ),
        (
            [&export[..], &["--allow", ASKER, "--service", "s"]].concat(),
            "twice",
        ),
        (
            [&import[..], &["--host", "a", "--host", "b", "--as", "x"]].concat(),
            "into --as",
        ),
        (
            [&import[..], &["--host", "a", "--as", "s@a"]].concat(),
            "no name of a local endpoint",
        ),
    ] {
        is_told(&args, said);
    }
    let ended = Program::run(&["status", "--run-dir", dir]);
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    assert!(ended.stdout.contains("no bridge runs"), "{}", ended.stdout);
}

/// Holds that these arguments are a mistake, and what is said of it.
fn is_told(args: &[&str], said: &str) {
    let ended = Program::run(args);
    assert_eq!(ended.status, 2, "{args:?}: {}", ended.stderr);
    assert!(ended.stderr.contains(said), "{args:?}: {}", ended.stderr);
}

#[test]
fn places_that_are_none_and_sizes_that_cannot_be_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let empty = dir.path().join("zenoh.json5").display().to_string();
    std::fs::write(&empty, "{}").unwrap();
    let dir = dir.path().to_str().unwrap();
    let of = |command| [command, "--run-dir", dir, "--service", "s", "--plain"];
    let export = [&of("export")[..], &["--host", HOST, "--allow", ASKER]].concat();
    let import = [&of("import")[..], &["--host", HOST, "--name", ASKER]].concat();
    let nowhere = "no other host can be reached";
    for (args, more, said) in [
        (&export, &[][..], nowhere),
        (&import, &["--config", &empty], nowhere),
        (&export, &["--answer-bytes", "16777217"], "16777216"),
        (&export, &["--request-bytes", "0"], "1.."),
        (&import, &["--request-bytes", "0"], "1.."),
    ] {
        is_told(&[&args[..], more].concat(), said);
    }
}

const UNIT: &str = include_str!("../../../dist/netipc-bridge@.service");

#[test]
fn systemd_has_nothing_against_the_unit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("netipc-bridge@.service");
    let program = env!("CARGO_BIN_EXE_netipc-bridge");
    std::fs::write(&path, UNIT.replace("/usr/bin/netipc-bridge", program)).unwrap();
    let mut command = Command::new("systemd-analyze");
    command
        .args(["verify", "--man=no"])
        .arg(dir.path().join("netipc-bridge@export.service"));
    let Ok(said) = command.output() else {
        common::skipped("what systemd says of the bridge's unit: there is no systemd-analyze");
        return;
    };
    let text = String::from_utf8_lossy(&said.stderr);
    // It may have something against other units of this machine.
    let ours: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("netipc-bridge"))
        .collect();
    assert!(ours.is_empty(), "{text}");
}

#[test]
fn whichever_unit_stops_the_run_directory_stays() {
    let lines = |unit: &'static str| {
        let lines = unit
            .lines()
            .filter(|line| line.starts_with("RuntimeDirectory"));
        lines.collect::<Vec<_>>()
    };
    let wanted = [
        "RuntimeDirectory=netipc",
        "RuntimeDirectoryMode=0700",
        "RuntimeDirectoryPreserve=yes",
    ];
    assert_eq!(lines(UNIT), wanted);
    let provider = include_str!("../../../dist/netipc.service");
    assert_eq!(lines(provider), wanted);
}

#[test]
fn the_unit_starts_commands_that_there_are() {
    assert!(UNIT.contains("\nExecStart=/usr/bin/netipc-bridge %i $OPTIONS\n"));
    for command in ["export", "import"] {
        let told = Program::run(&[command, "--help"]);
        assert_eq!(told.status, 0, "{}", told.stderr);
    }
}
