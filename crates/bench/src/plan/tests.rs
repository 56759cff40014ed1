use std::collections::HashSet;

use super::*;

pub(crate) fn plan() -> Plan {
    Plan {
        scenarios: Vec::new(),
        transports: Vec::new(),
        rates: Vec::new(),
        only: Vec::new(),
        clients: Vec::new(),
        effort: Effort::QUICK,
        quick: true,
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
        "batch shm client",
        "pipeline socket client",
        "pipeline-batch socket session",
        "snapshot 10000 shm client",
        "lookup apps 32768 mixed socket client",
        "codec cgroups 8192 known codec",
        "cache 16 pinned cache",
        "connect shm session",
    ] {
        assert!(names.iter().any(|known| known == name), "{name}");
    }
}

#[test]
fn a_quick_look_takes_less_than_two_minutes() {
    let plan = plan();
    let measuring = plan.effort.total() * u32::try_from(plan.cases().len() + 12).unwrap();
    assert!(
        measuring.as_secs() < 90,
        "and then there are processes to start: {measuring:?}"
    );
}

#[test]
fn only_what_is_wanted_is_measured() {
    let only = Plan {
        scenarios: vec![Scenario::Ping, Scenario::Codec],
        transports: vec![Transport::Shm],
        rates: vec![0, 500],
        ..plan()
    };
    assert!(only.needs_limits());
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
    // Two services on two transports and as codecs, and every transport on a busy machine.
    let carried = LINKS.iter().filter(|link| is_carried(**link)).count();
    assert_eq!(part.cases().len(), 2 * 3 + carried);
    let cache = Plan {
        scenarios: vec![Scenario::Cache],
        ..plan()
    };
    assert!(!cache.needs_limits());
}

#[test]
fn limits_can_be_all_that_is_wanted() {
    let of = |scenario, only: &[&str]| Plan {
        scenarios: vec![scenario],
        only: only.iter().map(|part| (*part).to_owned()).collect(),
        ..plan()
    };
    let limits = of(Scenario::Limits, &["limits echo"]);
    assert!(limits.needs_limits() && !limits.is_empty());
    assert!(of(Scenario::Limits, &["echo"]).is_empty());
    assert!(of(Scenario::Ping, &["limits"]).is_empty());
    assert!(of(Scenario::Ping, &["pong"]).is_empty());
    assert!(!of(Scenario::Ping, &["ping"]).is_empty());
}

#[test]
fn clients_are_beside_what_they_can_do() {
    let clients = Plan {
        clients: vec!["c=driver".parse().unwrap(), "go=other".parse().unwrap()],
        ..plan()
    };
    let names: Vec<_> = clients.cases().iter().flat_map(Case::rows).collect();
    let names: Vec<_> = names.iter().map(Row::name).collect();
    for name in [
        "ping shm client",
        "ping shm client c",
        "ping shm client go",
        "pipeline socket client c",
        "batch socket client c",
        "snapshot 1000 shm client c",
        "lookup apps 256 unknown shm client c",
        "cache 16 pinned cache c",
        "item snapshot 1000 codec c",
    ] {
        assert!(names.iter().any(|known| known == name), "{name}");
    }
    assert_eq!(names.len() % 3, 0, "nobody is alone");
    for alone in [
        "session",
        "blocking",
        "hog",
        "one cpu",
        "refreshed",
        "@",
        "connect",
    ] {
        assert!(!names.iter().any(|name| name.contains(alone)), "{alone}");
    }
    let of_one = Plan {
        only: vec!["ping shm client go".to_owned()],
        ..clients
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
