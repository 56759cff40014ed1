//! Mistakes in schemas are found in their line, and nothing that stands in a file breaks the checker.

use std::fs;
use std::path::PathBuf;

use netipc_schema::json::Json;
use netipc_schema::{Problem, load, load_all, load_shared, parse, parse_shared};
use proptest::prelude::*;

use crate::common::{crate_dir, rows, text};

fn services() -> PathBuf {
    crate_dir().join("../../services")
}

fn source(service: &str) -> String {
    fs::read_to_string(services().join(format!("{service}.toml"))).unwrap()
}

#[test]
fn mistakes_are_found_in_their_line() {
    let mistakes = rows("mistakes.json");
    assert_eq!(mistakes.len(), 45);
    for mistake in mistakes {
        let [service, old, new, part] =
            ["service", "old", "new", "part"].map(|name| text(&mistake, name));
        let good = source(&service);
        assert_eq!(good.matches(&old).count(), 1, "{service}: {old}");
        let error = parse("x.toml", &good.replace(&old, &new)).unwrap_err();
        let told = |problem: &&Problem| {
            let line = Json::Number(problem.line.try_into().unwrap());
            mistake.get("line") == Some(&line) && problem.to_string().contains(&part)
        };
        let found = error.problems().iter().find(told);
        assert!(found.is_some(), "{mistake:?}, not\n{error}");
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
    let first = services().join("ip-to-asn.toml");
    fs::write(
        &file,
        source("ip-to-asn").replace("\"ip-to-asn\"", "\"other\""),
    )
    .unwrap();
    let error = load_all([&first, &file]).unwrap_err().to_string();
    let told = format!(
        "{}:2:11: ip-to-asn has method 32769 already; write another",
        file.display()
    );
    assert_eq!(error, told);
    fs::write(&file, source("ip-to-asn").replace("0x8001", "0x8009")).unwrap();
    let error = load_all([&first, &file]).unwrap_err().to_string();
    assert!(
        error.contains(":1:11: there is a service ip-to-asn already"),
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
            "plural = \"addresses\"",
            "plural = \"call\"",
            "`call` stands for something else",
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
    let shared = load_shared(crate_dir().join("tests/data/envelope.toml"));
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
