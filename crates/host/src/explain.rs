use std::fmt;

use crate::{
    cgroups::{Cgroup, CgroupAnswer},
    host::Host,
    identify::{Identity, identify},
    policy::Decision,
    snapshot::HostSnapshot,
};

/// Why a path is answered as it is: which rule and which file gave each field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    lines: Vec<(String, String)>,
}

impl Explanation {
    /// The fields in order, each with its value and where that comes from.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.lines.iter().map(|(field, why)| (&**field, &**why))
    }

    fn add(&mut self, field: &str, why: impl Into<String>) {
        self.lines.push((field.to_owned(), why.into()));
    }

    fn of_cgroup(&mut self, cgroup: &Cgroup, snapshot: &HostSnapshot, decision: Decision) {
        let identity = identify(cgroup.key());
        let by_path = if identity.rule.is_empty() {
            "no rule, only the path".to_owned()
        } else {
            format!("rule \"{}\"", identity.rule)
        };
        let file = cgroup.runtime().map(|info| info.origin.clone());
        self.add("key", text(cgroup.key()));
        self.add("directory", text(cgroup.path()));
        self.add(
            "kind",
            format!("{} (from the path: {by_path})", cgroup.kind().word()),
        );
        self.add(
            "orchestrator",
            orchestrator(cgroup, &identity, &by_path, file.as_deref()),
        );
        self.add(
            "name",
            name(cgroup, &identity, &by_path, file.as_deref(), snapshot),
        );
        for label in cgroup.labels() {
            let from = if identity.labels.find(label.key()) == Some(label.value()) {
                "the path"
            } else {
                file.as_deref().unwrap_or("the path")
            };
            let what = format!("{} (from {from})", text(label.value()));
            self.add(&format!("label {}", text(label.key())), what);
        }
        let rule = decision
            .rule
            .unwrap_or_else(|| "no pattern matches".to_owned());
        let duplicate = cgroup.options() & crate::options::DUPLICATE != 0;
        let why = if duplicate {
            "no: the same cgroup is there in another hierarchy".to_owned()
        } else if cgroup.enabled() {
            format!("yes (policy: {rule})")
        } else {
            format!("no (policy: {rule})")
        };
        self.add("enabled", why);
        self.add("options", format!("{:#x}", cgroup.options()));
    }
}

impl Host {
    /// Explains what the current snapshot says about the cgroup at `path`, in any spelling, and what its sources came to.
    pub fn explain(&self, path: &[u8]) -> Explanation {
        let snapshot = self.current();
        let mut explanation = Explanation { lines: Vec::new() };
        explanation.add("path", text(path));
        match snapshot.cgroup(path) {
            CgroupAnswer::Known(cgroup) => {
                explanation.add("status", "known");
                let decision = self.config().policy.decide(
                    cgroup.key(),
                    cgroup.plain(),
                    cgroup.kind(),
                );
                explanation.of_cgroup(cgroup, &snapshot, decision);
            }
            CgroupAnswer::RetryLater => explanation.add(
                "status",
                "unknown-retry-later: it is there, or a process was seen in it, but it was not listed yet",
            ),
            CgroupAnswer::Permanent => explanation.add(
                "status",
                "unknown-permanent: no such cgroup in any hierarchy that is visible from here",
            ),
        }
        let now = std::time::Instant::now();
        for source in snapshot.sources() {
            let age = match (source.age(now), source.stale(now)) {
                (Some(_), Some(age)) => format!("stale, {:.1} s old", age.as_secs_f64()),
                (Some(age), None) => format!("{:.1} s old", age.as_secs_f64()),
                (None, _) => "no data".to_owned(),
            };
            explanation.add("source", format!("{source} ({age})"));
        }
        explanation
    }
}

/// A field a line.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fields()
            .try_for_each(|(field, why)| writeln!(f, "{field}: {why}"))
    }
}

fn orchestrator(cgroup: &Cgroup, identity: &Identity, by_path: &str, file: Option<&str>) -> String {
    let word = match cgroup.orchestrator().word() {
        "" => "unknown",
        word => word,
    };
    if cgroup.orchestrator() == identity.orchestrator {
        format!("{word} (from the path: {by_path})")
    } else {
        format!("{word} (from {})", file.unwrap_or("a runtime"))
    }
}

fn name(
    cgroup: &Cgroup,
    identity: &Identity,
    by_path: &str,
    file: Option<&str>,
    snapshot: &HostSnapshot,
) -> String {
    let from = if cgroup.plain() == identity.full_name() {
        format!("the path: {by_path}")
    } else {
        file.unwrap_or("a runtime").to_owned()
    };
    let mut name = format!("{} (from {from})", text(cgroup.name()));
    let clashes = snapshot.cgroups().clashes().iter();
    for clash in clashes.filter(|clash| clash.name == cgroup.plain()) {
        name.push_str(&format!("; told apart, as {clash}"));
    }
    name
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
