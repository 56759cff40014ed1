//! Fixed content from a data file, checked when it is loaded: a server never finds a mistake in it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::fs;
use std::hash::Hash;
use std::path::Path;

use netipc::Handler;
use netipc::lookup::LookupItem;
use netipc::protocol::{CgroupStatus, PidStatus};
use netipc::service::apps_lookup;
use netipc::service::cgroups;
use netipc::service::cgroups_lookup;
use netipc::service::increment::Increment;
use netipc::service::string_reverse::{self, StringReverse};
use netipc::wire::{Encode, WireError, Writer};
use serde::de::DeserializeOwned;

use super::provider::{Plan, Provider};
use crate::args::ServiceName;
use crate::documents::{AppItem, Apps, CgroupItem, Cgroups, Head, Number, Snapshot, Text};
use crate::exit::{Exit, Failed};

/// The content of a data file.
pub(super) enum Fixture {
    Snapshot(Snapshot),
    Cgroups(Table<Vec<u8>, CgroupItem>),
    Apps(Table<u32, AppItem>),
    Number(Number),
    Text(Text),
}

/// Items by their keys, all of one generation.
pub(super) struct Table<K, I> {
    generation: u64,
    items: HashMap<K, I>,
}

impl Fixture {
    /// Reads a file that says itself which service it is for, or else is for `service`.
    pub(super) fn load(path: &Path, service: Option<ServiceName>) -> Result<Self, Failed> {
        let file = File {
            name: path,
            json: fs::read_to_string(path).map_err(|error| invalid(path, &error))?,
        };
        let head: Head = file.parse()?;
        let service = head.service.or(service).ok_or_else(|| {
            invalid(
                path,
                &"the file has no \"service\": say with --service which one it is for",
            )
        })?;
        match service {
            ServiceName::CgroupsSnapshot => file.snapshot().map(Self::Snapshot),
            ServiceName::CgroupsLookup => file.cgroups().map(Self::Cgroups),
            ServiceName::AppsLookup => file.apps().map(Self::Apps),
            ServiceName::Increment => file.parse().map(Self::Number),
            ServiceName::StringReverse => file.parse().map(Self::Text),
        }
    }

    /// What it is for.
    pub(super) const fn service(&self) -> ServiceName {
        match self {
            Self::Snapshot(_) => ServiceName::CgroupsSnapshot,
            Self::Cgroups(_) => ServiceName::CgroupsLookup,
            Self::Apps(_) => ServiceName::AppsLookup,
            Self::Number(_) => ServiceName::Increment,
            Self::Text(_) => ServiceName::StringReverse,
        }
    }

    /// What serves it.
    pub(super) fn provider(self, plan: &Plan) -> Box<dyn Provider> {
        match self {
            Self::Snapshot(snapshot) => plan.provider(all_cgroups(snapshot)),
            Self::Cgroups(table) => plan.provider(cgroups_of(table)),
            Self::Apps(table) => plan.provider(apps_of(table)),
            Self::Number(number) => plan.provider(next_of(number)),
            Self::Text(text) => plan.provider(reverse_of(text)),
        }
    }
}

fn all_cgroups(snapshot: Snapshot) -> cgroups::Handler {
    cgroups::Handler::new(move |_request, answer| {
        answer.set_header(snapshot.systemd_enabled, snapshot.generation);
        let mut items = snapshot.items.iter();
        items.try_for_each(|item| answer.push(&item.view()))
    })
}

fn cgroups_of(table: Table<Vec<u8>, CgroupItem>) -> cgroups_lookup::Handler {
    cgroups_lookup::Handler::new(move |request, answer| {
        answer.set_generation(table.generation);
        let mut paths = request.keys();
        paths.try_for_each(|path| match table.items.get(path.as_bytes()) {
            Some(item) => answer.add(&item.view()?),
            None => answer.add_bare(CgroupStatus::UNKNOWN_PERMANENT.0),
        })
    })
}

fn apps_of(table: Table<u32, AppItem>) -> apps_lookup::Handler {
    apps_lookup::Handler::new(move |request, answer| {
        answer.set_generation(table.generation);
        let mut pids = request.keys();
        pids.try_for_each(|pid| match table.items.get(&pid.0) {
            Some(item) => answer.add(&item.view()),
            None => answer.add_bare(PidStatus::UNKNOWN.0),
        })
    })
}

fn next_of(known: Number) -> Handler<Increment> {
    Handler::<Increment>::new(move |n, answer| {
        *n == known.request && answer.put(&known.reply).is_ok()
    })
}

fn reverse_of(known: Text) -> Handler<StringReverse> {
    Handler::<StringReverse>::new(move |text, answer| {
        let reply = string_reverse::Text::new(known.reply.as_bytes());
        text.0 == known.request.as_str() && answer.put(&reply).is_ok()
    })
}

/// A file as it was read.
struct File<'p> {
    name: &'p Path,
    json: String,
}

impl File<'_> {
    /// The file as a document; else the field, line and column of the first mistake.
    fn parse<T: DeserializeOwned>(&self) -> Result<T, Failed> {
        let mut input = serde_json::Deserializer::from_str(&self.json);
        let document =
            serde_path_to_error::deserialize(&mut input).map_err(|error| {
                match error.path().iter().len() {
                    0 => invalid(self.name, error.inner()),
                    _ => invalid(self.name, &error),
                }
            })?;
        input.end().map_err(|error| invalid(self.name, &error))?;
        Ok(document)
    }

    fn snapshot(&self) -> Result<Snapshot, Failed> {
        let snapshot: Snapshot = self.parse()?;
        for (index, item) in snapshot.items.iter().enumerate() {
            self.check(index, &item.name, sendable(&item.view()))?;
        }
        Ok(snapshot)
    }

    fn cgroups(&self) -> Result<Table<Vec<u8>, CgroupItem>, Failed> {
        let Cgroups {
            generation, items, ..
        } = self.parse()?;
        let key = |item: &CgroupItem| item.path.clone().into_bytes();
        for (index, item) in items.iter().enumerate() {
            let checked = item.view().and_then(|item| answerable(&item));
            self.check(index, &item.path, checked)?;
        }
        self.table(generation, items, key)
    }

    fn apps(&self) -> Result<Table<u32, AppItem>, Failed> {
        let Apps {
            generation, items, ..
        } = self.parse()?;
        for (index, item) in items.iter().enumerate() {
            self.check(index, &item.pid, answerable(&item.view()))?;
        }
        self.table(generation, items, |item| item.pid)
    }

    fn check(
        &self,
        index: usize,
        key: &dyn fmt::Display,
        checked: Result<(), WireError>,
    ) -> Result<(), Failed> {
        checked.map_err(|error| {
            let hint = "`netipc serve --help` tells what an item needs";
            let what = format!("items[{index}] ({key}) cannot be served: {error}; {hint}");
            invalid(self.name, &what)
        })
    }

    /// A reply may hold a key twice, and then says the same twice.
    fn table<K: Eq + Hash, I: PartialEq>(
        &self,
        generation: u64,
        list: Vec<I>,
        key: impl Fn(&I) -> K,
    ) -> Result<Table<K, I>, Failed> {
        let mut items = HashMap::with_capacity(list.len());
        for (index, item) in list.into_iter().enumerate() {
            match items.entry(key(&item)) {
                Entry::Vacant(place) => drop(place.insert(item)),
                Entry::Occupied(place) if *place.get() == item => {}
                Entry::Occupied(_) => {
                    let what = format!("items[{index}] has the key of an earlier item");
                    return Err(invalid(self.name, &what));
                }
            }
        }
        Ok(Table { generation, items })
    }
}

/// Whether an item of a lookup can be an answer.
fn answerable<'a, I: LookupItem<'a>>(item: &I) -> Result<(), WireError> {
    if item.status() == I::EXCEEDED {
        Err(WireError::layout(
            "status for the protocol alone",
            0,
            item.status().into(),
        ))
    } else {
        sendable(item)
    }
}

/// Whether an item keeps the rules of the wire.
fn sendable(item: &impl Encode) -> Result<(), WireError> {
    let mut scratch = vec![0; item.size()];
    item.encode(&mut Writer::new(&mut scratch))
}

fn invalid(file: &Path, what: &dyn fmt::Display) -> Failed {
    Failed::new(Exit::Usage, format!("data file {}: {what}", file.display()))
}
