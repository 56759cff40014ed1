use std::collections::HashSet;
use std::time::Duration;

use super::groups::LINKS;
use super::*;

pub(crate) fn plan() -> Plan {
    Plan {
        scenarios: Vec::new(),
        transports: Vec::new(),
        rates: Vec::new(),
        only: Vec::new(),
        peers: Vec::new(),
        matrix: false,
        effort: Effort::QUICK,
        quick: true,
    }
}

/// With one in C and one in Go.
pub(crate) fn plan_with_peers() -> Plan {
    Plan {
        peers: vec!["c=driver".parse().unwrap(), "go=other".parse().unwrap()],
        ..plan()
    }
}

fn rows(plan: &Plan) -> Vec<Row> {
    let cases = plan.cases();
    cases.iter().flat_map(Case::rows).collect()
}

#[test]
fn every_row_has_a_name_of_its_own() {
    let plan = Plan {
        quick: false,
        ..plan_with_peers()
    };
    let rows = rows(&plan);
    let names: HashSet<_> = rows.iter().map(Row::name).collect();
    assert_eq!(names.len(), rows.len());
    let matrix = Plan {
        matrix: true,
        ..plan
    };
    // Six things that every program does over everything, lookups of two services, but a pipeline
    // only where there is one; at four rates.
    let count = |links: &[Transport]| links.iter().filter(|link| is_carried(**link)).count();
    let each = 6 * count(LINKS) + count(groups::PIPELINES);
    assert_eq!(self::rows(&matrix).len(), each * 9 * 4);
}

#[test]
fn a_quick_look_takes_less_than_two_minutes_and_eight_with_peers() {
    // And then there are processes to start.
    for (plan, most) in [(plan(), 90), (plan_with_peers(), 6 * 60)] {
        let of_case = |case: &Case| {
            let beside = [&case.limit, &case.deployed].into_iter().flatten().count();
            plan.effort.total() * (u32::try_from(case.rows().count() * 4 + beside).unwrap()) / 4
        };
        let measuring: Duration = plan.cases().iter().map(of_case).sum();
        assert!(measuring.as_secs() < most, "{measuring:?}");
    }
}

#[test]
fn only_what_is_wanted_is_measured() {
    let only = Plan {
        scenarios: vec![Scenario::Ping, Scenario::Codec],
        transports: vec![Transport::Shm],
        rates: vec![0, 500, 0, 500],
        ..plan()
    };
    for row in rows(&only) {
        let paced = row.scenario == Scenario::Ping;
        assert!(paced && row.transport == Transport::Shm || row.scenario == Scenario::Codec);
        assert!(row.rate == 0 || paced && row.rate == 500);
    }
    let once = Plan {
        rates: vec![0, 500],
        ..only.clone()
    };
    assert_eq!(rows(&only), rows(&once));
    let part = |only: &[&str]| Plan {
        only: only.iter().map(|part| (*part).to_owned()).collect(),
        ..plan_with_peers()
    };
    // Every transport on a busy machine, blocking or not.
    let carried = LINKS.iter().filter(|link| is_carried(**link)).count();
    assert_eq!(rows(&part(&["(one hog)"])).len(), 2 * carried);
    // Who is asked for is beside the others that ask the same.
    let pair = rows(&part(&["ping socket client go-c @1000"]));
    let pair: Vec<_> = pair.iter().filter(|row| row.rate == 1000).collect();
    assert_eq!(pair.len(), 3);
}

#[test]
fn limits_can_be_all_that_is_wanted() {
    for (scenario, only, memcpy, empty) in [
        (Scenario::Limits, "limits memcpy", true, false),
        (Scenario::Limits, "pong", false, true),
        (Scenario::Ping, "limits", false, true),
        (Scenario::Ping, "pong", false, true),
        (Scenario::Ping, "ping", false, false),
    ] {
        let plan = Plan {
            scenarios: vec![scenario],
            only: vec![only.to_owned()],
            ..plan()
        };
        assert_eq!(plan.wants_limit("limits memcpy 64 raw"), memcpy, "{only}");
        assert!(!plan.wants_limit("limits line shm raw"), "{only}");
        assert_eq!(plan.is_empty(), empty, "{only}");
    }
}

#[test]
fn rates_are_for_what_asks_and_waits() {
    let rates = Plan {
        rates: vec![500],
        ..plan()
    };
    for row in rows(&rates) {
        use Scenario::{Batch, Lookup, Ping, Snapshot};
        let paced = matches!(row.scenario, Batch | Lookup | Ping | Snapshot);
        assert_eq!(row.rate == 500, paced, "{}", row.name());
    }
}
