//! Schemas that change: what the lock file says, what `diff` says, and that files say what they said.

use std::fs;

use netipc_schema::random::Random;
use netipc_schema::{Concerns, Lock, Schema, Verdict, advice, diff, layout, parse};

use crate::common::{NAMES, crate_dir, schema, schemas, service_file};
use crate::random_schema::random_schema;

/// The schema of a service with one text replaced by another.
fn changed(name: &str, old: &str, new: &str) -> Schema {
    let text = fs::read_to_string(service_file(name)).unwrap();
    assert_eq!(text.matches(old).count(), 1, "{name}: {old}");
    parse("x.toml", &text.replace(old, new)).unwrap()
}

#[test]
fn the_lock_file_is_what_the_services_are() {
    let file = crate_dir().join("../../services/services.lock");
    let now = Lock::of(&schemas()).to_string();
    let then = fs::read_to_string(file).unwrap();
    assert_eq!(then, now, "`netipc schema lock services/*.toml` writes it");
    assert_eq!(then.parse::<Lock>().unwrap(), Lock::of(&schemas()));
}

#[test]
fn bytes_change_under_another_layout_number_only() {
    let lock = Lock::of(&schemas());
    let asn = r#"{ name = "asn", type = "u32", about = "Number of the autonomous system." }"#;
    let signed = asn.replace("u32", "i32");
    let Verdict::Changed(lines) = lock.check(&changed("ip-to-asn", asn, &signed)) else {
        panic!("another type makes other bytes");
    };
    let [(Some(then), Some(now))] = &lines[..] else {
        panic!("{lines:?}");
    };
    assert!(
        then.contains("4 u32") && now.contains("4 i32"),
        "{then}\n{now}"
    );
    let raised = fs::read_to_string(service_file("ip-to-asn")).unwrap();
    let raised = raised
        .replace(asn, &signed)
        .replace("layout  = 1", "layout  = 2");
    assert_eq!(
        lock.check(&parse("x.toml", &raised).unwrap()),
        Verdict::Raised
    );
    let increment = changed("increment", "\"Any number.\"", "\"Some number.\"");
    assert_eq!(lock.check(&increment), Verdict::Same);
    let same = [
        ("apps-lookup", "name = \"ppid\"", "name = \"parent\""),
        (
            "cgroups-lookup",
            "\"unknown-permanent\"",
            "\"unknown-forever\"",
        ),
    ];
    for (name, old, new) in same {
        assert_eq!(
            lock.check(&changed(name, old, new)),
            Verdict::Renamed,
            "{new}"
        );
    }
    let other = [
        ("apps-lookup", "max = 15", "max = 16"),
        ("apps-lookup", "unset = 0xffffffff", "unset = 1"),
        (
            "apps-lookup",
            "host-root           = { unset = [\"orchestrator\", ",
            "host-root = { unset = [",
        ),
        ("cgroups-lookup", "min = 1, ", ""),
        ("string-reverse", "batch   = true\n", ""),
        ("ip-to-asn", "0x8001", "0x8009"),
    ];
    for (name, old, new) in other {
        assert!(
            matches!(lock.check(&changed(name, old, new)), Verdict::Changed(_)),
            "{new}"
        );
    }
    assert_eq!(
        lock.check(&parse("x.toml", &random_schema(&mut Random::new(1))).unwrap()),
        Verdict::New
    );
}

/// Service, a text and what replaces it, and what is said of it.
const CHANGES: [(&str, &str, &str, &str); 11] = [
    (
        "ip-to-asn",
        "name = \"asn\"",
        "name = \"number\"",
        "authors: item: `asn` is called `number` now",
    ),
    (
        "ip-to-asn",
        "\"char[2]\"",
        "\"u8[2]\"",
        "peers: item: the type of `country` was char[2] and is u8[2]",
    ),
    (
        "ip-to-asn",
        "may be empty.\" },\n]",
        "may be empty.\" },\n  { name = \"since\", type = \"u32\", about = \"When.\" },\n]",
        "peers: item: `since`, u32, is new at byte 36",
    ),
    (
        "ip-to-asn",
        "plural = \"addresses\"",
        "plural = \"ips\"",
        "authors: the list of keys in documents was addresses and is ips",
    ),
    (
        "apps-lookup",
        "max = 15",
        "max = 31",
        "peers: item: `max` of `comm` was 15 and is 31",
    ),
    (
        "apps-lookup",
        "unit = \"clock ticks since boot\"",
        "unit = \"seconds\"",
        "readers: item: the unit of `starttime` was clock ticks since boot and is seconds",
    ),
    (
        "apps-lookup",
        "{ name = \"host-root\", value = 3",
        "{ name = \"gone\", value = 4, about = \"Over.\" },\n  { name = \"host-root\", value = 3",
        "peers: AppsCgroupStatus: value 4, `gone`, is new",
    ),
    (
        "apps-lookup",
        "typical = 64",
        "typical = 80",
        "readers: item: the typical size was 64 and is 80",
    ),
    (
        "apps-lookup",
        "{ set = [\"cgroup_path\"] }\nunknown-retry",
        "{ set = [\"cgroup_name\"] }\nunknown-retry",
        "peers: item: the rule `6 = 0: set 48 # cgroup_status: cgroup_name` is new",
    ),
    (
        "cgroups-snapshot",
        "bit = 3, about = \"The",
        "bit = 4, about = \"The",
        "authors: CgroupOptions: bit 4, `disabled-excluded`, is new",
    ),
    (
        "ip-to-asn",
        "0x8001",
        "0x8009",
        "peers: the method was 32769 and is 32777",
    ),
];

#[test]
fn changes_are_told_in_words_and_for_whom() {
    for (name, old, new, told) in CHANGES {
        let changes = diff(&schema(name), &changed(name, old, new));
        let told_all: Vec<String> = changes.iter().map(ToString::to_string).collect();
        assert!(
            told_all.iter().any(|change| change == told),
            "{told}, not {told_all:#?}"
        );
        let lock = Lock::of([&schema(name)]);
        let other_bytes = matches!(lock.check(&changed(name, old, new)), Verdict::Changed(_));
        let concerned = changes
            .iter()
            .any(|change| change.concerns == Concerns::Peers);
        assert_eq!(concerned, other_bytes, "{told}");
    }
}

#[test]
fn what_a_change_takes_is_advised() {
    let (old, new) = (
        schema("apps-lookup"),
        changed("apps-lookup", "max = 15", "max = 31"),
    );
    assert_eq!(advice(&old, &new).unwrap(), "write layout = 2");
    let mut raised = new.clone();
    raised.layout = Some(2);
    assert!(advice(&old, &raised).unwrap().contains("refuse each other"));
    assert_eq!(
        advice(
            &old,
            &changed("apps-lookup", "typical = 64", "typical = 80")
        ),
        None
    );
    let (old, new) = (
        schema("string-reverse"),
        changed("string-reverse", "batch   = true\n", ""),
    );
    assert!(advice(&old, &new).unwrap().contains("write a new method"));
}

#[test]
fn a_schema_that_is_written_is_read_again() {
    for name in NAMES {
        let schema = schema(name);
        assert_eq!(
            parse("again.toml", &schema.to_toml()).unwrap(),
            schema,
            "{}",
            schema.to_toml()
        );
    }
    let mut kinds = std::collections::BTreeSet::new();
    for seed in 0..500 {
        let text = random_schema(&mut Random::new(seed));
        let schema = parse("drawn.toml", &text).unwrap();
        let again = parse("again.toml", &schema.to_toml());
        let again = again.unwrap_or_else(|error| panic!("{error}\n{}", schema.to_toml()));
        assert_eq!(again, schema, "{text}\n{}", schema.to_toml());
        assert_eq!(layout(&again), layout(&schema));
        assert_eq!(diff(&again, &schema), []);
        kinds.insert(schema.kind.word());
    }
    assert_eq!(kinds.len(), 3);
}
