//! What this machine knows of its cgroups and processes, as answers to NetIPC questions.
//!
//! [`Host`] reads the cgroup file systems (version 1, version 2 or both), `/proc` and the files of container runtimes, and
//! keeps one immutable [`HostSnapshot`], which the handlers in [`answers`] serve. What a cgroup path alone tells is the
//! pure function [`identify`].
//!
//! Names, paths and command names are bytes throughout: the kernel promises no encoding for any of them. Vanishing is
//! everyday: whatever goes away between being listed and being read is left out and never an error.
#![forbid(unsafe_code)]

pub mod answers;
mod cgroups;
mod config;
mod error;
mod host;
mod identify;
mod labels;
mod pattern;
mod processes;
mod runtime;
mod snapshot;

pub use cgroups::{Cgroup, CgroupAnswer, CgroupTable, Layout, options};
pub use config::{HostConfig, Limits, RuntimeRoots};
pub use error::HostError;
pub use host::{Host, Refresh};
pub use identify::{Identity, Kind, Orchestrator, identify};
pub use labels::{Label, Labels};
pub use pattern::Exclusions;
pub use processes::{Process, ProcessTable};
pub use snapshot::{App, AppCgroup, HostSnapshot};

/// Compiles what the guide shows.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/host.md")]
struct Guide;
