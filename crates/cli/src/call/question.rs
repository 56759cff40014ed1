//! What each service is asked, and the document that its reply becomes.

use netipc::service::Service;
use netipc::service::apps_lookup::AppsLookup;
use netipc::service::cgroups::{CgroupsRequest, CgroupsSnapshot};
use netipc::service::cgroups_lookup::CgroupsLookup;
use netipc::service::increment::Increment;
use netipc::service::string_reverse::{self, StringReverse};
use netipc::transport::Wait;
use netipc::untyped::AnyClient;
use netipc::wire::WireError;
use netipc::{CallError, ErrorCode};
use serde::Serialize;

use super::keys;
use super::print::Print;
use crate::documents::{Apps, Cgroups, Number, Snapshot, Text};
use crate::exit::Failed;

/// A service as `call` sees it.
pub(super) trait Question: Service {
    /// What is asked for.
    type Keys;
    /// The reply, to be printed.
    type Document: Serialize + Print;

    /// What was given on the command line, as keys.
    fn keys(given: Option<Vec<Vec<u8>>>) -> Result<Self::Keys, Failed>;

    /// Asks once.
    fn ask(
        client: &mut AnyClient,
        keys: &Self::Keys,
        wait: &Wait<'_>,
    ) -> Result<Self::Document, AskError>;
}

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    #[error(transparent)]
    Call(#[from] CallError),
    /// Items of a snapshot are checked one by one.
    #[error("the server broke the protocol")]
    Item(#[from] WireError),
}

impl AskError {
    pub(super) const fn code(&self) -> ErrorCode {
        match self {
            Self::Call(error) => error.code(),
            Self::Item(_) => ErrorCode::PROTOCOL,
        }
    }
}

impl Question for CgroupsSnapshot {
    type Keys = ();
    type Document = Snapshot;

    fn keys(given: Option<Vec<Vec<u8>>>) -> Result<(), Failed> {
        match given {
            None => Ok(()),
            Some(_) => Err(keys::usage("cgroups-snapshot takes no keys".into())),
        }
    }

    fn ask(client: &mut AnyClient, (): &(), wait: &Wait<'_>) -> Result<Snapshot, AskError> {
        Ok(Snapshot::of(&Self::call(client, &CgroupsRequest, wait)?)?)
    }
}

impl Question for CgroupsLookup {
    type Keys = Vec<Vec<u8>>;
    type Document = Cgroups;

    fn keys(given: Option<Vec<Vec<u8>>>) -> Result<Self::Keys, Failed> {
        keys::many(given, "paths of cgroups")
    }

    fn ask(
        client: &mut AnyClient,
        keys: &Self::Keys,
        wait: &Wait<'_>,
    ) -> Result<Cgroups, AskError> {
        let paths: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        Ok(Self::call(client, &paths, wait)?.into())
    }
}

impl Question for AppsLookup {
    type Keys = Vec<u32>;
    type Document = Apps;

    fn keys(given: Option<Vec<Vec<u8>>>) -> Result<Self::Keys, Failed> {
        let keys = keys::many(given, "process ids")?;
        keys.iter()
            .map(|key| keys::number(key, "a process id"))
            .collect()
    }

    fn ask(client: &mut AnyClient, keys: &Self::Keys, wait: &Wait<'_>) -> Result<Apps, AskError> {
        Ok(Self::call(client, keys, wait)?.into())
    }
}

impl Question for Increment {
    type Keys = u64;
    type Document = Number;

    fn keys(given: Option<Vec<Vec<u8>>>) -> Result<u64, Failed> {
        keys::number(&keys::single(given, "number")?, "a number of 64 bits")
    }

    fn ask(client: &mut AnyClient, n: &u64, wait: &Wait<'_>) -> Result<Number, AskError> {
        Ok(Number::of(*n, Self::call(client, n, wait)?))
    }
}

impl Question for StringReverse {
    type Keys = Vec<u8>;
    type Document = Text;

    fn keys(given: Option<Vec<Vec<u8>>>) -> Result<Vec<u8>, Failed> {
        keys::single(given, "text")
    }

    fn ask(client: &mut AnyClient, text: &Vec<u8>, wait: &Wait<'_>) -> Result<Text, AskError> {
        let reply = Self::call(client, &string_reverse::Text::new(text), wait)?;
        Ok(Text::of(text, reply.0))
    }
}
