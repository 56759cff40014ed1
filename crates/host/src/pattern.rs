/// Which cgroups a machine's owner does not want: patterns tried in order, the first that matches decides.
///
/// `*` stands for any bytes, also `/`; a pattern that begins with `!` keeps what it matches. Each pattern is held
/// against the whole cgroup path and against the whole name.
///
/// ```
/// use netipc_host::Exclusions;
///
/// let exclusions = Exclusions::new(["!/system.slice/sshd.service", "/system.slice/*", "*.mount"]);
/// assert!(exclusions.excludes(b"/system.slice/cron.service", b"cron.service"));
/// assert!(!exclusions.excludes(b"/system.slice/sshd.service", b"sshd.service"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exclusions {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    keep: bool,
    pattern: Vec<u8>,
}

impl Exclusions {
    /// Patterns in the order in which they are tried.
    pub fn new<P: AsRef<[u8]>>(patterns: impl IntoIterator<Item = P>) -> Self {
        let rules = patterns.into_iter().map(|pattern| {
            let pattern = pattern.as_ref();
            let kept = pattern.strip_prefix(b"!");
            Rule {
                keep: kept.is_some(),
                pattern: kept.unwrap_or(pattern).to_vec(),
            }
        });
        Self {
            rules: rules.collect(),
        }
    }

    /// Whether the cgroup at `path` with this `name` is excluded.
    pub fn excludes(&self, path: &[u8], name: &[u8]) -> bool {
        self.rules
            .iter()
            .find(|rule| matches(&rule.pattern, path) || matches(&rule.pattern, name))
            .is_some_and(|rule| !rule.keep)
    }
}

/// Whether all of `text` matches. Only the last `*` is ever retried, which bounds the work to the product of the lengths.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                p += 1;
                retry = Some((p, t));
            }
            Some(byte) if *byte == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((after_star, taken)) = retry else {
                    return false;
                };
                retry = Some((after_star, taken + 1));
                p = after_star;
                t = taken + 1;
            }
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn star_stands_for_any_bytes() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "/a/b", true),
            ("a*c", "abc", true),
            ("a*c", "abcd", false),
            ("*b*", "abc", true),
            ("a*b*c", "axbxbxc", true),
            ("a*b*c", "axbxbx", false),
            ("**a", "ba", true),
            ("abc", "ab", false),
        ] {
            assert_eq!(
                matches(pattern.as_bytes(), text.as_bytes()),
                expected,
                "{pattern:?} against {text:?}"
            );
        }
    }

    #[test]
    fn first_match_decides() {
        let exclusions = Exclusions::new(["/a/keep*", "!/a/*", "/a/never"]);
        assert!(exclusions.excludes(b"/a/keeper", b""));
        assert!(!exclusions.excludes(b"/a/never", b""));
        assert!(!exclusions.excludes(b"/b", b"b"));
    }

    #[test]
    fn names_count_too() {
        assert!(Exclusions::new(["web"]).excludes(b"/docker/123", b"web"));
    }

    #[test]
    fn many_stars_stay_cheap() {
        let pattern = b"*a".repeat(200);
        let text = vec![b'b'; 4096];
        assert!(!matches(&pattern, &text));
    }
}
