use std::borrow::Cow;

use super::{
    Identity, Kind, Orchestrator,
    alphabet::{Alphabet, Word, short_id},
    kubelet::Kubelet,
    rules::{GROUPS, KUBEPODS, PARTITION, RULES, Rule, Suffix},
    unescape,
};
use crate::labels::Labels;

/// A container, a pod, a machine, or what watches over one.
pub(super) struct Thing {
    rule: &'static Rule,
    identity: Identity,
}

/// Recognises the thing that the part with index `at` is.
pub(super) fn recognise(kubelet: &mut Kubelet, parts: &[&[u8]], at: usize) -> Option<Thing> {
    let (before, part) = (&parts[..at], parts[at]);
    if let Some((slice, unit)) = colons(part) {
        // containerd and runc write this when told of a systemd path but not to use systemd.
        kubelet.enter(slice);
        if let Some((_, word)) = find(before, slice, kubelet).filter(|(rule, _)| is_pod(rule)) {
            kubelet.enter_pod(at, &word.id);
        }
        let (rule, word) = find(&[], &unit, kubelet)?;
        return Some(thing(rule, &word, part, kubelet, at));
    }
    kubelet.enter(part);
    let unescaped = unescaped(part);
    let (rule, word) = find(before, &unescaped, kubelet)?;
    if is_pod(rule) && !kubelet.enter_pod(at, &word.id) {
        return None;
    }
    Some(thing(rule, &word, part, kubelet, at))
}

/// Whether the path is a directory that things are below of, and nothing more.
pub(super) fn is_group(parts: &[&[u8]]) -> bool {
    let Some(last) = parts.last() else {
        return false;
    };
    let begins = |rule: &Rule| {
        let above = rule.above;
        (1..=above.len()).any(|levels| is_below(&above[..levels], parts))
    };
    let is_first = parts.len() == 1 && GROUPS.iter().any(|group| group.as_bytes() == *last);
    is_first || last.ends_with(PARTITION.as_bytes()) || RULES.iter().any(begins)
}

impl Thing {
    /// The identity of the cgroup `inner` of the thing; of the thing itself where there is none.
    pub(super) fn identity(self, inner: &[&[u8]]) -> Identity {
        let is_plumbing = |part: &&[u8]| {
            self.rule
                .plumbing
                .iter()
                .any(|name| match name.strip_suffix('*') {
                    Some(start) => part.starts_with(start.as_bytes()),
                    None => name.as_bytes() == *part,
                })
        };
        let kind = if inner.is_empty() {
            self.identity.kind
        } else if inner.iter().all(is_plumbing) {
            Kind::Plumbing
        } else {
            Kind::Inside
        };
        Identity {
            kind,
            inner: inner.join(&b'/'),
            ..self.identity
        }
    }
}

/// The first rule that matches a part.
fn find<'p>(
    before: &[&[u8]],
    part: &'p [u8],
    kubelet: &Kubelet,
) -> Option<(&'static Rule, Word<'p>)> {
    RULES.iter().find_map(|rule| {
        let word = rule.word(part)?;
        let placed = if rule.above == KUBEPODS {
            kubelet.is_present()
        } else {
            is_below(rule.above, before)
        };
        placed.then_some((rule, word))
    })
}

fn is_below(above: &[&str], before: &[&[u8]]) -> bool {
    let Some(start) = before.len().checked_sub(above.len()) else {
        return false;
    };
    above
        .iter()
        .zip(&before[start..])
        .all(|(wanted, part)| *wanted == "*" || wanted.as_bytes() == *part)
}

fn is_pod(rule: &Rule) -> bool {
    rule.id == Alphabet::PodUid
}

impl Rule {
    fn word<'p>(&self, part: &'p [u8]) -> Option<Word<'p>> {
        let stem = match self.suffix {
            Suffix::AnyUnit => part
                .strip_suffix(b".scope")
                .or_else(|| part.strip_suffix(b".slice"))
                .unwrap_or(part),
            Suffix::Exactly(suffix) => part.strip_suffix(suffix.as_bytes())?,
        };
        let id = match self.prefix.strip_prefix('*') {
            Some(ending) => {
                let ending = ending.as_bytes();
                let at = memchr::memmem::rfind(stem, ending)?;
                // Nesting to systemd: each level repeats the one above it and adds a dash.
                (at == 0 || stem[at - 1] == b'-').then(|| &stem[at + ending.len()..])?
            }
            None => stem.strip_prefix(self.prefix.as_bytes())?,
        };
        self.id.read(id)
    }
}

fn thing(rule: &'static Rule, word: &Word, part: &[u8], kubelet: &Kubelet, at: usize) -> Thing {
    let pod = kubelet.owner(at);
    let mut labels = Labels::default();
    if pod.is_some() {
        kubelet.label(&mut labels);
    }
    let mut identity = Identity {
        orchestrator: match pod {
            Some(_) => Orchestrator::Kubernetes,
            None => rule.orchestrator,
        },
        kind: rule.kind,
        rule: rule.name,
        pod_uid: pod.map(|pod| pod.uid.clone()),
        ..Identity::default()
    };
    let short = short_id(&word.id);
    identity.name = match (word.name, pod) {
        (Some(name), _) => rule.kind.name(name),
        (None, Some(pod)) if rule.kind == Kind::Pod => pod.name(),
        (None, Some(pod)) => rule.kind.name(&[&pod.name(), &b"/"[..], &short].concat()),
        (None, None) => {
            let family = match (rule.kind, rule.runtime) {
                (Kind::Pod, _) => "pod",
                (_, "") => "container",
                (_, runtime) => runtime,
            };
            rule.kind.name(&[family.as_bytes(), b"-", &short].concat())
        }
    };
    match rule.id {
        Alphabet::Name | Alphabet::Number | Alphabet::NumberedName => {
            labels.insert("machine", &word.id);
            identity.machine = Some(word.id.to_vec());
            identity.unit = Some(part.to_vec());
        }
        Alphabet::PodUid => {}
        Alphabet::UuidName => {
            labels.insert("allocation_id", &word.id);
            labels.insert("task", word.name.unwrap_or_default());
            identity.container_id = Some(word.id.to_vec());
        }
        Alphabet::Hex | Alphabet::Whole | Alphabet::Task | Alphabet::Base36 => {
            if rule.kind != Kind::Pod {
                labels.insert("container_id", &word.id);
            }
            identity.container_id = Some(word.id.to_vec());
        }
    }
    if !rule.runtime.is_empty() {
        labels.insert("container_runtime", rule.runtime);
    }
    identity.labels = labels;
    Thing { rule, identity }
}

/// `<slice>:<runtime>:<id>` as the slice, and what systemd would have been told to make in it.
fn colons(part: &[u8]) -> Option<(&[u8], Vec<u8>)> {
    let mut fields = part.rsplitn(3, |byte| *byte == b':');
    let (id, runtime, slice) = (fields.next()?, fields.next()?, fields.next()?);
    Some((slice, [runtime, b"-", id].concat()))
}

/// The names of units have escapes; those of directories that no systemd made have none.
fn unescaped(part: &[u8]) -> Cow<'_, [u8]> {
    let is_unit = part.ends_with(b".scope") || part.ends_with(b".service");
    if is_unit && memchr::memchr(b'\\', part).is_some() {
        Cow::Owned(unescape(part))
    } else {
        Cow::Borrowed(part)
    }
}
