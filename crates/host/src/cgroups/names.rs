//! Names that tell cgroups apart.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
    sync::Arc,
};

use super::item::Cgroup;
use crate::{
    identify::{Kind, identify, short_id},
    paths::{ancestor, depth},
    runtime::Subject,
};

/// Enabled cgroups that would all have one name, and the names that they have instead.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Clash {
    /// What all of them would be called.
    pub name: Vec<u8>,
    /// The name and the key of each.
    pub cgroups: Vec<(Vec<u8>, Vec<u8>)>,
}

/// One line.
impl fmt::Display for Clash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = String::from_utf8_lossy;
        let each = self.cgroups.iter();
        let each: Vec<String> = each
            .map(|(name, key)| format!("{} is {}", text(name), text(key)))
            .collect();
        let (count, name) = (self.cgroups.len(), text(&self.name));
        write!(f, "{count} cgroups are called {name}: {}", each.join(", "))
    }
}

/// What tells cgroups of one name apart, in the order in which it is tried.
const QUALIFIERS: [fn(&Cgroup) -> Vec<u8>; 6] = [
    |cgroup| cgroup.orchestrator().word().into(),
    enclosing_machine,
    |cgroup| id(cgroup).map_or_else(Vec::new, short_id),
    |cgroup| id(cgroup).unwrap_or_default().to_vec(),
    |cgroup| {
        let key = cgroup.key();
        ancestor(key, depth(key) - 1)[1..].to_vec()
    },
    |cgroup| cgroup.key()[1..].to_vec(),
];

/// Gives every enabled cgroup a name of its own, and marks what is in `items` twice.
pub(super) fn settle(items: &mut [Arc<Cgroup>]) -> Vec<Clash> {
    let mut wanted: HashMap<Arc<[u8]>, Vec<usize>> = HashMap::new();
    let mut first: HashMap<&[u8], usize> = HashMap::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        if item.excluded() {
            continue;
        }
        if let Some(earlier) = first.get(&**item.plain_name()) {
            let name = Arc::clone(item.plain_name());
            wanted
                .entry(name)
                .or_insert_with(|| vec![*earlier])
                .push(index);
        } else {
            first.insert(item.plain_name(), index);
        }
    }
    let names: HashMap<usize, Outcome> = wanted
        .values()
        .flat_map(|group| tell_apart(items, group))
        .collect();
    drop(first);
    let names = unique(items, names);
    for (index, item) in items.iter_mut().enumerate() {
        let plain = Arc::clone(item.plain_name());
        match names.get(&index) {
            Some(Outcome::Name(name)) => item.settle(name, false),
            Some(Outcome::Duplicate) => item.settle(&plain, true),
            None => item.settle(&plain, false),
        }
    }
    let mut clashes: Vec<Clash> = wanted
        .iter()
        .filter_map(|(name, group)| clash(items, name, group))
        .collect();
    clashes.sort_by(|a, b| a.name.cmp(&b.name));
    clashes
}

#[derive(Debug)]
enum Outcome {
    Name(Vec<u8>),
    Duplicate,
}

fn clash(items: &[Arc<Cgroup>], name: &[u8], group: &[usize]) -> Option<Clash> {
    let cgroups: Vec<_> = group
        .iter()
        .map(|index| &items[*index])
        .filter(|item| item.enabled())
        .map(|item| (item.name().to_vec(), item.key().to_vec()))
        .collect();
    let name = name.to_vec();
    (cgroups.len() > 1).then_some(Clash { name, cgroups })
}

/// A name for each of a group that shares one.
fn tell_apart(items: &[Arc<Cgroup>], group: &[usize]) -> Vec<(usize, Outcome)> {
    let mut seen: HashMap<(&Subject, Kind), &[u8]> = HashMap::new();
    let (mut different, mut outcomes) = (Vec::new(), Vec::new());
    for index in group {
        let item = &items[*index];
        let same = (item.subject(), item.kind());
        let hierarchy = item.hierarchy();
        // One container has one cgroup a hierarchy: a second one is the same, spelled as the other hierarchy has it.
        let elsewhere = seen.get(&same).is_some_and(|other| *other != hierarchy);
        if elsewhere && !item.subject().is_empty() {
            outcomes.push((*index, Outcome::Duplicate));
        } else {
            seen.entry(same).or_insert(hierarchy);
            different.push(*index);
        }
    }
    let several = different.len() > 1;
    different.retain(|index| {
        let item = &items[*index];
        let is_named = several && item.kind() == Kind::Plumbing;
        if is_named {
            // It has the name of what it belongs to, which is to keep it.
            let inner = identify(item.key()).inner;
            let name = [item.plain_name(), &*inner].join(&b'/');
            outcomes.push((*index, Outcome::Name(name)));
        }
        !is_named
    });
    if different.len() > 1 {
        let name = items[group[0]].plain_name();
        qualify(items, different, name, &QUALIFIERS, &mut outcomes);
    }
    outcomes
}

fn qualify(
    items: &[Arc<Cgroup>],
    group: Vec<usize>,
    name: &[u8],
    qualifiers: &[fn(&Cgroup) -> Vec<u8>],
    outcomes: &mut Vec<(usize, Outcome)>,
) {
    let Some((qualifier, rest)) = qualifiers.split_first().filter(|_| group.len() > 1) else {
        let named = group.into_iter();
        outcomes.extend(named.map(|index| (index, Outcome::Name(name.to_vec()))));
        return;
    };
    let mut parts: BTreeMap<Vec<u8>, Vec<usize>> = BTreeMap::new();
    for index in group {
        let value = qualifier(&items[index]);
        parts.entry(value).or_default().push(index);
    }
    let tells = parts.len() > 1;
    for (value, part) in parts {
        if tells && !value.is_empty() {
            let name = [name, b"@", &value].concat();
            qualify(items, part, &name, rest, outcomes);
        } else {
            qualify(items, part, name, rest, outcomes);
        }
    }
}

/// The outcomes without names that another cgroup has anyhow.
fn unique(items: &[Arc<Cgroup>], mut outcomes: HashMap<usize, Outcome>) -> HashMap<usize, Outcome> {
    if outcomes.is_empty() {
        return outcomes;
    }
    let others = items.iter().enumerate();
    let mut taken: HashSet<Vec<u8>> = others
        .filter(|(index, item)| !item.excluded() && !outcomes.contains_key(index))
        .map(|(_, item)| item.plain_name().to_vec())
        .collect();
    let mut indexes: Vec<usize> = outcomes.keys().copied().collect();
    indexes.sort_unstable();
    for index in indexes {
        if let Some(Outcome::Name(name)) = outcomes.get_mut(&index) {
            while !taken.insert(name.clone()) {
                name.extend_from_slice(&[b"@", &items[index].key()[1..]].concat());
            }
        }
    }
    outcomes
}

/// The name of the container or machine that the cgroup is in, if it is in another one than itself.
fn enclosing_machine(cgroup: &Cgroup) -> Vec<u8> {
    let key = cgroup.key();
    (1..depth(key))
        .rev()
        .map(|levels| identify(ancestor(key, levels)))
        .find(|outer| {
            let is_thing = matches!(outer.kind, Kind::Container | Kind::Machine);
            is_thing && Subject::of(outer) != *cgroup.subject()
        })
        .map(|outer| outer.name)
        .unwrap_or_default()
}

fn id(cgroup: &Cgroup) -> Option<&[u8]> {
    let subject = cgroup.subject();
    let id = subject.container_id.as_ref().or(subject.pod_uid.as_ref());
    id.map(|id| &**id)
}
