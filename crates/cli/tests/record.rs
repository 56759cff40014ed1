//! `record`, and `serve --replay` of what it wrote.

mod support;

use std::io::{BufRead, BufReader};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{TestDir, run};

const DATA: &str = r#"{"service": "cgroups-snapshot", "generation": 7, "items": [{"name": "web", "path": "/web"}]}"#;

fn lines(text: &str) -> Vec<Value> {
    let lines = text.lines().map(serde_json::from_str);
    lines
        .collect::<Result<_, _>>()
        .unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn what_was_recorded_is_served_again() {
    let place = TestDir::new();
    let file = place.write("data.json", DATA);
    let provider = place.serve_data(&file, &[]);
    let recording = place.path("recording.jsonl");
    let output = recording.display().to_string();
    let args = [
        "cgroups-snapshot",
        "--count=3",
        "--interval=0.01",
        "-o",
        &output,
    ];
    let ended = run(place.command("record", &args), b"");
    assert_eq!(ended.text(), "");
    assert!(
        ended.stderr.contains("asked 3 times, 1 answers"),
        "{}",
        ended.stderr
    );
    let called = place.call(&["cgroups-snapshot", "--json"]).document();
    assert!(provider.stop().success());
    let text = std::fs::read_to_string(&recording).unwrap_or_default();
    let written = lines(&text);
    assert_eq!(written.len(), 2, "the same answer is written once: {text}");
    assert_eq!(written[0]["service"], "cgroups-snapshot");
    assert!(
        written[0]["began"]
            .as_f64()
            .is_some_and(|began| began > 1e9)
    );
    assert!(written[1]["took_us"].as_u64().is_some() && written[1]["transport"].is_string());
    assert_eq!(written[1]["reply"]["generation"], 7);
    let provider = place.serve(&["--replay", &output]);
    assert_eq!(
        place.call(&["cgroups-snapshot", "--json"]).document(),
        called
    );
    assert!(provider.stop().success());
    assert_eq!(place.left_behind(), [""; 0]);
}

#[test]
fn answers_change_at_the_times_at_which_they_did() {
    let place = TestDir::new();
    let reply = |path: &str| {
        format!(
            r#"{{"service": "cgroups-lookup", "generation": 1, "items": [{{"path": "{path}", "status": "known", "name": "x"}}]}}"#
        )
    };
    let recording = format!(
        "{}\n{}\n{}\n",
        r#"{"service": "cgroups-lookup", "began": 1.5}"#,
        format_args!(r#"{{"at_seconds": 0.0, "reply": {}}}"#, reply("/a")),
        format_args!(r#"{{"at_seconds": 0.2, "error": "not found: nobody"}}"#),
    );
    let recording = format!(
        "{recording}{}\n",
        format_args!(r#"{{"at_seconds": 0.5, "reply": {}}}"#, reply("/b"))
    );
    let file = place
        .write("recording.jsonl", recording)
        .display()
        .to_string();
    let _provider = place.serve(&["--replay", &file]);
    let until = Instant::now() + Duration::from_secs(60);
    let known = || {
        let found = place.call(&["cgroups-lookup", "/b", "--json"]);
        let reply: Value = serde_json::from_str(&found.stdout).unwrap_or_default();
        reply["items"][0]["status"] == "known"
    };
    while !known() {
        assert!(Instant::now() < until, "the second answer never came");
    }
    let first = place.call(&["cgroups-lookup", "/a", "--json"]).json();
    assert_eq!(first["items"][0]["status"], "unknown-permanent");
}

#[test]
fn failures_are_recorded_until_somebody_answers() {
    let place = TestDir::new();
    let mut command = place.command("record", &["increment", "41", "-o", "-", "--interval=0.01"]);
    let mut recorder = command.spawn().unwrap_or_else(|error| panic!("{error}"));
    let output = recorder
        .stdout
        .take()
        .unwrap_or_else(|| panic!("it is piped"));
    let mut lines = BufReader::new(output).lines();
    let mut next = || -> Value {
        let line = lines.next().and_then(Result::ok).unwrap_or_default();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    };
    assert_eq!(next()["service"], "increment");
    assert!(
        next()["error"]
            .as_str()
            .is_some_and(|why| why.starts_with("not found: "))
    );
    let _provider = place.serve(&["--service=increment"]);
    assert_eq!(next()["reply"]["reply"], 42);
    let _ = recorder.kill();
    let _ = recorder.wait();
}

#[test]
fn what_is_no_recording_is_told() {
    let place = TestDir::new();
    let replay = |content: &str| {
        let file = place
            .write("recording.jsonl", content)
            .display()
            .to_string();
        run(place.command("serve", &["--replay", &file]), b"")
    };
    let began = r#"{"service": "increment", "began": 1}"#;
    for (content, part) in [
        ("", "it is empty"),
        ("{}\n", "line 1: missing field `service`"),
        (
            r#"{"service": "nothing", "began": 1}"#,
            "built without nothing",
        ),
        (began, "nothing was heard"),
        (
            &format!("{began}\n{{\"at_seconds\": -1}}"),
            "line 2: at_seconds",
        ),
        (
            &format!("{began}\n{{\"at_seconds\": 0, \"reply\": {{\"reply\": 1}}}}"),
            "line 2: ",
        ),
    ] {
        replay(content).failed(2, "invalid", part);
    }
    let ended = run(place.command("serve", &["--replay", "/nothing/there"]), b"");
    ended.failed(2, "invalid", "/nothing/there");
}
