//! Which cgroups a consumer should collect.

use std::fmt;

use crate::{glob::matches, identify::Kind};

/// What is not collected unless somebody wants it.
const DEFAULTS: [&str; 9] = [
    "@pod",
    "@monitor",
    "@plumbing",
    "@inside",
    "@group",
    "@slice",
    "@mount",
    "@socket",
    "@swap",
];

/// A list of patterns that says which cgroups are enabled: the first that matches decides, and what none matches is enabled.
///
/// `*` stands for any bytes, also `/`, and `?` for any one byte. A pattern is held against the whole cgroup path, with and without
/// its first slash, and against the whole name; one that begins with `@` against the word for what the cgroup is ([`Kind::word`]).
///
/// ```
/// use netipc_host::{Kind, Policy};
///
/// let mut policy = Policy::default();
/// policy.disable("*/cron.service");
/// policy.enable("@slice");
/// policy.disable("!/machine.slice"); // the opposite of disable
/// assert!(!policy.decide(b"/system.slice/cron.service", b"cron.service", Kind::Service).enabled);
/// assert!(policy.decide(b"/system.slice", b"system.slice", Kind::Slice).enabled);
/// assert!(!policy.decide(b"/a/b.mount", b"b.mount", Kind::Mount).enabled);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    rules: Vec<Rule>,
}

/// One pattern of a [`Policy`], and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    enable: bool,
    pattern: String,
}

/// What a [`Policy`] says of a cgroup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether it should be collected.
    pub enabled: bool,
    /// The rule that decided, such as `disable @slice`; `None` if no pattern matched.
    pub rule: Option<String>,
}

impl Policy {
    /// Adds a pattern for cgroups that are enabled; with a leading `!` they are disabled. Earlier patterns come first.
    pub fn enable(&mut self, pattern: &str) {
        self.add(true, pattern);
    }

    /// Adds a pattern for cgroups that are disabled; with a leading `!` they are enabled. Earlier patterns come first.
    pub fn disable(&mut self, pattern: &str) {
        self.add(false, pattern);
    }

    /// Whether `pattern` can match anything: it is not empty, and a word behind an `@` is that of a kind.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn check(pattern: &str) -> Result<(), PatternError> {
        let pattern = pattern.strip_prefix('!').unwrap_or(pattern);
        match pattern.strip_prefix('@') {
            _ if pattern.is_empty() => Err(PatternError::Empty),
            Some(word)
                if !Kind::ALL
                    .iter()
                    .any(|kind| matches(word.as_bytes(), kind.word().as_bytes())) =>
            {
                Err(PatternError::NoKind {
                    word: word.to_owned(),
                })
            }
            _ => Ok(()),
        }
    }

    /// Adds the rules of a file: one `enable PATTERN` or `disable PATTERN` a line. Empty lines, and lines that begin with `#`,
    /// say nothing.
    ///
    /// # Errors
    ///
    /// Another line, by its number. Nothing is added then.
    pub fn read(&mut self, text: &str) -> Result<(), PolicyError> {
        let mut read = Self::default();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let failed = |why| PolicyError {
                line: index + 1,
                text: line.to_owned(),
                why,
            };
            let rule = line.split_once(char::is_whitespace);
            let Some((word @ ("enable" | "disable"), pattern)) = rule else {
                return Err(failed(None));
            };
            let pattern = pattern.trim_start();
            Self::check(pattern).map_err(|why| failed(Some(why)))?;
            read.add(word == "enable", pattern);
        }
        self.rules.append(&mut read.rules);
        Ok(())
    }

    /// What is to be done with the cgroup at `path` with this `name`. The patterns of [`Policy::defaults`] come last.
    pub fn decide(&self, path: &[u8], name: &[u8], kind: Kind) -> Decision {
        let own = self.rules.iter().map(|rule| (rule.enable, &*rule.pattern));
        let defaults = Self::defaults().map(|pattern| (false, pattern));
        let decided = own.chain(defaults).find(|(_, pattern)| {
            let pattern = pattern.as_bytes();
            match pattern.strip_prefix(b"@") {
                Some(word) => matches(word, kind.word().as_bytes()),
                None => {
                    let bare = path.strip_prefix(b"/").unwrap_or(path);
                    [path, bare, name].iter().any(|text| matches(pattern, text))
                }
            }
        });
        match decided {
            Some((enabled, pattern)) => {
                let verb = if enabled { "enable" } else { "disable" };
                Decision {
                    enabled,
                    rule: Some(format!("{verb} {pattern}")),
                }
            }
            None => Decision {
                enabled: true,
                rule: None,
            },
        }
    }

    /// The patterns that are disabled where no other rule matches.
    pub fn defaults() -> impl Iterator<Item = &'static str> {
        DEFAULTS.into_iter()
    }

    fn add(&mut self, enable: bool, pattern: &str) {
        let (enable, pattern) = match pattern.strip_prefix('!') {
            Some(pattern) => (!enable, pattern),
            None => (enable, pattern),
        };
        self.rules.push(Rule {
            enable,
            pattern: pattern.to_owned(),
        });
    }
}

/// A line of a policy file that says neither what to enable nor what to disable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct PolicyError {
    /// Counted from 1.
    pub line: usize,
    text: String,
    why: Option<PatternError>,
}

/// A pattern that matches nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// There is nothing in it.
    #[error("the pattern is empty")]
    Empty,
    /// No kind of cgroup has this word.
    #[error("no kind of cgroup is called @{word}; there are {}", Kind::ALL.map(|kind| format!("@{}", kind.word())).join(", "))]
    NoKind {
        /// What stands behind the `@`.
        word: String,
    },
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, text, why } = self;
        match why {
            Some(why) => write!(f, "line {line} is `{text}`: {why}"),
            None => write!(
                f,
                "line {line} is `{text}`, not `enable PATTERN` or `disable PATTERN`"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule_of(policy: &Policy, path: &str, kind: Kind) -> String {
        let name = path.rsplit('/').next().unwrap();
        let decision = policy.decide(path.as_bytes(), name.as_bytes(), kind);
        let verb = if decision.enabled { "+" } else { "-" };
        format!("{verb}{}", decision.rule.unwrap_or_default())
    }

    #[test]
    fn the_first_match_decides() {
        let mut policy = Policy::default();
        policy
            .read("# ours\nenable /a/keep*\n\n disable  /a/*\nenable /a/never\ndisable !web\ndisable c/*\n")
            .unwrap();
        for (path, expected) in [
            ("/a/keeper", "+enable /a/keep*"),
            ("/a/never", "-disable /a/*"),
            ("/b/web", "+enable web"),
            ("/c/x", "-disable c/*"),
            ("/b", "+"),
        ] {
            assert_eq!(rule_of(&policy, path, Kind::Other), expected, "{path}");
        }
        assert_eq!(rule_of(&policy, "/b", Kind::Slice), "-disable @slice");
    }

    #[test]
    fn patterns_that_match_nothing_are_told() {
        for pattern in ["*", "!*/x", "@slice", "!@s*", "@*"] {
            assert_eq!(Policy::check(pattern), Ok(()), "{pattern}");
        }
        for pattern in ["", "!"] {
            assert_eq!(Policy::check(pattern), Err(PatternError::Empty));
        }
        let error = Policy::check("!@vm").unwrap_err().to_string();
        assert!(error.contains("called @vm; there are @other"), "{error}");
    }

    #[test]
    fn words_are_held_against_the_kind_alone() {
        let mut policy = Policy::default();
        policy.enable("@s*");
        assert_eq!(rule_of(&policy, "/x", Kind::Slice), "+enable @s*");
        assert_eq!(rule_of(&policy, "/@s", Kind::Mount), "-disable @mount");
    }

    #[test]
    fn other_lines_are_errors() {
        for (text, line) in [
            ("x", 1),
            ("enable a\ndisable\n", 2),
            ("forbid a", 1),
            ("enable @slice\nenable @slcie", 2),
            ("disable !", 1),
        ] {
            let mut policy = Policy::default();
            assert_eq!(policy.read(text).unwrap_err().line, line, "{text:?}");
            assert_eq!(policy, Policy::default());
        }
    }
}
