//! How `serve` starts and ends.

mod support;

use std::process::Stdio;

use netipc::service::increment::IncrementClient;
use netipc::{ClientConfig, ClientState};
use support::platform::{TRANSPORTS, endpoint};
use support::{Provider, TestDir, run};

const INCREMENT: &str = "--service=increment";

#[test]
fn the_end_of_stdin_stops_it_where_it_is_wanted() {
    let place = TestDir::new();
    let mut provider = place.serve(&[INCREMENT]);
    provider.say("this is no end\n");
    let mut client = place.increment_client(ClientConfig::default());
    assert_eq!(client.call(&1).unwrap(), 2);
    assert!(provider.stop().success());
    assert_eq!(place.left_behind(), [""; 0]);
    client.refresh();
    assert_eq!(
        client.state(),
        ClientState::NotFound,
        "{:?}",
        client.status()
    );
}

// Rule W16.
#[test]
fn clients_that_hint_at_little_are_granted_what_an_unconfigured_server_grants() {
    for (args, granted) in [(&[][..], 65_536), (&["--max-response=4096"], 1024)] {
        let place = TestDir::new();
        let _provider = place.serve(&[&[INCREMENT], args].concat());
        let config = ClientConfig {
            max_response_payload_bytes: 1024,
            ..ClientConfig::default()
        };
        let mut client = IncrementClient::new(place.run_dir(), "increment", config);
        let session = (0..30).find_map(|_| {
            client.refresh();
            client.session()
        });
        let bytes = session.unwrap().limits.response.payload_bytes;
        assert_eq!(bytes, granted, "{args:?}");
    }
}

#[test]
fn a_stdin_that_has_ended_is_nobodys_business() {
    for (profiles, carried) in TRANSPORTS {
        let place = TestDir::new();
        let profiles = format!("--profiles={profiles}");
        let _provider = Provider::start(place.command("serve", &[INCREMENT, &profiles]));
        let ended = place.call(&["increment", "1", &profiles]);
        assert_eq!(ended.text(), "2\n");
        assert!(ended.stderr.contains(carried), "{}", ended.stderr);
    }
}

#[test]
fn an_endpoint_has_one_owner() {
    let place = TestDir::new();
    let first = place.serve(&[INCREMENT]);
    // The second owner would have had another endpoint too, and gives it back.
    let second = place.command("serve", &["--service=increment,string-reverse", "--wait=0"]);
    let in_use = format!(
        "{} is in use by another server",
        endpoint(&place, "increment")
    );
    run(second, b"").failed(10, "address in use", &in_use);
    assert_eq!(place.call(&["increment", "1"]).text(), "2\n");
    let absent = place.call(&["string-reverse", "abc"]);
    absent.failed(3, "not found", &endpoint(&place, "string-reverse"));
    assert!(first.stop().success());
    assert_eq!(place.left_behind(), [""; 0]);
}

#[test]
fn a_killed_owner_leaves_the_endpoint_to_the_next_one() {
    let place = TestDir::new();
    drop(place.serve(&[INCREMENT]));
    let next = place.serve(&[INCREMENT]);
    assert_eq!(place.call(&["increment", "1"]).text(), "2\n");
    assert!(next.stop().success());
    assert_eq!(place.left_behind(), [""; 0]);
}

#[test]
fn nobody_has_to_listen() {
    let place = TestDir::new();
    let _provider = place.serve(&[INCREMENT]);
    for (key, code) in [("1", 0), ("x", 2)] {
        let mut command = place.command("call", &["increment", key]);
        let closed = || {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            Stdio::from(writer)
        };
        command.stdout(closed()).stderr(closed());
        assert_eq!(run(command, b"").code, Some(code), "{key}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let place = TestDir::new();
    let items: Vec<String> = (0..5000).map(|n| format!(r#"{{"name": "{n}"}}"#)).collect();
    let data = format!(r#"{{"items": [{}]}}"#, items.join(","));
    let data = place.write("data.json", data);
    let _provider = place.serve_data(&data, &["--service=cgroups-snapshot"]);
    for json in [&[][..], &["--json"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = place.command("call", &[&["cgroups-snapshot"], json].concat());
        command.stdout(Stdio::from(writer));
        let ended = run(command, b"");
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    }
}
