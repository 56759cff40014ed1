//! What this machine knows of its cgroups and processes, as answers to NetIPC questions.
//!
//! [`Host`] reads the cgroup file systems (version 1, version 2 or both), `/proc` and the files of container runtimes, and
//! keeps one immutable [`HostSnapshot`], which the handlers in [`answers`] serve. What a cgroup path alone tells is the
//! pure function [`identify`].
//!
//! Names, paths and command names are bytes throughout: the kernel promises no encoding for any of them. Vanishing is
//! everyday: whatever goes away between being listed and being read is left out and never an error.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(target_os = "linux"),
    allow(
        dead_code,
        unused_imports,
        reason = "only Linux has cgroups to make items from"
    )
)]

pub mod answers;
mod cgroups;
mod config;
mod error;
mod explain;
mod glob;
mod host;
mod identify;
mod labels;
mod namespace;
mod paths;
mod platform;
mod policy;
mod processes;
mod runtime;
mod snapshot;
mod source;

pub use cgroups::{Cgroup, CgroupAnswer, CgroupTable, Clash, Layout, options};
pub use config::{HostConfig, Limits, Sources};
pub use error::HostError;
pub use explain::Explanation;
pub use host::{Host, Refresh};
pub use identify::{Identity, Kind, Orchestrator, identify, path_table};
pub use labels::{Label, Labels};
pub use policy::{Decision, PatternError, Policy, PolicyError};
pub use processes::{Process, ProcessTable};
pub use snapshot::{App, AppCgroup, HostSnapshot};
pub use source::{Place, PlaceState, SourceReport};

/// Compiles what the guide shows.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/host.md")]
struct Guide;
