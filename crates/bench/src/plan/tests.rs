use std::collections::HashSet;

use super::groups::{LINKS, PIPELINES};
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

fn names(plan: &Plan) -> Vec<String> {
    plan.cases().iter().map(|case| case.row.name()).collect()
}

#[test]
fn every_row_has_a_name_of_its_own() {
    let names = names(&plan());
    let different: HashSet<_> = names.iter().collect();
    assert_eq!(different.len(), names.len());
    for name in [
        "ping socket session",
        "ping shm client @1000",
        "ping blocking socket client @100000",
        "ping shm client (two hogs)",
        "ping blocking ring client (one hog)",
        "batch shm client",
        "pipeline socket client",
        "pipeline-batch socket session",
        "snapshot 10000 shm client",
        "lookup apps 32768 mixed socket client",
        "codec cgroups 8192 known codec",
        "cache 16 pinned cache",
        "enricher hit apps 10000 enricher",
        "enricher step cgroups 10000 shm enricher",
        "connect shm session",
    ] {
        assert!(names.iter().any(|known| known == name), "{name}");
    }
}

#[test]
fn a_quick_look_takes_less_than_two_minutes_and_eight_with_peers() {
    // And then there are processes to start.
    for (plan, most) in [(plan(), 90), (plan_with_peers(), 6 * 60)] {
        let of_case = |case: &Case| {
            let beside = [&case.limit, &case.deployed].into_iter().flatten().count();
            plan.effort.total() * (u32::try_from(case.rows().count() * 4 + beside).unwrap()) / 4
        };
        let measuring: std::time::Duration = plan.cases().iter().map(of_case).sum();
        assert!(measuring.as_secs() < most, "{measuring:?}");
    }
}

#[test]
fn only_what_is_wanted_is_measured() {
    let only = Plan {
        scenarios: vec![Scenario::Ping, Scenario::Codec],
        transports: vec![Transport::Shm],
        rates: vec![0, 500],
        ..plan()
    };
    for case in only.cases() {
        let Row {
            scenario,
            transport,
            rate,
            ..
        } = case.row;
        match scenario {
            Scenario::Ping => assert_eq!(transport, Transport::Shm),
            scenario => assert_eq!(scenario, Scenario::Codec),
        }
        assert!(rate == 0 || (rate == 500 && scenario == Scenario::Ping));
    }
    let part = Plan {
        only: vec!["16 known".to_owned(), "(one hog)".to_owned()],
        ..plan()
    };
    // Two services on two transports and as codecs, and every transport on a busy machine, blocking
    // or not.
    let carried = LINKS.iter().filter(|link| is_carried(**link)).count();
    assert_eq!(part.cases().len(), 2 * 3 + 2 * carried);
}

#[test]
fn limits_can_be_all_that_is_wanted() {
    let of = |scenario, only: &[&str]| Plan {
        scenarios: vec![scenario],
        only: only.iter().map(|part| (*part).to_owned()).collect(),
        ..plan()
    };
    let limits = of(Scenario::Limits, &["limits memcpy"]);
    assert!(limits.wants_limit("limits memcpy 64 raw") && !limits.is_empty());
    assert!(!limits.wants_limit("limits line shm raw"));
    assert!(of(Scenario::Limits, &["pong"]).is_empty());
    assert!(of(Scenario::Ping, &["limits"]).is_empty());
    assert!(of(Scenario::Ping, &["pong"]).is_empty());
    assert!(!of(Scenario::Ping, &["ping"]).is_empty());
}

#[test]
fn every_program_asks_every_program_over_everything() {
    let plan = Plan {
        matrix: true,
        ..plan_with_peers()
    };
    let rows: Vec<_> = plan
        .cases()
        .iter()
        .flat_map(|case| case.rows().collect::<Vec<_>>())
        .collect();
    let names: HashSet<_> = rows.iter().map(Row::name).collect();
    assert_eq!(names.len(), rows.len());
    let carried = |link: &&Transport| is_carried(**link);
    let mut wanted = 0;
    for (works, links) in [
        (
            &[
                "ping",
                "batch",
                "snapshot 16",
                "lookup cgroups 16 known",
                "lookup apps 16 known",
            ][..],
            LINKS,
        ),
        (&["pipeline"], PIPELINES),
        (&["cache 16"], LINKS),
    ] {
        for (work, link) in works
            .iter()
            .flat_map(|work| links.iter().filter(carried).map(move |link| (work, link)))
        {
            let layer = if work.starts_with("cache") {
                "cache"
            } else {
                "client"
            };
            for pair in [
                "", " c", " go", " rust-c", " c-c", " go-c", " rust-go", " c-go", " go-go",
            ] {
                for rate in ["", " @1000", " @10000", " @100000"] {
                    let name = format!("{work} {} {layer}{pair}{rate}", link.name());
                    assert!(names.contains(&name), "{name}");
                    wanted += 1;
                }
            }
        }
    }
    assert_eq!(names.len(), wanted, "and nothing else");
}

#[test]
fn peers_are_beside_what_they_can_do() {
    let plan = Plan {
        quick: false,
        ..plan_with_peers()
    };
    let cases = plan.cases();
    let rows: Vec<_> = cases
        .iter()
        .flat_map(|case| case.rows().collect::<Vec<_>>())
        .collect();
    let names: HashSet<_> = rows.iter().map(Row::name).collect();
    assert_eq!(names.len(), rows.len(), "each once");
    for name in [
        "ping shm session",
        "ping blocking shm client @1000",
        "pipeline socket client c",
        "snapshot 1000 shm client c",
        "lookup apps 256 unknown shm client c",
        "cache 16 pinned cache c",
        "enricher hit apps 10000 enricher c",
        "enricher miss cgroups 10000 enricher go",
        "item snapshot 1000 codec go",
    ] {
        assert!(names.contains(name), "{name}");
    }
    for alone in [
        "session",
        "blocking",
        "hog",
        "one cpu",
        "refreshed",
        "enricher step",
        "connect",
    ] {
        let mut of_c = rows.iter().filter(|row| row.client == "c");
        assert!(!of_c.any(|row| row.name().contains(alone)), "{alone}");
    }
    let of_one = Plan {
        only: vec!["ping shm client go-c".to_owned()],
        rates: vec![0],
        ..plan
    };
    let [case] = &of_one.cases()[..] else {
        panic!("there is one such row");
    };
    assert_eq!(case.rows().count(), 3);
}

#[test]
fn rates_count_once() {
    let twice = Plan {
        scenarios: vec![Scenario::Batch],
        rates: vec![500, 0, 500, 0],
        ..plan()
    };
    let once = Plan {
        rates: vec![500, 0],
        ..twice.clone()
    };
    assert_eq!(names(&twice), names(&once));
}

#[test]
fn rates_are_for_what_asks_and_waits() {
    let rates = Plan {
        rates: vec![500],
        ..plan()
    };
    let paced = |case: &Case| {
        use Scenario::{Batch, Lookup, Ping, Snapshot};
        matches!(case.row.scenario, Batch | Lookup | Ping | Snapshot)
    };
    assert!(
        rates
            .cases()
            .iter()
            .all(|case| (case.row.rate == 500) == paced(case))
    );
}
