//! What is tried, as data: what the server serves, and what the client checks.

use serde::Serialize;

/// One row of the matrix.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Case {
    /// What people call it.
    pub name: &'static str,
    /// What the server serves.
    pub serve: &'static str,
    /// What the client checks.
    pub check: &'static str,
    /// Options of both.
    pub both: &'static [&'static str],
    /// Options of the server alone.
    pub server: &'static [&'static str],
    /// Options of the client alone.
    pub client: &'static [&'static str],
    /// How many clients the server must have turned down, at least.
    pub refused: u64,
    /// How clients come to their sessions: in each of these ways once.
    pub doors: &'static [Door],
}

/// How a client comes to its session.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Door {
    /// At once, with the right token.
    Open,
    /// Turned down first, for a wrong token.
    WrongToken,
    /// Turned down first, as the capacity of the server is reached.
    Full,
}

impl Door {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Open, Self::WrongToken, Self::Full];

    /// What stands behind the name of a case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "",
            Self::WrongToken => " after a wrong token",
            Self::Full => " after a full house",
        }
    }

    /// Options of the server.
    pub(crate) const fn server(self) -> &'static [&'static str] {
        match self {
            Self::Open | Self::WrongToken => &[],
            Self::Full => &["--workers", "1"],
        }
    }

    /// Options of the client.
    pub(crate) const fn client(self) -> &'static [&'static str] {
        match self {
            Self::Open => &[],
            Self::WrongToken => &["--door", "1"],
            Self::Full => &["--door", "2"],
        }
    }

    /// How many clients the server must have turned down, at least.
    pub(crate) const fn refused(self) -> u64 {
        match self {
            Self::Open => 0,
            Self::WrongToken | Self::Full => 1,
        }
    }
}

const PLAIN: Case = Case {
    name: "",
    serve: INCREMENT,
    check: INCREMENT,
    both: &[],
    server: &[],
    client: &[],
    refused: 0,
    doors: &Door::ALL,
};

/// What comes to its sessions in its own way.
const LIFE: Case = Case {
    doors: &[Door::Open],
    ..PLAIN
};

const INCREMENT: &str = "increment";
const REVERSE: &str = "string-reverse";
const SNAPSHOT: &str = "cgroups-snapshot";
const CGROUPS: &str = "cgroups-lookup";
const APPS: &str = "apps-lookup";
const ASN: &str = "ip-to-asn";
const TRAFFIC: &str = "pid-traffic";

/// What clients check of sessions and of the lives of their provider: with a bridge between them, both are its own.
const OF_ONE_HOST: [&str; 5] = ["enricher", "wrong-token", "capacity", "restart", "killed"];

impl Case {
    /// Whether a client finds the same with a bridge between it and its provider.
    #[must_use]
    pub fn crosses_hosts(&self) -> bool {
        !OF_ONE_HOST.contains(&self.check)
    }
}

/// Every row, in the order of the table.
pub const CASES: &[Case] = &[
    Case {
        name: "increment",
        client: &["--count", "16"],
        ..PLAIN
    },
    batch("increment batch of 1", &["--count", "1"]),
    batch("increment batch of 16", &["--count", "16"]),
    batch("increment batch of 1000", &["--count", "1000"]),
    Case {
        name: "increment pipelined",
        check: "increment-pipelined",
        client: &["--count", "1000", "--window", "16"],
        ..PLAIN
    },
    reverse("string-reverse of nothing", &["--count", "0"]),
    reverse("string-reverse", &["--count", "5"]),
    reverse("string-reverse of 100 KiB", &["--count", "102400"]),
    snapshot("cgroups-snapshot of nothing", &["--items", "0"]),
    snapshot("cgroups-snapshot", &["--items", "16"]),
    // 3000 items of 1024 bytes and more.
    snapshot(
        "cgroups-snapshot of 3 MiB",
        &[
            "--items",
            "3000",
            "--path-len",
            "1024",
            "--max-response",
            "4194304",
        ],
    ),
    lookup("cgroups-lookup of nothing", CGROUPS, &["--count", "0"]),
    lookup("cgroups-lookup of 1", CGROUPS, &["--count", "1"]),
    lookup("cgroups-lookup of 256", CGROUPS, &["--count", "256"]),
    lookup("cgroups-lookup of 20000", CGROUPS, &["--count", "20000"]),
    small("cgroups-lookup oversized", CGROUPS, HUGE_ONE),
    small("cgroups-lookup mixed", CGROUPS, &["--count", "2000"]),
    lookup("apps-lookup of nothing", APPS, &["--count", "0"]),
    lookup("apps-lookup of 1", APPS, &["--count", "1"]),
    lookup("apps-lookup of 256", APPS, &["--count", "256"]),
    lookup("apps-lookup of 20000", APPS, &["--count", "20000"]),
    small("apps-lookup oversized", APPS, HUGE_ONE),
    small("apps-lookup mixed", APPS, &["--count", "2000"]),
    lookup("ip-to-asn of nothing", ASN, &["--count", "0"]),
    lookup("ip-to-asn of 1", ASN, &["--count", "1"]),
    lookup("ip-to-asn of 256", ASN, &["--count", "256"]),
    lookup("ip-to-asn of 20000", ASN, &["--count", "20000"]),
    small("ip-to-asn oversized", ASN, HUGE_ONE),
    small("ip-to-asn mixed", ASN, &["--count", "2000"]),
    lookup("pid-traffic of nothing", TRAFFIC, &["--count", "0"]),
    lookup("pid-traffic of 1", TRAFFIC, &["--count", "1"]),
    lookup("pid-traffic of 256", TRAFFIC, &["--count", "256"]),
    lookup("pid-traffic of 20000", TRAFFIC, &["--count", "20000"]),
    Case {
        name: "cache over a restart",
        serve: SNAPSHOT,
        check: "cache",
        both: &["--items", "64", "--path-len", "100"],
        ..PLAIN
    },
    Case {
        name: "enricher over a restart",
        serve: APPS,
        check: "enricher",
        client: &["--count", "64"],
        ..PLAIN
    },
    Case {
        name: "wrong token",
        check: "wrong-token",
        refused: 1,
        ..LIFE
    },
    Case {
        name: "capacity reached",
        check: "capacity",
        server: &["--workers", "1"],
        refused: 1,
        ..LIFE
    },
    Case {
        name: "provider restarts",
        check: "restart",
        ..LIFE
    },
    Case {
        name: "provider dies during a call",
        check: "killed",
        both: &["--stuck-on", "13"],
        ..LIFE
    },
];

/// Index 54 is number 1999: the first huge one.
const HUGE_ONE: &[&str] = &["--first", "54", "--count", "1"];

const fn batch(name: &'static str, client: &'static [&'static str]) -> Case {
    Case {
        name,
        check: "increment-batch",
        client,
        ..PLAIN
    }
}

const fn reverse(name: &'static str, client: &'static [&'static str]) -> Case {
    Case {
        name,
        serve: REVERSE,
        check: REVERSE,
        client,
        ..PLAIN
    }
}

const fn snapshot(name: &'static str, both: &'static [&'static str]) -> Case {
    Case {
        name,
        serve: SNAPSHOT,
        check: SNAPSHOT,
        both,
        ..PLAIN
    }
}

const fn lookup(name: &'static str, kind: &'static str, client: &'static [&'static str]) -> Case {
    Case {
        name,
        serve: kind,
        check: kind,
        client,
        ..PLAIN
    }
}

/// A lookup whose answers have no room for huge items.
const fn small(name: &'static str, kind: &'static str, client: &'static [&'static str]) -> Case {
    Case {
        both: &["--max-response", "16384"],
        ..lookup(name, kind, client)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_rows_have_one_name() {
        let names: BTreeSet<_> = CASES.iter().map(|case| case.name).collect();
        assert_eq!(names.len(), CASES.len());
        assert!(names.iter().all(|name| !name.is_empty()));
    }

    #[test]
    fn whatever_has_no_door_of_its_own_comes_through_all() {
        let own = ["wrong-token", "capacity", "restart", "killed"];
        for case in CASES {
            let expected = match own.contains(&case.check) {
                true => &[Door::Open][..],
                false => &Door::ALL,
            };
            assert_eq!(case.doors, expected, "{}", case.name);
        }
    }
}
