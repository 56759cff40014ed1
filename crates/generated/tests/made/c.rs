//! Generated codecs in C, of every service and of services that were drawn, on random and on spoilt
//! messages, with the sanitizers of the compiler and under Valgrind.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use netipc_schema::codec::{Message, Value, Way};
use netipc_schema::random::{Random, spoil};
use netipc_schema::{Kind, Language, Schema, generate, parse};

use crate::common::{NAMES, ours, service};
use crate::random_schema::random_schema;

const PEER: &str = include_str!("peer.c.txt");
const DRAWN: u64 = 24;
const SANITIZERS: [&str; 3] = [
    "-O1",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
];

#[test]
fn c_says_what_the_schemas_say() {
    let drawn = (0..DRAWN).map(|seed| {
        let text = random_schema(&mut Random::new(seed));
        parse("drawn.toml", &text).unwrap()
    });
    let schemas: Vec<Schema> = NAMES.map(service).into_iter().chain(drawn).collect();
    let verdicts = compare(&schemas, 200, &SANITIZERS, &[]);
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
    compare(&NAMES.map(service), 40, &["-O2"], &runner);
}

/// Holds the peer, built with `flags` and run by `runner`, against the schemas; the verdicts that
/// came up.
fn compare(schemas: &[Schema], rounds: usize, flags: &[&str], runner: &[&str]) -> BTreeSet<String> {
    let dir = tempfile::tempdir().unwrap();
    let peer = build(dir.path(), schemas, flags);
    let (mut asked, mut wanted) = (String::new(), Vec::new());
    for schema in schemas {
        let mut random = Random::new(5);
        for _ in 0..rounds {
            for (line, answer) in cases(schema, &mut random) {
                writeln!(asked, "{} {line}", identifier(schema)).unwrap();
                wanted.push((schema, answer));
            }
        }
    }
    let answers = ask(&peer, runner, asked.clone());
    for ((answer, (schema, wanted)), line) in answers.iter().zip(&wanted).zip(asked.lines()) {
        assert_eq!(
            answer.trim_end(),
            wanted.trim_end(),
            "{line}\n{}",
            schema.to_toml()
        );
    }
    assert_eq!(answers.len(), wanted.len(), "{:?}", answers.last());
    let verdict = |(_, answer): (&Schema, String)| answer.split(' ').next().map(str::to_owned);
    wanted.into_iter().filter_map(verdict).collect()
}

/// Messages both ways, whole and spoilt, and answers of any size, with what C has to say.
fn cases(schema: &Schema, random: &mut Random) -> Vec<(String, String)> {
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
fn headers_are_for_cpp_too() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("all.cc");
    let includes = NAMES.map(|name| format!("#include \"{}.h\"\n", name.replace('-', "_")));
    fs::write(&file, includes.concat()).unwrap();
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("c");
    let mut command = compiler("CXX", "c++");
    command
        .arg("-std=c++17")
        .arg(format!("-I{}", committed.display()));
    succeed(command.arg("-fsyntax-only").arg(file));
}

/// The compiler that the environment names, or the usual one, with every warning an error.
fn compiler(variable: &str, usual: &str) -> Command {
    let mut command = Command::new(env::var_os(variable).unwrap_or(usual.into()));
    command
        .args(["-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
        .arg(format!("-I{}", prefix().join("include").display()));
    command
}

/// What links a program with the library.
fn linked() -> Vec<OsString> {
    let lib = prefix().join("lib").display().to_string();
    [
        format!("-L{lib}"),
        format!("-Wl,-rpath,{lib}"),
        "-lnetipc".to_owned(),
    ]
    .map(OsString::from)
    .into()
}

fn prefix() -> &'static Path {
    static PREFIX: LazyLock<PathBuf> = LazyLock::new(netipc_xtask::install_for_tests);
    &PREFIX
}

fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| {
        let program = command.get_program().display();
        panic!("{program} is needed for this test (apt-get install gcc g++ valgrind): {error}")
    });
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}:\n{said}");
    output
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
