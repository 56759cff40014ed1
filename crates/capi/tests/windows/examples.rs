//! The examples, each against its counterpart.

use std::fs;
use std::path::{Path, PathBuf};

use crate::mingw::Bench;

/// They use signals, poll or fork; the first two have a counterpart that begins with `windows_`.
const OF_UNIX: [&str; 5] = [
    "server",
    "event_loop",
    "level1_clients",
    "level1_event_loop",
    "demo",
];

fn example(bench: &Bench, name: &str) -> PathBuf {
    bench.build(name, &[], &[directory().join(name).with_extension("c")])
}

#[test]
fn level_1_pipelines_and_refuses() {
    let Some(bench) = Bench::new("level_1_pipelines_and_refuses") else {
        return;
    };
    // One client for the pipeline, and four that send malformed envelopes.
    let server = bench.start(&example(&bench, "level1_server"), &["5"]);
    server.wait_for("READY");
    let pipeline = bench
        .start(&example(&bench, "level1_pipeline"), &[])
        .succeed();
    let answers = "answer to 1: 101\nanswer to 2: 201\nanswer to 3: 301\n";
    assert_eq!(pipeline, answers);
    let malformed = bench.start(&example(&bench, "level1_malformed"), &[]);
    let shown = malformed.succeed();
    assert!(
        shown.contains("a batch without items: status 1\n"),
        "{shown}"
    );
    server.succeed();
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

#[test]
fn all_that_are_not_of_unix_build() {
    let Some(bench) = Bench::new("all_that_are_not_of_unix_build") else {
        return;
    };
    let mut built = 0;
    for entry in fs::read_dir(directory()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_some_and(|extension| extension == "c")
            && !OF_UNIX.contains(&name.as_str())
        {
            example(&bench, &name);
            built += 1;
        }
    }
    assert!(built >= 7, "only {built} examples");
}

#[test]
fn client_and_cache_read_what_the_server_has() {
    let Some(bench) = Bench::new("client_and_cache_read_what_the_server_has") else {
        return;
    };
    let mut server = bench.start(&example(&bench, "windows_server"), &[]);
    server.wait_for("READY");
    let client = bench.start(&example(&bench, "client"), &["1"]);
    let shown = "generation 7, 1 cgroups\na847e0a9 shop /docker/abc\n";
    assert_eq!(client.succeed(), shown);
    let cache = example(&bench, "cache");
    let known = bench.start(&cache, &["shop", "1"]).succeed();
    assert_eq!(known, "shop: /docker/abc\n");
    drop(server.stdin());
    server.succeed();
}

#[test]
fn consumers_without_a_provider_say_so() {
    let Some(bench) = Bench::new("consumers_without_a_provider_say_so") else {
        return;
    };
    for (name, arguments) in [
        ("client", "1"),
        ("cgroups_lookup", "/a"),
        ("apps_lookup", "1"),
    ] {
        let (status, text) = bench.start(&example(&bench, name), &[arguments]).end();
        assert_eq!(status.code(), Some(1), "{text}");
        assert!(text.contains("no server at"), "{text}");
    }
}

#[test]
fn the_event_loop_hears_when_the_provider_goes() {
    let Some(bench) = Bench::new("the_event_loop_hears_when_the_provider_goes") else {
        return;
    };
    let server = example(&bench, "windows_server");
    let consumer = bench.start(&example(&bench, "windows_event_loop"), &["3"]);
    consumer.wait_for("no provider");
    let provider = bench.start(&server, &[]);
    consumer.wait_for("ok, 1 cgroups");
    provider.kill();
    consumer.wait_for("no provider");
    let mut provider = bench.start(&server, &[]);
    let rest = consumer.succeed();
    assert!(rest.contains("connected\nok, 1 cgroups\n"), "{rest}");
    drop(provider.stdin());
    provider.succeed();
}

#[test]
fn lookups_have_labels() {
    let Some(bench) = Bench::new("lookups_have_labels") else {
        return;
    };
    let mut server = bench.start(&example(&bench, "lookup_server"), &[]);
    server.wait_for("READY");
    let client = example(&bench, "cgroups_lookup");
    let client = bench.start(&client, &["/docker/def", "/docker/abc"]);
    let shown = "/docker/def: status 2\n/docker/abc: shop, orchestrator 2\n  image=nginx\n";
    assert_eq!(client.succeed(), shown);
    drop(server.stdin());
    server.succeed();
}
