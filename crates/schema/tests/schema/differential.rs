//! The Rust codec and the Python one, both from the same schema, say the same of random and spoilt
//! messages: of every service, and of services that were drawn.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;

use netipc_schema::codec::{Message, Value, Way};
use netipc_schema::document::Style;
use netipc_schema::json::Json;
use netipc_schema::random::{Random, spoil};
use netipc_schema::{Schema, load};

use crate::common::{NAMES, crate_dir, hex, service_file, text, verdict};
use crate::random_schema::random_schema;

/// What Python is asked, and what it has to say.
struct Case {
    asked: Json,
    wanted: Json,
    bytes: Vec<u8>,
}

#[test]
fn python_says_the_same_of_every_service() {
    let mut cases = Vec::new();
    for (seed, name) in (1..).zip(NAMES) {
        let file = service_file(name);
        let schema = load(&file).unwrap();
        cases.extend(cases_of(&schema, &file, &mut Random::new(seed), 120));
    }
    let verdicts = compare(cases);
    let all = "Truncated BadLayout OutOfBounds MissingNul BadAlignment accepted";
    for verdict in all.split(' ') {
        assert!(verdicts.contains(verdict), "no {verdict} in {verdicts:?}");
    }
}

#[test]
fn python_says_the_same_of_services_that_were_drawn() {
    let dir = tempfile::tempdir().unwrap();
    let mut cases = Vec::new();
    for seed in 0..150 {
        let mut random = Random::new(seed);
        let text = random_schema(&mut random);
        let file = dir.path().join(format!("{seed}.toml"));
        fs::write(&file, &text).unwrap();
        let schema = load(&file).unwrap_or_else(|error| panic!("{error}\n{text}"));
        cases.extend(cases_of(&schema, &file, &mut random, 4));
    }
    compare(cases);
}

/// Messages of the schema, whole and spoilt, both ways.
fn cases_of(schema: &Schema, file: &Path, random: &mut Random, rounds: usize) -> Vec<Case> {
    let mut cases = Vec::new();
    for _ in 0..rounds {
        for way in [Way::Request, Way::Response] {
            let message = schema.random_message(way, random);
            let bytes = schema.encode(way, &message).unwrap();
            assert_eq!(
                schema.decode(way, &bytes).unwrap(),
                message,
                "{}",
                schema.name
            );
            cases.push(encoding(schema, file, way, &message));
            cases.push(decoding(schema, file, way, bytes.clone()));
            for _ in 0..4 {
                cases.push(decoding(schema, file, way, spoil(&bytes, random)));
            }
        }
    }
    cases
}

fn encoding(schema: &Schema, file: &Path, way: Way, message: &Message) -> Case {
    let bytes = schema.encode(way, message).unwrap();
    let doc = schema.to_json(way, &wide(message), Style::Numbers);
    Case {
        asked: line(file, way, "doc", doc),
        wanted: object([
            ("verdict", "accepted".into()),
            ("hex", Json::Text(hex(&bytes))),
        ]),
        bytes,
    }
}

fn decoding(schema: &Schema, file: &Path, way: Way, bytes: Vec<u8>) -> Case {
    let read = schema.decode(way, &bytes);
    let said = Json::from(&*verdict(&read));
    let wanted = match read {
        Ok(message) => {
            let again = schema.encode(way, &message);
            let again = match &again {
                Ok(bytes) => hex(bytes),
                Err(_) => verdict(&again),
            };
            let doc = schema.to_json(way, &wide(&message), Style::Numbers);
            object([
                ("verdict", said),
                ("doc", sorted(doc)),
                ("again", Json::Text(again)),
            ])
        }
        Err(_) => object([("verdict", said)]),
    };
    Case {
        asked: line(file, way, "hex", Json::Text(hex(&bytes))),
        wanted,
        bytes,
    }
}

fn line(file: &Path, way: Way, word: &'static str, what: Json) -> Json {
    let file = Json::from(file.to_str().unwrap());
    object([
        ("schema", file),
        ("way", Json::from(&*way.to_string())),
        (word, what),
    ])
}

fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Object(members.map(|(name, json)| (name.to_owned(), json)).into())
}

/// Each byte of a text as one character.
fn wide(message: &Message) -> Message {
    let widen = |bytes: &[u8]| -> Vec<u8> {
        let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
        text.into_bytes()
    };
    let value = |value: &Value| match value {
        Value::Text(text) => Value::Text(widen(text)),
        Value::Labels(labels) => {
            let labels = labels.iter().map(|(key, value)| (widen(key), widen(value)));
            Value::Labels(labels.collect())
        }
        other => other.clone(),
    };
    let record = |values: &Vec<Value>| values.iter().map(value).collect::<Vec<_>>();
    Message {
        head: record(&message.head),
        items: message.items.iter().map(record).collect(),
    }
}

/// Asks Python all of it at once; the verdicts that came up.
fn compare(cases: Vec<Case>) -> BTreeSet<String> {
    let mut python = Python::start();
    let asked: Vec<String> = cases
        .iter()
        .map(|case| serde_json::to_string(&case.asked).unwrap() + "\n")
        .collect();
    let mut input = python.child.stdin.take().unwrap();
    let writer = thread::spawn(move || {
        for line in asked {
            input.write_all(line.as_bytes()).unwrap();
        }
    });
    let mut verdicts = BTreeSet::new();
    for case in &cases {
        let said = python.line();
        assert_eq!(said, case.wanted, "{:?}\n{}", case.asked, hex(&case.bytes));
        verdicts.insert(text(&said, "verdict"));
    }
    writer.join().unwrap();
    assert!(python.child.wait().unwrap().success());
    verdicts
}

struct Python {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Python {
    fn start() -> Self {
        let mut child = Command::new("python3")
            .arg("-B")
            .arg(crate_dir().join("python/peer.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the differential test needs Python 3.11 or newer as python3");
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    fn line(&mut self) -> Json {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let said: Json = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
        match said {
            Json::Object(members) => {
                let member = |(name, json)| {
                    if name == "doc" {
                        (name, sorted(json))
                    } else {
                        (name, json)
                    }
                };
                Json::Object(members.into_iter().map(member).collect())
            }
            other => other,
        }
    }
}

/// Members of objects by name.
fn sorted(json: Json) -> Json {
    match json {
        Json::Object(mut members) => {
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            let member = |(name, value)| (name, sorted(value));
            Json::Object(members.into_iter().map(member).collect())
        }
        Json::List(items) => Json::List(items.into_iter().map(sorted).collect()),
        other => other,
    }
}
