use std::fmt::Write;

use super::{
    Kind,
    rules::{RULES, Rule},
    systemd::{UNIT_PLUMBING, UNIT_SUFFIXES},
};

/// The table of what a path tells, in Markdown, made from the data that [`identify`](crate::identify) reads.
pub fn path_table() -> String {
    let mut table = String::from(
        "| found as | in the path | what it is | run by | plumbing below it | such as |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for rule in RULES {
        let _ = writeln!(table, "{}", row(rule));
    }
    let suffixes: Vec<String> = UNIT_SUFFIXES
        .iter()
        .map(|(suffix, _)| format!("`NAME{suffix}`"))
        .collect();
    let plumbing = UNIT_PLUMBING.map(|name| format!("`{name}`"));
    let _ = writeln!(
        table,
        "| systemd unit | {} | the unit | systemd | {} | `/system.slice/sshd.service` |",
        suffixes.join(", "),
        plumbing.join(", ")
    );
    table
}

fn row(rule: &Rule) -> String {
    let kind = match rule.kind {
        Kind::Container => "container",
        Kind::Pod => "pod",
        Kind::Machine => "virtual machine",
        _ => "monitor",
    };
    let orchestrator = format!("{:?}", rule.orchestrator).to_lowercase();
    let runtime = match rule.runtime {
        "" => String::new(),
        runtime if runtime == orchestrator => String::new(),
        runtime => format!(", {runtime}"),
    };
    let plumbing: Vec<String> = rule
        .plumbing
        .iter()
        .map(|name| format!("`{name}`"))
        .collect();
    format!(
        "| {} | `{}` | {kind} | {orchestrator}{runtime} | {} | `{}` |",
        rule.name,
        rule.pattern(),
        plumbing.join(", "),
        rule.example
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identify::identify;

    /// An example with the words that its letters stand for.
    fn filled(example: &str) -> String {
        let hex = "0123456789abcdef";
        let uuid = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
        example
            .replace("BASE36", "qz1f4cvnqzkrxmm0k3w1kd0x2")
            .replace("HEX64", &hex.repeat(4))
            .replace("HEX32", &hex.repeat(2))
            .replace("U_U_I_D", &uuid.replace('-', "_"))
            .replace("UUID", uuid)
    }

    #[test]
    fn every_rule_is_the_one_that_its_example_is_found_by() {
        for rule in RULES {
            let identity = identify(filled(rule.example).as_bytes());
            assert_eq!(identity.rule, rule.name, "{}", rule.example);
            assert_eq!(identity.kind, rule.kind, "{}", rule.example);
            assert!(!identity.name.is_empty());
        }
    }

    #[test]
    fn plumbing_below_every_example_is_plumbing() {
        for rule in RULES {
            for name in rule.plumbing {
                let part = name.replace('*', "0");
                let path = format!("{}/{part}", filled(rule.example));
                let identity = identify(path.as_bytes());
                assert_eq!(identity.kind, Kind::Plumbing, "{path}");
                assert_eq!(identity.inner, part.as_bytes(), "{path}");
            }
        }
    }
}
