//! Services that the program knows by their schema alone, served and called by it.

mod support;

use serde_json::json;
use support::platform::{TRANSPORTS, endpoint};
use support::{TestDir, schema};

const NETWORKS: &str = r#"{
  "service": "ip-to-asn",
  "generation": 7,
  "items": [
    { "address": "192.0.2.7", "asn": 64500, "country": "NL", "organisation": "Example\u001b Networks" },
    { "address": "2001:db8::1", "asn": 64501 }
  ]
}"#;

const TRAFFIC: &str = r#"{
  "service": "pid-traffic",
  "items": [{ "pid": 7, "starttime": 99, "bytes_received": 10, "bytes_sent": 20, "connections": 1 }]
}"#;

#[test]
fn both_examples_are_served_and_called() {
    let place = TestDir::new();
    let (asn, traffic) = (schema("ip-to-asn"), schema("pid-traffic"));
    let networks = place.write("networks.json", NETWORKS);
    let traffics = place.write("traffic.json", TRAFFIC);
    let second = format!("--data={}", traffics.display());
    let _provider = place.serve_data(&networks, &[&asn, &traffic, &second]);
    for (profiles, carried) in &TRANSPORTS[..2] {
        let profiles = format!("--profiles={profiles}");
        let asked = [
            "ip-to-asn",
            "192.0.2.7",
            "198.51.100.1",
            "2001:db8::1",
            &asn,
            &profiles,
        ];
        let ended = place.call(&asked);
        assert_eq!(
            ended.text(),
            "ADDRESS       STATUS   ASN    COUNTRY  ORGANISATION\n\
             192.0.2.7     known    64500  NL       Example\\u{1b} Networks\n\
             198.51.100.1  unknown\n\
             2001:db8::1   known    64501\n"
        );
        let told = format!("3 items, generation 7, {carried}, ");
        assert!(ended.stderr.starts_with(&told), "{}", ended.stderr);
    }
    let ended = place.call(&["pid-traffic", "7,99", "7,1", &traffic, "--json"]);
    let unknown = json!({
        "status": "unknown", "pid": 7, "starttime": 1, "bytes_received": 0, "bytes_sent": 0,
        "packets_received": 0, "packets_sent": 0, "connections": 0,
    });
    let known = json!({
        "status": "known", "pid": 7, "starttime": 99, "bytes_received": 10, "bytes_sent": 20,
        "packets_received": 0, "packets_sent": 0, "connections": 1,
    });
    let reply = json!({ "service": "pid-traffic", "generation": 0, "items": [known, unknown] });
    let document: serde_json::Value = serde_json::from_str(&ended.document()).unwrap();
    assert_eq!(document, reply);
}

#[test]
fn what_is_printed_can_be_served_again() {
    let (place, other, asn) = (TestDir::new(), TestDir::new(), schema("ip-to-asn"));
    let networks = place.write("networks.json", NETWORKS);
    let first = place.serve_data(&networks, &[&asn]);
    let printed = place.call(&["ip-to-asn", "192.0.2.7", "--json", &asn]);
    drop(first);
    let again = other.write("again.json", printed.text());
    let _second = other.serve_data(&again, &[&asn]);
    let reprinted = other.call(&["ip-to-asn", "192.0.2.7", "--json", &asn]);
    assert_eq!(reprinted.document(), printed.document());
}

#[test]
fn a_number_that_means_not_set_is_left_blank() {
    let place = TestDir::new();
    let file = schema("ip-to-asn").replace("--schema=", "");
    let text = std::fs::read_to_string(file).unwrap();
    let unset = text.replace("type = \"u32\"", "type = \"u32\", unset = 77");
    assert_ne!(text, unset);
    let asn = format!("--schema={}", place.write("asn.toml", unset).display());
    let networks = place.write(
        "networks.json",
        r#"{"items": [{"address": "192.0.2.7", "country": "NL"}]}"#,
    );
    let _provider = place.serve_data(&networks, &[&asn]);
    let called = place.call(&["ip-to-asn", "192.0.2.7", "192.0.2.8", &asn]);
    let table = called.text();
    assert!(
        table.contains("NL") && table.contains("192.0.2.8  unknown"),
        "{table}"
    );
    assert!(!table.contains("77"), "{table}");
}

#[test]
fn keys_come_from_stdin_too() {
    let (place, asn) = (TestDir::new(), schema("ip-to-asn"));
    let networks = place.write("networks.json", NETWORKS);
    let _provider = place.serve_data(&networks, &[&asn]);
    let ended = place.call_with(&["ip-to-asn", "-", &asn], "192.0.2.7\n\n192.0.2.8\n");
    assert_eq!(ended.text().lines().count(), 3, "{}", ended.text());
}

#[test]
fn a_data_file_without_a_name_is_for_the_only_schema() {
    let (place, asn) = (TestDir::new(), schema("ip-to-asn"));
    let networks = place.write("networks.json", r#"{"items": []}"#);
    let _provider = place.serve_data(&networks, &[&asn]);
    let ended = place.call(&["ip-to-asn", "192.0.2.7", &asn]);
    assert!(
        ended.text().contains("192.0.2.7  unknown"),
        "{}",
        ended.text()
    );
}

#[test]
fn mistakes_are_told() {
    let (place, asn) = (TestDir::new(), schema("ip-to-asn"));
    let without = place.call(&["ip-to-asn", "192.0.2.7"]);
    without.failed(
        2,
        "invalid",
        "the program was built without ip-to-asn: give --schema FILE",
    );
    let nobody = place.call(&["ip-to-asn", "192.0.2.7", &asn]);
    nobody.failed(3, "not found", &endpoint(&place, "ip-to-asn"));
    let key = place.call(&["ip-to-asn", "192.0.2", &asn]);
    key.failed(
        2,
        "invalid",
        "address: an IPv4 or IPv6 address was expected, `192.0.2` found",
    );
    let none = place.call(&["ip-to-asn", &asn]);
    none.failed(2, "invalid", "give addresses, or - to read them from stdin");
    let part = place.call(&["pid-traffic", "7", &schema("pid-traffic")]);
    part.failed(2, "invalid", "7: a key is written pid,starttime");
    let data = place.write(
        "bad.json",
        r#"{"items": [{"address": "192.0.2.7", "country": "NLD"}]}"#,
    );
    let bad = format!("--data={}", data.display());
    let served = support::run(place.command("serve", &[&asn, &bad]), b"");
    served.failed(
        2,
        "invalid",
        "bad.json: items[0] cannot be served: country: no char[2]",
    );
    let served = support::run(place.command("serve", &[&asn]), b"");
    served.failed(2, "invalid", "there is nothing to serve ip-to-asn from");
    assert!(place.left_behind().is_empty(), "{:?}", place.left_behind());
}
