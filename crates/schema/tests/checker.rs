//! Mistakes in schemas are found in their line, and nothing that stands in a file breaks the checker.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use netipc_schema::{load, load_all, parse, parse_shared};
use proptest::prelude::*;

/// A change to a schema: the service, the text and what replaces it, the line in which that is wrong,
/// and a part of what is said.
struct Mistake {
    service: &'static str,
    old: &'static str,
    new: &'static str,
    line: usize,
    part: &'static str,
}

const fn mistake(
    service: &'static str,
    old: &'static str,
    new: &'static str,
    line: usize,
    part: &'static str,
) -> Mistake {
    Mistake {
        service,
        old,
        new,
        line,
        part,
    }
}

const MISTAKES: [Mistake; 36] = [
    mistake(
        "cgroups-lookup",
        "about  = \"Whether",
        "abuot  = \"Whether",
        9,
        "`abuot` is no word of an enum; write `about`",
    ),
    mistake(
        "cgroups-lookup",
        "{ reserved = \"u16\" },\n  { key",
        "{ key",
        26,
        "write { reserved = \"u16\" } before it",
    ),
    mistake(
        "cgroups-lookup",
        "labels.\" },\n  { reserved = \"u16\" },",
        "labels.\" },",
        23,
        "write { reserved = \"u16\" } after them",
    ),
    mistake(
        "cgroups-lookup",
        "type = \"Orchestrator\"",
        "type = \"Orchestrater\"",
        25,
        "`Orchestrater` is no type; write `Orchestrator`",
    ),
    mistake(
        "cgroups-lookup",
        "name = \"labels\"",
        "name = \"name\"",
        29,
        "there is a field `name` already",
    ),
    mistake(
        "cgroups-lookup",
        "value = 2",
        "value = 1",
        13,
        "value 1 is in line 12 already",
    ),
    mistake(
        "cgroups-lookup",
        "\"unknown-permanent\"",
        "\"known\"",
        13,
        "name known is in line 11 already",
    ),
    mistake(
        "cgroups-lookup",
        "  { name = \"oversized-item\", value = 4 },\n",
        "",
        22,
        "the status cannot say all",
    ),
    mistake(
        "cgroups-lookup",
        "{ key = \"path\" }",
        "{ key = \"paht\" }",
        27,
        "`paht` is no field of [key]; write `path`",
    ),
    mistake(
        "cgroups-lookup",
        "{ key = \"path\" },",
        "",
        23,
        "an answer needs `path` of the key once; write { key = \"path\" }",
    ),
    mistake(
        "cgroups-lookup",
        "layout  = 1\n",
        "",
        1,
        "there is no `layout`; write layout = 1",
    ),
    mistake(
        "cgroups-lookup",
        "\"lookup\"\n",
        "\"lookups\"\n",
        3,
        "`lookups` is no kind; write `lookup`",
    ),
    mistake(
        "cgroups-lookup",
        ", about = \"Its labels.\"",
        "",
        29,
        "a field has no `about`",
    ),
    mistake(
        "cgroups-lookup",
        "[key]\n",
        "[header]\n",
        18,
        "a lookup has no [header]; write [key] and [item]",
    ),
    mistake(
        "cgroups-lookup",
        "use     = [\"common.toml\"]\n",
        "",
        24,
        "`Orchestrator` is no type",
    ),
    mistake(
        "cgroups-lookup",
        "method  = 4\n",
        "method  = \"4\"\n",
        2,
        "`method` is not right; write an int",
    ),
    mistake(
        "cgroups-lookup",
        "method  = 4\n",
        "method  = \n",
        2,
        "write what https://toml.io says",
    ),
    mistake(
        "cgroups-lookup",
        "labels.\" },\n",
        "labels.\" },\n  { name = \"more\", type = \"labels\", about = \"More.\" },\n",
        23,
        "labels twice",
    ),
    mistake(
        "apps-lookup",
        "known               = { set = [\"cgroup_path\"]",
        "known               = { set = [\"cgroup_paht\"]",
        52,
        "`cgroup_paht` is no field that can be set; write `cgroup_path`",
    ),
    mistake(
        "apps-lookup",
        "host-root           =",
        "host-rot            =",
        55,
        "`host-rot` is no value of `cgroup_status`; write `host-root`",
    ),
    mistake(
        "apps-lookup",
        "[item.rules.cgroup_status]",
        "[item.rules.cgroup_state]",
        51,
        "`cgroup_state` is no field with named values",
    ),
    mistake(
        "apps-lookup",
        "\"cgroup_name\", \"labels\", \"cgroup_path\"]",
        "\"cgroup_name\", \"comm\"]",
        55,
        "`comm` can never be unset here",
    ),
    mistake(
        "apps-lookup",
        "{ reserved = \"u32\" },\n  { name = \"starttime\"",
        "{ name = \"starttime\"",
        42,
        "write { reserved = \"u32\" } before it",
    ),
    mistake(
        "cgroups-snapshot",
        "[\"hash\", \"name\"]",
        "[\"hash\", \"nam\"]",
        5,
        "`nam` is nothing to find an item by; write `name`",
    ),
    mistake(
        "cgroups-snapshot",
        "bit = 3",
        "bit = 2",
        14,
        "bit 2 is in line 13 already",
    ),
    mistake(
        "cgroups-snapshot",
        "bit = 3",
        "bit = 32",
        14,
        "bit 32 is out of range; write 0 to 31",
    ),
    mistake(
        "cgroups-snapshot",
        "type = \"CgroupOptions\"",
        "type = \"u32\"",
        8,
        "no field is of type `CgroupOptions`",
    ),
    mistake(
        "cgroups-snapshot",
        "layout  = 1\n",
        "layout  = 1\nbatch = true\n",
        5,
        "a snapshot has no `batch`",
    ),
    mistake(
        "cgroups-snapshot",
        "  { reserved = \"u32\" },\n",
        "",
        19,
        "write { reserved = \"u32\" } before it",
    ),
    mistake(
        "apps-lookup",
        "[enums.PidStatus]",
        "[enums.Orchestrator]",
        8,
        "`Orchestrator` cannot be its name; write one in",
    ),
    mistake(
        "apps-lookup",
        "[enums.PidStatus]",
        "[enums.text]",
        8,
        "`text` cannot be its name; write one in CamelCase",
    ),
    mistake(
        "apps-lookup",
        "\"lookup\"\n",
        "\"lookup\"\nuse = \"common.toml\"\n",
        6,
        "duplicate key",
    ),
    mistake(
        "apps-lookup",
        "unset = 0xffffffff",
        "unset = 0x1ffffffff",
        41,
        "8589934591 is no u32",
    ),
    mistake(
        "apps-lookup",
        "min = 1, max = 15",
        "min = 16, max = 15",
        44,
        "nothing is at least 16 and at most 15",
    ),
    mistake(
        "apps-lookup",
        "use     = [\"common.toml\"]",
        "use = [\"comon.toml\"]",
        5,
        "there is no file `comon.toml`",
    ),
    mistake(
        "pid-traffic",
        "{ name = \"pid\", type = \"u32\"",
        "{ name = \"pid\", type = \"text\"",
        10,
        "cannot stand beside others",
    ),
];

fn services() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../services")
}

fn source(service: &str) -> String {
    fs::read_to_string(services().join(format!("{service}.toml"))).unwrap()
}

#[test]
fn mistakes_are_found_in_their_line() {
    for Mistake {
        service,
        old,
        new,
        line,
        part,
    } in MISTAKES
    {
        let text = source(service);
        assert_eq!(text.matches(old).count(), 1, "{service}: {old}");
        let error = parse("x.toml", &text.replace(old, new)).unwrap_err();
        let told = |problem: &&netipc_schema::Problem| {
            problem.line == line && problem.to_string().contains(part)
        };
        let found = error.problems().iter().find(told);
        assert!(
            found.is_some(),
            "{service} with {new}: {part} in line {line}, not\n{error}"
        );
    }
}

#[test]
fn a_mistake_is_told_where_it_stands() {
    let text =
        source("cgroups-lookup").replace("type = \"Orchestrator\"", "type = \"Orchestrater\"");
    let error = parse("services/cgroups-lookup.toml", &text).unwrap_err();
    assert_eq!(
        error.to_string(),
        "services/cgroups-lookup.toml:25:35: `Orchestrater` is no type; write `Orchestrator`"
    );
}

#[test]
fn no_two_services_share_a_number_or_a_name() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("again.toml");
    let first = services().join("increment.toml");
    fs::write(
        &file,
        source("increment").replace("\"increment\"", "\"other\""),
    )
    .unwrap();
    let error = load_all([&first, &file]).unwrap_err().to_string();
    let told = format!(
        "{}:2:11: increment has method 1 already; write another",
        file.display()
    );
    assert_eq!(error, told);
    fs::write(
        &file,
        source("increment").replace("method  = 1", "method  = 9"),
    )
    .unwrap();
    let error = load_all([&first, &file]).unwrap_err().to_string();
    assert!(
        error.contains(":1:11: there is a service increment already"),
        "{error}"
    );
}

#[test]
fn the_mistakes_of_a_used_file_are_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let common = source("common").replace("about  = \"Who", "abuot  = \"Who");
    fs::write(dir.path().join("common.toml"), common).unwrap();
    let file = dir.path().join("ip-to-asn.toml");
    fs::write(&file, source("ip-to-asn")).unwrap();
    let error = load(&file).unwrap_err();
    let place = format!("{}:4:1: `abuot`", dir.path().join("common.toml").display());
    assert!(error.to_string().contains(&place), "{error}");
}

#[test]
fn words_that_say_nothing_of_a_field_are_refused() {
    let cases = [
        (
            "type = \"ip\"",
            "type = \"ip\", max = 4",
            "`max` says nothing of ip; delete `max`",
        ),
        (
            "type = \"u32\"",
            "type = \"u32\", nul = true",
            "`nul` says nothing of u32",
        ),
        (
            "type = \"char[2]\"",
            "type = \"char[2]\", unit = \"letters\"",
            "`unit` says nothing of char[2]",
        ),
        (
            "type = \"u32\"",
            "type = \"u32\", min = -1",
            "-1 is no u32; write 0 to 4294967295",
        ),
        (
            "cache   = \"key\"",
            "cache = [\"address\"]",
            "a lookup's cache finds items by their key",
        ),
        (
            "plural = \"addresses\"",
            "plural = \"items\"",
            "`items` stands for something else",
        ),
        (
            "name = \"asn\"",
            "name = \"as-n\"",
            "write a lower-case name, with `_` between words",
        ),
    ];
    for (old, new, part) in cases {
        let text = source("ip-to-asn");
        assert_eq!(text.matches(old).count(), 1, "{old}");
        let error = parse("x.toml", &text.replace(old, new))
            .unwrap_err()
            .to_string();
        assert!(error.contains(part), "{new}: {part}, not\n{error}");
    }
}

#[test]
fn what_is_good_is_read() {
    let files = fs::read_dir(services())
        .unwrap()
        .map(|file| file.unwrap().path());
    let files: Vec<PathBuf> = files
        .filter(|file| file.extension().is_some_and(|end| end == "toml"))
        .filter(|file| file.file_name().unwrap() != "common.toml")
        .collect();
    let names: Vec<String> = load_all(files)
        .unwrap()
        .into_iter()
        .map(|schema| schema.name)
        .collect();
    assert_eq!(names.len(), 7, "{names:?}");
    assert_eq!(
        parse_shared("common.toml", netipc_schema::COMMON)
            .unwrap()
            .enums
            .len(),
        2
    );
    let shared = netipc_schema::load_shared(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/envelope.toml"),
    );
    assert_eq!(shared.unwrap().records.len(), 5);
}

const POOL: [&str; 26] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    "= 1",
    "\"x\"",
    "[1]",
    "true",
    "-1",
    "= {}",
    "= []",
    "\"u64\"",
    "\"text\"",
    "\"labels\"",
    "\"ip\"",
    "0x1ffffffff",
    "[item]",
    "[key]",
    "name",
    "value",
    "reserved",
    "key",
    "fields",
    "[item.rules.status]",
    "é",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_breaks_the_checker(
        service in prop::sample::select(vec!["apps-lookup", "cgroups-lookup", "cgroups-snapshot", "increment", "ip-to-asn", "pid-traffic"]),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..8_usize, prop::option::of(0..POOL.len())), 1..5),
    ) {
        let text = source(service);
        let mut parts: Vec<String> = pieces(&text);
        for (at, gone, new) in edits {
            let at = at.index(parts.len());
            let end = (at + gone).min(parts.len());
            parts.splice(at..end, new.map(|new| POOL[new].to_owned()));
            prop_assume!(!parts.is_empty());
        }
        let text = parts.concat();
        match parse("spoilt.toml", &text) {
            Ok(schema) => prop_assert!(!schema.parts().is_empty()),
            Err(error) => {
                let lines = text.matches('\n').count() + 1;
                for problem in error.problems() {
                    prop_assert!(problem.line >= 1 && problem.line <= lines, "{}", problem);
                    prop_assert!(!problem.what.is_empty() && !problem.instead.is_empty());
                }
                prop_assert!(!error.problems().is_empty());
            }
        }
    }
}

/// Words, spaces, and whatever else, one by one.
fn pieces(text: &str) -> Vec<String> {
    let kind = |c: char| match c {
        c if c.is_alphanumeric() => 0,
        c if c.is_whitespace() => 1,
        _ => 2,
    };
    let mut pieces: Vec<String> = Vec::new();
    let mut last = 3;
    for c in text.chars() {
        if kind(c) == last && last != 2 {
            pieces.last_mut().unwrap().push(c);
        } else {
            pieces.push(c.to_string());
        }
        last = kind(c);
    }
    pieces
}
