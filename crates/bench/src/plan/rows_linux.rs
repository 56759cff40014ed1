//! All rows of a complete run on Linux, which has most.

use std::collections::{BTreeMap, BTreeSet};

use super::tests::plan_with_peers;
use super::{Limit, Plan};
use crate::limits;
use crate::row::{Row, named};

/// The fields of a row, the limits, and for each row its unit, its limit, its stand-in and who asks
/// whom in it.
fn inventory() -> Vec<String> {
    let plan = Plan {
        quick: false,
        ..plan_with_peers()
    };
    let mut lines: BTreeMap<String, String> = BTreeMap::new();
    for case in plan.cases() {
        let [limit, deployed] = [&case.limit, &case.deployed].map(|limit| match limit {
            Some(Limit::Requests(name, each)) => format!("{each} x {name}"),
            Some(Limit::Copies(times)) => format!("{times} x copies of limits memcpy"),
            None => "-".to_owned(),
        });
        // How many threads there are depends on the machine.
        for row in case.rows().filter(|row| row.threads == 1) {
            let pair = format!(" {}-{}", named(&row.client), named(&row.server));
            let (name, unit) = (row.by_nobody().name(), &row.unit);
            let line = format!("{name} | {unit} | {limit} | {deployed} |");
            lines.entry(line).or_default().push_str(&pair);
        }
    }
    let fields = serde_json::to_value(Row::default()).unwrap();
    let fields = fields.as_object().unwrap().keys().cloned();
    let mut limits: Vec<String> = limits::names().collect();
    limits.sort();
    let lines = lines.into_iter().map(|(line, pairs)| line + &pairs);
    fields.chain(limits).chain(lines).collect()
}

/// Documents, floors and readers of the JSON depend on them. With `UPDATE_ROWS` in the environment,
/// `rows.txt` becomes what there is.
#[test]
fn rows_are_those_that_others_know() {
    let found = inventory();
    if std::env::var_os("UPDATE_ROWS").is_some() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/plan/rows.txt");
        std::fs::write(file, found.join("\n") + "\n").unwrap();
    }
    let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    let known: BTreeSet<&str> = include_str!("rows.txt").lines().collect();
    let changed: Vec<_> = found.symmetric_difference(&known).collect();
    assert!(changed.is_empty(), "{changed:#?}");
}
