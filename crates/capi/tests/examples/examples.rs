//! The examples: at most 40 lines, 60 where they end in two ways, 80 where programs drive sessions themselves, and 100
//! where they enrich.

use std::fs;
use std::path::PathBuf;

use crate::programs::{Bench, examples};

const MOST_LINES: usize = 40;
/// That of labels, which signals end, and on Windows the end of its input.
const MOST_LINES_OF_LOOKUP_SERVER: usize = 64;
const MOST_LINES_OF_LEVEL_1: usize = 80;
const MOST_LINES_OF_ENRICHERS: usize = 100;
const MOST_LINES_OF_DEMO: usize = 300;
const MOST_COLUMNS: usize = 100;

/// Those for Windows are built in `tests/windows`.
const OF_WINDOWS: &str = "windows_";

/// Designated initialisers are not C++17, nor is `void *` to another pointer without a cast.
const C_ONLY: [&str; 10] = [
    "demo",
    "enricher_provider",
    "event_loop",
    "level1_clients",
    "level1_event_loop",
    "level1_malformed",
    "level1_pipeline",
    "level1_server",
    "lookup_server",
    "server",
];

#[test]
fn they_are_short() {
    for path in sources() {
        let text = fs::read_to_string(&path).unwrap();
        let most = match name(&path) {
            "demo" => MOST_LINES_OF_DEMO,
            "lookup_server" => MOST_LINES_OF_LOOKUP_SERVER,
            name if name.starts_with("level1_") => MOST_LINES_OF_LEVEL_1,
            name if name.starts_with("enricher_") => MOST_LINES_OF_ENRICHERS,
            _ => MOST_LINES,
        };
        let lines = text.lines().count();
        assert!(lines <= most, "{path:?} has {lines} lines");
        let wide = text
            .lines()
            .find(|line| line.chars().count() > MOST_COLUMNS);
        assert_eq!(wide, None, "{path:?}");
    }
}

#[test]
fn they_compile_without_warnings() {
    let bench = Bench::new();
    let mut seen = 0;
    for path in sources().filter(|path| !name(path).starts_with(OF_WINDOWS)) {
        bench.check("cc", &["-std=c11"], &path);
        if !C_ONLY.contains(&name(&path)) {
            bench.check("c++", &["-x", "c++", "-std=c++17"], &path);
            seen += 1;
        }
    }
    assert!(seen >= 4, "client, cache and both lookups are C++, too");
}

#[test]
fn client_and_cache_read_what_the_server_has() {
    let bench = Bench::new();
    let server = bench.start_checked(&bench.example("server"), &[]);
    server.wait_for("READY");
    let client = bench.start_checked(&bench.example("client"), &["1"]);
    let shown = "generation 7, 1 cgroups\na847e0a9 shop /docker/abc\n";
    assert_eq!(client.succeed(), shown);
    let cache = bench.example("cache");
    let known = bench.start_checked(&cache, &["shop", "1"]).succeed();
    assert_eq!(known, "shop: /docker/abc\n");
    let unknown = bench.start(&cache, &["shed", "1"]).succeed();
    assert_eq!(unknown, "shed: not known\n");
    server.signal("INT");
    server.succeed();
    bench.is_clean();
}

#[test]
fn consumers_without_a_provider_say_so() {
    let bench = Bench::new();
    let consumers: [(&str, &[&str]); 4] = [
        ("client", &["1"]),
        ("cache", &["shop", "1"]),
        ("cgroups_lookup", &[]),
        ("apps_lookup", &[]),
    ];
    for (name, arguments) in consumers {
        let consumer = bench.start_checked(&bench.example(name), arguments);
        let (status, text) = consumer.end();
        assert_eq!(status.code(), Some(1), "{text}");
        assert!(text.contains("no server at"), "{text}");
    }
}

#[test]
fn servers_say_why_they_cannot_serve() {
    let bench = Bench::new();
    fs::remove_dir(bench.run_dir()).unwrap();
    for name in ["server", "lookup_server"] {
        let (status, text) = bench.start_checked(&bench.example(name), &[]).end();
        assert_eq!(status.code(), Some(1), "{text}");
        assert!(text.contains("No such file or directory"), "{text}");
    }
}

#[test]
fn the_client_comes_back_with_its_provider() {
    let bench = Bench::new();
    let server = bench.example("server");
    let client = bench.start(bench.example("client"), &[]);
    client.wait_for("no server at");
    for _ in 0..2 {
        let provider = bench.start(&server, &[]);
        client.wait_for("generation 7");
        provider.kill();
        client.wait_for("not ready");
    }
    client.kill();
}

#[test]
fn the_event_loop_hears_when_the_provider_goes() {
    let bench = Bench::new();
    let server = bench.example("server");
    let consumer = bench.start_checked(&bench.example("event_loop"), &["3"]);
    consumer.wait_for("no provider");
    let provider = bench.start(&server, &[]);
    consumer.wait_for("ok, 1 cgroups");
    provider.kill();
    consumer.wait_for("no provider");
    let provider = bench.start(&server, &[]);
    let rest = consumer.succeed();
    assert!(rest.contains("connected\nok, 1 cgroups\n"), "{rest}");
    provider.signal("TERM");
    provider.succeed();
    bench.is_clean();
}

#[test]
fn lookups_have_labels() {
    let bench = Bench::new();
    let server = bench.start_checked(&bench.example("lookup_server"), &[]);
    server.wait_for("READY");
    let client = bench.example("cgroups_lookup");
    let client = bench.start_checked(&client, &["/docker/def", "/docker/abc"]);
    let shown = "/docker/def: status 2\n/docker/abc: shop, orchestrator 2\n  image=nginx\n";
    assert_eq!(client.succeed(), shown);
    server.signal("TERM");
    server.succeed();
    bench.is_clean();
}

fn sources() -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(examples()).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "c"))
}

fn name(path: &std::path::Path) -> &str {
    path.file_stem().unwrap().to_str().unwrap()
}
