//! `decode`: captured bytes as messages, and every rule that they break.

mod support;

use netipc::wire::{ChunkHeader, Header, MethodCode};
use support::{Ended, netipc, run};

const REQUEST: &str =
    "4350494e 01002000 01000000 01000000 08000000 01000000 0700000000000000 2900000000000000";
const ANSWER: &str =
    "4350494e 01002000 02000000 01000000 08000000 01000000 0700000000000000 2a00000000000000";

fn decode(args: &[&str], input: &[u8]) -> Ended {
    run(netipc([&["decode"], args].concat()), input)
}

fn violated(args: &[&str], input: &[u8], parts: &[&str]) {
    let ended = decode(args, input);
    assert_eq!(ended.code, Some(7), "{}{}", ended.stdout, ended.stderr);
    let text = ended
        .stdout
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    for part in parts {
        assert!(text.contains(part), "{part}: {}", ended.stdout);
    }
}

#[test]
fn hexadecimal_digits_are_messages() {
    let input = format!("# a call\n{REQUEST}\n{ANSWER}\n");
    let ended = decode(&["--hex"], input.as_bytes());
    let expected = "#1 40 bytes: REQUEST increment, id 7\n  {\"value\":41}\n\
                    #2 40 bytes: RESPONSE increment, id 7, OK\n  {\"value\":42}\n";
    assert_eq!(ended.text(), expected);
    let json = decode(&["--hex", "--json"], input.as_bytes()).json();
    assert_eq!(json[1]["payload"][0]["value"], 42);
    assert_eq!(json[1]["packets"][0], 2);
    assert!(json[1]["time"].is_null() && json[1]["transport"].is_null());
}

#[test]
fn rules_that_are_broken_are_told_with_their_place() {
    let version = REQUEST.replace("01002000", "02002000");
    violated(
        &["--hex"],
        version.as_bytes(),
        &["VIOLATION packet 1 byte 4: ", "version"],
    );
    let long = format!("{REQUEST}00");
    violated(
        &["--hex"],
        long.as_bytes(),
        &["packet 1 byte 16: payload_len is 8, and 9 bytes follow"],
    );
    let kind = REQUEST.replace("01000000 01000000", "09000000 01000000");
    violated(&["--hex"], kind.as_bytes(), &["packet 1 byte 8: "]);
    violated(
        &["--hex"],
        b"43504948",
        &["packet 1 byte 4: header: truncated, expected 32 bytes, found 4"],
    );
    // A snapshot of no bytes at all.
    let empty = "4350494e 01002000 02000000 02000000 00000000 01000000 0700000000000000";
    violated(
        &["--hex"],
        empty.as_bytes(),
        &["RESPONSE cgroups-snapshot", "packet 1 byte 32: "],
    );
    // A HELLO of another layout; its token is not shown.
    let hello = format!(
        "4350494e 01002000 03000000 01000000 2c000000 01000000 0000000000000000 02000000 {}",
        "00".repeat(40)
    );
    violated(
        &["--hex"],
        hello.as_bytes(),
        &["layout 2, flags 0, padding 0: 1, 0 and 0 expected"],
    );
    decode(&["--hex"], b"xyz").failed(2, "invalid", "line 1 is not hexadecimal");
    decode(&["--strace"], b"nothing\n").failed(2, "invalid", "there are no packets in it");
    decode(&["/nothing/there"], b"").failed(2, "invalid", "/nothing/there");
}

/// A message of 100 bytes in packets of at most 64, as the contract's worked example has it.
fn chunked() -> Vec<Vec<u8>> {
    let payload: Vec<u8> = (0..100).collect();
    let header = Header {
        payload_len: 100,
        ..Header::request(MethodCode(0x7777), 0x0102_0304_0506_0708)
    };
    let mut parts = payload.chunks(32);
    let first = parts.next().unwrap_or_default();
    let mut packets = vec![[&header.encode()[..], first].concat()];
    for (part, index) in parts.zip(1_u8..) {
        let chunk = ChunkHeader {
            message_id: header.message_id,
            total_message_len: 132,
            chunk_index: index.into(),
            chunk_count: 4,
            chunk_payload_len: if index == 3 { 4 } else { 32 },
        };
        packets.push([&chunk.encode()[..], part].concat());
    }
    packets
}

#[test]
fn chunks_are_put_together() {
    let packets = chunked();
    let all = decode(&["-"], &packets.concat());
    let expected = "#1-4 228 bytes: REQUEST method 0x7777, id 72623859790382856\n  \
                    \"100 bytes of a method without a schema\"\n";
    assert_eq!(all.text(), expected);
    let hex = |packets: &[Vec<u8>]| {
        let line = |packet: &Vec<u8>| {
            packet
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
        };
        packets.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        decode(&["--hex"], hex(&packets).as_bytes()).text(),
        expected
    );
    violated(
        &["--hex"],
        hex(&packets[..3]).as_bytes(),
        &["has 96 of 100 payload bytes, and its next chunk does not follow"],
    );
    violated(
        &["--hex"],
        hex(&packets[1..]).as_bytes(),
        &["a chunk of no message that began before"],
    );
    let mut wrong = packets;
    wrong[2][20] = 3;
    violated(
        &["--hex"],
        hex(&wrong).as_bytes(),
        &["packet 3 byte 6: ", "chunk_index"],
    );
}

#[test]
fn a_payload_that_breaks_a_rule_is_told_with_the_byte_that_does() {
    // A snapshot of one item: its header, the directory, then name and path at 24 and 28 of the item.
    let place = support::TestDir::new();
    let data = r#"{"service": "cgroups-snapshot", "items": [{"name": "web", "path": "/web"}]}"#;
    let file = place.write("data.json", data);
    let provider = place.serve_data(&file, &[]);
    let mut answer = answer_of_a_snapshot(&place);
    assert!(provider.stop().success());
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    decode(&["--hex"], hex(&answer).as_bytes()).text();
    // The NUL behind the path is the last byte.
    let last = answer.len() - 1;
    answer[last] = 1;
    violated(
        &["--hex"],
        hex(&answer).as_bytes(),
        &[&format!("packet 1 byte {last}: ")],
    );
    // The same in three packets: it is in the last of them.
    let (header, payload) = answer.split_at(32);
    let mut parts = payload.chunks(payload.len().div_ceil(3));
    let mut packets = vec![[header, parts.next().unwrap_or_default()].concat()];
    let mut last = 0;
    for (part, index) in parts.zip(1..) {
        let chunk = ChunkHeader {
            message_id: 1,
            total_message_len: u32::try_from(answer.len()).unwrap_or_default(),
            chunk_index: index,
            chunk_count: 3,
            chunk_payload_len: u32::try_from(part.len()).unwrap_or_default(),
        };
        packets.push([&chunk.encode()[..], part].concat());
        last = 32 + part.len() - 1;
    }
    let lines: Vec<String> = packets.iter().map(|packet| hex(packet)).collect();
    violated(
        &["--hex"],
        lines.join("\n").as_bytes(),
        &["#1-3 ", &format!("packet 3 byte {last}: ")],
    );
}

/// What a server answers to a request for its snapshot, with the header.
fn answer_of_a_snapshot(place: &support::TestDir) -> Vec<u8> {
    use netipc::connection::Connection;
    use netipc::transport::{Endpoint, NativeTransport, Wait};

    let wait = Wait::timeout(std::time::Duration::from_secs(60));
    let config = netipc::ClientConfig {
        supported_profiles: 1,
        ..netipc::ClientConfig::default()
    };
    let asked = || -> Result<Vec<u8>, Box<dyn std::error::Error>> {
        let endpoint = Endpoint::new(place.run_dir(), "cgroups-snapshot")?;
        let transport = NativeTransport::default();
        let mut session = Connection::connect(&transport, &endpoint, config.proposal(), &wait)?;
        let request = Header::request(MethodCode(2), 1);
        session.send(request, &[1, 0, 0, 0], &wait)?;
        let header = session.receive(&wait)?;
        let payload = session.message().map(|message| message.payload().to_vec());
        Ok([&header.encode()[..], &payload.unwrap_or_default()].concat())
    };
    asked().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn descriptors_of_different_processes_are_different_connections() {
    let packets = chunked();
    let line = |pid: u32, packet: &[u8]| {
        let digits: String = packet.iter().map(|byte| format!("\\x{byte:02x}")).collect();
        let size = packet.len();
        format!("{pid} sendto(5, \"{digits}\", {size}, MSG_NOSIGNAL, NULL, 0) = {size}\n")
    };
    let turns = packets
        .iter()
        .flat_map(|packet| [line(7, packet), line(8, packet)]);
    let ended = decode(&["--strace"], turns.collect::<String>().as_bytes());
    let lines: Vec<&str> = ended.text().lines().step_by(2).collect();
    let what = "sent 228 bytes: REQUEST method 0x7777, id 72623859790382856";
    assert_eq!(
        lines,
        [
            format!("#1-7 pid 7 fd 5 {what}"),
            format!("#2-8 pid 8 fd 5 {what}")
        ]
    );
}

#[test]
fn capture_files_are_read() {
    let bytes: Vec<Vec<u8>> = [REQUEST, ANSWER]
        .map(|hex| {
            let digits: Vec<char> = hex.chars().filter(|c| !c.is_whitespace()).collect();
            let byte = |pair: &[char]| {
                let pair: String = pair.iter().collect();
                u8::from_str_radix(&pair, 16).unwrap_or_default()
            };
            digits.chunks(2).map(byte).collect()
        })
        .into();
    let mut capture = [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65535, 147]
        .map(u32::to_le_bytes)
        .concat();
    for packet in &bytes {
        let size = u32::try_from(packet.len()).unwrap_or_default();
        capture.extend([7, 250_000, size, size].map(u32::to_le_bytes).concat());
        capture.extend(packet);
    }
    let ended = decode(&["--pcap"], &capture);
    let expected = "#1 40 bytes: REQUEST increment, id 7\n  {\"value\":41}\n\
                    #2 40 bytes: RESPONSE increment, id 7, OK\n  {\"value\":42}\n";
    assert_eq!(ended.text(), expected);
    let json = decode(&["--pcap", "--json"], &capture).json();
    assert_eq!(json[1]["time"], 7.25);
    decode(&["--pcap"], &capture[..100]).failed(2, "invalid", "the capture is cut at byte 80");
    decode(&["--pcap"], b"xyzw").failed(2, "invalid", "no capture file");
}

/// What strace shows of a call, in a file; nothing where it cannot.
#[cfg(target_os = "linux")]
fn traced(place: &support::TestDir) -> Option<std::path::PathBuf> {
    let strace = |args: &[&str]| {
        let mut command = std::process::Command::new("strace");
        command.args(args);
        support::piped(command)
    };
    if strace(&["-V"]).output().is_err() {
        println!("SKIPPED what strace shows: there is none");
        return None;
    }
    let trace = place.path("trace");
    let mut command = strace(&[
        "-f",
        "-ttt",
        "-e",
        "trace=network",
        "-xx",
        "-s",
        "1000000",
        "-o",
    ]);
    command.arg(&trace).arg(env!("CARGO_BIN_EXE_netipc"));
    command.args([
        "call",
        "cgroups-snapshot",
        "--profiles=baseline",
        "--auth-token=48879",
        "--run-dir",
    ]);
    let traced = run(
        {
            command.arg(place.run_dir());
            command
        },
        b"",
    );
    if traced.code != Some(0) {
        println!(
            "SKIPPED what strace shows: it may not trace here: {}",
            traced.stderr
        );
        return None;
    }
    Some(trace)
}

#[cfg(target_os = "linux")]
#[test]
fn what_strace_shows_of_a_call_is_read() {
    let place = support::TestDir::new();
    let data = r#"{"service": "cgroups-snapshot", "items": [{"name": "web", "path": "/web"}]}"#;
    let file = place.write("data.json", data);
    let _provider = place.serve_data(&file, &["--auth-token=48879"]);
    let Some(trace) = traced(&place) else {
        return;
    };
    let ended = decode(&["--strace", trace.to_str().unwrap_or_default()], b"");
    let text = ended.text();
    for part in [
        "sent 76 bytes: CONTROL HELLO, OK",
        "\"has_token\":true",
        "received 80 bytes: CONTROL HELLO_ACK, OK",
        "\"selected\":\"baseline\"",
        "sent 36 bytes: REQUEST cgroups-snapshot, id 1",
        "RESPONSE cgroups-snapshot, id 1, OK",
        "\"path\":\"/web\"",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("48879"), "{text}");
    let file = trace.to_str().unwrap_or_default();
    let first = &decode(&["--strace", "--json", file], b"").json()[0];
    assert!(first["time"].as_f64().is_some_and(|time| time > 1e9));
    assert_eq!(first["transport"], "socket");
}
