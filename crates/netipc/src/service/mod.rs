//! What a request kind is, and the five that every peer knows.
//!
//! A kind is made from its schema, `services/*.toml`: types, layout, and `impl Service` or `impl Lookup`.
//! Client, server, cache and batch calls are generic over it; `examples/custom_service.rs` is one more.
//! The modules here have what is made, and the names that users of the library know.

pub mod cgroups;
mod orchestrator;

pub use crate::kind::{Method, ReplyOf, Service, ValueAnswer};
pub use cgroups as cgroups_snapshot;
pub use orchestrator::Orchestrator;

/// What `netipc schema generate --lang rust` makes of `services/*.toml`.
mod made {
    pub mod apps_lookup;
    pub mod cgroups_lookup;
    pub mod cgroups_snapshot;
    pub mod increment;
    pub mod string_reverse;
}

/// `increment`: a number in, the next one out. It exists to test and to measure, and works in
/// batches and in pipelines.
///
/// ```
/// use netipc::service::increment;
///
/// assert_eq!(increment::next(41), 42);
/// assert_eq!(increment::next(u64::MAX), 0);
/// ```
pub mod increment {
    pub use super::made::increment::*;
    pub use IncrementServer as ManagedServer;

    /// What the service answers.
    #[must_use]
    pub const fn next(n: u64) -> u64 {
        n.wrapping_add(1)
    }

    /// The handler of every provider of the service.
    #[must_use]
    pub fn handler() -> IncrementHandler {
        IncrementHandler::new(|n, answer| answer.put(&next(*n)))
    }
}

/// `string-reverse`: bytes in, the same bytes backwards out. It exists to test.
pub mod string_reverse {
    pub use super::made::string_reverse::*;
    pub use StringReverseServer as ManagedServer;
    pub use StringReverseValue as Text;

    /// The handler of every provider of the service.
    #[must_use]
    pub fn handler() -> StringReverseHandler {
        StringReverseHandler::new(|text, answer| {
            let reversed: Vec<u8> = text.0.iter().rev().copied().collect();
            answer.put(&Text::new(&reversed))
        })
    }
}

/// `cgroups-lookup`: cgroup paths in; orchestrator, name and labels of each out.
pub mod cgroups_lookup {
    pub use super::Orchestrator;
    pub use super::made::cgroups_lookup::*;
    pub use crate::config::{ClientConfig, ServerConfig};
    pub use {CgroupsLookupHandler as Handler, CgroupsLookupServer as ManagedServer};
}

/// `apps-lookup`: process ids in; process, user and cgroup of each out.
pub mod apps_lookup {
    pub use super::Orchestrator;
    pub use super::made::apps_lookup::*;
    pub use crate::config::{ClientConfig, ServerConfig};
    pub use {
        AppsLookupHandler as Handler, AppsLookupKey as Pid, AppsLookupServer as ManagedServer,
    };

    /// The `uid` of an item that is not known.
    pub const UID_UNSET: u32 = AppsLookupItem::UID_UNSET;
    /// Bytes of the longest `comm`.
    pub const COMM_MAX: usize = AppsLookupItem::COMM_MAX;
}

/// Names of the kinds that integrations look for in [`protocol`](crate::protocol).
pub(crate) mod names {
    pub use super::Orchestrator;
    pub use super::apps_lookup::{AppsCgroupStatus, COMM_MAX, PidStatus, UID_UNSET};
    pub use super::cgroups_lookup::CgroupStatus;
}
