//! Generated codecs in C, of every service and of services that were drawn, on random and on spoilt
//! messages, with the sanitizers of the compiler and under Valgrind.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use netipc_schema::codec::{Message, Value, Way};
use netipc_schema::random::{Random, spoil};
use netipc_schema::{Kind, Language, Schema, generate, parse};

use crate::common::{NAMES, ours, service, services};
use crate::compile::{compiler, linked, succeed};
use crate::random_schema::{random_schema, text_keys};

const PEER: &str = include_str!("peer.c.txt");
const DRAWN: u64 = 20;
const SANITIZERS: [&str; 3] = [
    "-O1",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
];

#[test]
fn c_says_what_the_schemas_say() {
    let schemas = with_drawn(0);
    let mut cases = Vec::new();
    for schema in &schemas {
        let mut random = Random::new(5);
        for _ in 0..200 {
            let drawn = messages(schema, &mut random);
            cases.extend(drawn.into_iter().map(|case| (schema, case)));
        }
    }
    let verdicts = compare(&schemas, &cases, &SANITIZERS, &[]);
    let all = "Truncated BadLayout OutOfBounds MissingNul BadAlignment Overflow ok";
    for verdict in all.split(' ') {
        assert!(verdicts.contains(verdict), "no {verdict} in {verdicts:?}");
    }
}

#[test]
fn c_touches_nothing_that_it_should_not() {
    let runner = [
        "valgrind",
        "--quiet",
        "--error-exitcode=9",
        "--leak-check=full",
    ];
    let schemas = NAMES.map(service);
    let mut cases = Vec::new();
    for schema in &schemas {
        cases.extend(golden(schema).into_iter().map(|case| (schema, case)));
    }
    compare(&schemas, &cases, &["-O2"], &runner);
}

/// Messages that no other run has tried: fuzz/README.md has the command.
#[test]
#[ignore = "runs for as long as NETIPC_FUZZ_SECONDS says, from the seed NETIPC_FUZZ_SEED on"]
fn c_says_what_the_schemas_say_for_long() {
    let number = |name, usual| env::var(name).map_or(usual, |text| text.parse().unwrap());
    let (seconds, first) = (
        number("NETIPC_FUZZ_SECONDS", 60),
        number("NETIPC_FUZZ_SEED", 1),
    );
    let schemas = with_drawn(first);
    let dir = tempfile::tempdir().unwrap();
    let peer = build(dir.path(), &schemas, &SANITIZERS);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut seed = first;
    while seed == first || Instant::now() < end {
        let mut random = Random::new(seed);
        let mut cases = Vec::new();
        for schema in &schemas {
            for _ in 0..20 {
                let drawn = messages(schema, &mut random);
                cases.extend(drawn.into_iter().map(|case| (schema, case)));
            }
        }
        println!("seed {seed}, schemas of {first}");
        check(&peer, &[], &cases);
        seed += 1;
    }
    let rounds = seed - first;
    // Not by a macro, whose output is shown for failed tests only.
    let said = format!("{rounds} rounds, seeds {first} to {}\n", seed - 1);
    std::io::stderr().write_all(said.as_bytes()).unwrap();
}

/// The services, and some that are drawn.
fn with_drawn(first: u64) -> Vec<Schema> {
    let drawn = (first..first + DRAWN).map(|seed| random_schema(&mut Random::new(seed)));
    let drawn = drawn
        .chain(text_keys())
        .map(|text| parse("drawn.toml", &text).unwrap());
    let mut schemas: Vec<Schema> = NAMES.map(service).into_iter().chain(drawn).collect();
    // Two that are drawn may have one name.
    let mut names = BTreeSet::new();
    schemas.retain(|schema| names.insert(schema.name.clone()));
    schemas
}

/// What C is asked, and what it has to say.
type Case = (String, String);

/// Holds the peer, built with `flags` and run by `runner`, against the schemas; the verdicts that
/// came up.
fn compare(
    schemas: &[Schema],
    cases: &[(&Schema, Case)],
    flags: &[&str],
    runner: &[&str],
) -> BTreeSet<String> {
    let dir = tempfile::tempdir().unwrap();
    check(&build(dir.path(), schemas, flags), runner, cases)
}

/// Holds a peer against the schemas; the verdicts that came up.
fn check(peer: &Path, runner: &[&str], cases: &[(&Schema, Case)]) -> BTreeSet<String> {
    let line = |(schema, (line, _)): &(&Schema, Case)| format!("{} {line}\n", identifier(schema));
    let answers = ask(peer, runner, cases.iter().map(line).collect());
    for (answer, (schema, (line, wanted))) in answers.iter().zip(cases) {
        assert_eq!(
            answer.trim_end(),
            wanted.trim_end(),
            "{line}\n{}",
            schema.to_toml()
        );
    }
    assert_eq!(answers.len(), cases.len(), "{:?}", answers.last());
    let verdict = |(_, (_, wanted)): &(&Schema, Case)| wanted.split(' ').next().map(str::to_owned);
    cases.iter().filter_map(verdict).collect()
}

/// The golden messages of a service: read, and those that are whole written again.
fn golden(schema: &Schema) -> Vec<Case> {
    let file = services().join(format!("../vectors/services/{}.json", schema.name));
    let rows: serde_json::Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let mut cases = Vec::new();
    for row in rows.as_array().unwrap() {
        let text = |name| row[name].as_str().unwrap_or_default();
        let way = if text("type").ends_with("_request") {
            Way::Request
        } else {
            Way::Response
        };
        let read = schema.decode(way, &unhex(text("hex")));
        let verdict = read
            .as_ref()
            .err()
            .map(|error| format!("{:?}", error.kind()));
        assert_eq!(verdict.unwrap_or_default(), text("error"), "{row}");
        let bytes = unhex(text("hex"));
        let line = format!("{way} {}", text("hex"));
        cases.push((line, said(&ours(schema, way, &bytes))));
        if let Ok(message) = read {
            cases.extend(rewritten(schema, way, &message, text("hex")));
        }
    }
    assert!(cases.len() > 20, "{} of {}", cases.len(), schema.name);
    cases
}

/// A whole message that is written again from what was read of it. Handlers do not write that an answer
/// is full: builders do.
fn rewritten(schema: &Schema, way: Way, message: &Message, hex_of: &str) -> Option<Case> {
    if way == Way::Request {
        return Some((format!("again {hex_of}"), format!("ok {hex_of}")));
    }
    let request = match &schema.kind {
        Kind::Lookup(kind) => {
            let exceeded = Value::Number(kind.exceeded().into());
            let mut statuses = message.items.iter().map(|item| item.first());
            if statuses.any(|status| status == Some(&exceeded)) {
                return None;
            }
            let items = message.items.iter().map(|item| kind.key_of(item));
            Message {
                head: Vec::new(),
                items: items.collect(),
            }
        }
        _ => schema.random_message(Way::Request, &mut Random::new(1)),
    };
    let asked = schema.encode(Way::Request, &request).unwrap();
    let (data, size) = (unhex(hex_of), hex_of.len() / 2);
    let line = format!("answer {size} {} {hex_of}", hex(&asked));
    let wanted = answer(schema, &request, message, &data, size);
    assert_eq!(wanted, format!("ok {hex_of}"));
    Some((line, wanted))
}

/// Messages both ways, whole and spoilt, and answers of any size, with what C has to say.
fn messages(schema: &Schema, random: &mut Random) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut whole = Vec::new();
    for way in [Way::Request, Way::Response] {
        let message = schema.random_message(way, random);
        let bytes = schema.encode(way, &message).unwrap();
        for bytes in [bytes.clone(), spoil(&bytes, random)] {
            let line = format!("{way} {}", hex(&bytes));
            cases.push((line, said(&ours(schema, way, &bytes))));
        }
        whole.push((message, bytes));
    }
    let Ok([(request, asked), (mut response, _)]) = <[_; 2]>::try_from(whole) else {
        panic!("a request and a response");
    };
    cases.push((
        format!("again {}", hex(&asked)),
        format!("ok {}", hex(&asked)),
    ));
    if let Kind::Lookup(kind) = &schema.kind {
        response.items = answers(kind, &request, &response);
    }
    let data = schema.encode(Way::Response, &response).unwrap();
    let size = random.below(data.len() * 5 / 4 + 9);
    let line = format!("answer {size} {} {}", hex(&asked), hex(&data));
    cases.push((line, answer(schema, &request, &response, &data, size)));
    cases
}

/// An item for each key: one of those that were drawn, or one that says only its status.
fn answers(
    kind: &netipc_schema::LookupKind,
    request: &Message,
    response: &Message,
) -> Vec<Vec<Value>> {
    let drawn = response
        .items
        .iter()
        .map(Some)
        .chain(std::iter::repeat(None));
    let items = request.items.iter().zip(drawn).map(|(key, drawn)| {
        let bare = kind.bare(key, kind.oversized());
        let Some(drawn) = drawn.filter(|item| item.first() == Some(&Value::Number(0))) else {
            return bare;
        };
        // The drawn item, of this key.
        let named = kind.item.named().zip(drawn).zip(&bare);
        named
            .map(|((field, value), echoed)| if field.key { echoed } else { value })
            .cloned()
            .collect()
    });
    items.collect()
}

/// What a server answers that has room for `size` bytes.
fn answer(
    schema: &Schema,
    request: &Message,
    response: &Message,
    data: &[u8],
    size: usize,
) -> String {
    let Kind::Lookup(kind) = &schema.kind else {
        let fits = data.len() <= size;
        return if fits {
            format!("ok {}", hex(data))
        } else {
            "Overflow".to_owned()
        };
    };
    let generation = match response.head.first() {
        Some(Value::Number(generation)) => u64::try_from(*generation).unwrap(),
        other => panic!("{other:?} is no generation"),
    };
    let answer = kind.answer(&request.items, &response.items, generation, size);
    match answer {
        Ok(bytes) => format!("ok {}", hex(&bytes)),
        Err(error) => format!("{:?}", error.kind()),
    }
}

fn said(read: &Result<Vec<Vec<u8>>, String>) -> String {
    match read {
        Ok(items) => {
            let items: Vec<String> = items.iter().map(|item| hex(item)).collect();
            format!("ok {}", items.join(" "))
        }
        Err(verdict) => verdict.clone(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digit).collect()
}

fn identifier(schema: &Schema) -> String {
    schema.name.replace('-', "_")
}

/// The peer with the generated sources, with every warning an error.
fn build(dir: &Path, schemas: &[Schema], flags: &[&str]) -> PathBuf {
    let (mut includes, mut codecs, mut table) = (String::new(), String::new(), String::new());
    let mut sources = vec![dir.join("peer.c")];
    for schema in schemas {
        let name = identifier(schema);
        writeln!(includes, "#include \"{name}.h\"").unwrap();
        let kind = schema.kind.word().to_ascii_uppercase();
        writeln!(codecs, "{kind}({name})").unwrap();
        writeln!(table, "    SERVICE({name}),").unwrap();
        for source in generate(schema, Language::C, "drawn.toml").unwrap() {
            fs::write(dir.join(&source.name), source.text).unwrap();
        }
        sources.push(dir.join(format!("{name}.c")));
    }
    let registry =
        format!("{includes}\n{codecs}\nstatic const service services[] = {{\n{table}}};\n");
    fs::write(dir.join("registry.h"), registry).unwrap();
    fs::write(dir.join("peer.c"), PEER).unwrap();
    let peer = dir.join("peer");
    succeed(
        compiler("CC", "cc")
            .args(["-std=c99"])
            .args(flags)
            .args(sources)
            .args(linked())
            .arg("-o")
            .arg(&peer),
    );
    peer
}

#[test]
fn windows_compilers_take_it_too() {
    const COMPILER: &str = "x86_64-w64-mingw32-gcc";
    if Command::new(COMPILER).arg("--version").output().is_err() {
        let line = format!("SKIPPED generated C for Windows: install {COMPILER}\n");
        // Not through eprint!, which is shown only where a test fails.
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        return;
    }
    let sources = NAMES.map(|name| committed().join(format!("{}.c", name.replace('-', "_"))));
    let mut command = compiler("MINGW_CC", COMPILER);
    succeed(command.args(["-std=c99", "-fsyntax-only"]).args(sources));
}

#[test]
fn headers_are_for_cpp_too() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("all.cc");
    let includes = NAMES.map(|name| format!("#include \"{}.h\"\n", name.replace('-', "_")));
    fs::write(&file, includes.concat()).unwrap();
    let mut command = compiler("CXX", "c++");
    command
        .arg("-std=c++17")
        .arg(format!("-I{}", committed().display()));
    succeed(command.arg("-fsyntax-only").arg(file));
}

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("c")
}

fn ask(peer: &Path, runner: &[&str], lines: String) -> Vec<String> {
    let mut words = runner.iter().map(OsString::from).chain([peer.into()]);
    let mut command = Command::new(words.next().unwrap());
    let mut child = command
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    // A peer that ends early says why on stderr.
    let writer = std::thread::spawn(move || drop(input.write_all(lines.as_bytes())));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "{}", output.status);
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}
