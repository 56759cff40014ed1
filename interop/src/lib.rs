//! The language matrix: every language as client and as server of every other, over every
//! transport, in real processes.
//!
//! ```text
//! data      what every provider knows, as a function of the key
//! known     the lookups among it, in one shape
//! case      what is tried, as data
//! plan      every case for every pair of languages and every transport
//! language  how the peer of a language is built and started
//! process   a peer that runs: lines in and out, with a deadline
//! cell      one case between two peers
//! between   the bridge between them, where they are on two hosts
//! run       all of them, some at a time
//! report    what came out: a table for people, a document for machines
//! ```
//!
//! Beside the matrix stands [`differential`], which holds the codecs of the languages against each
//! other.
//!
//! So do `faults`, whose peers have their system calls fail, `passing`, whose peers are passed descriptors, `leftovers`,
//! whose peers find other things where they have names, and `chaos`, whose peers are killed, stopped and starved.
//!
//! What a peer has to do is in the README of this directory.

#![forbid(unsafe_code)]

// What `known_lookups` names.
extern crate self as netipc_interop;

// What peers share. The rest tries them, and runs on Unix.
pub mod data;
pub mod known;

#[cfg(unix)]
mod between;
#[cfg(unix)]
pub mod case;
#[cfg(unix)]
mod cell;
#[cfg(target_os = "linux")]
pub mod chaos;
#[cfg(unix)]
pub mod differential;
#[cfg(target_os = "linux")]
pub mod faults;
#[cfg(unix)]
pub mod language;
#[cfg(target_os = "linux")]
pub mod leftovers;
#[cfg(target_os = "linux")]
pub mod passing;
#[cfg(unix)]
pub mod plan;
#[cfg(unix)]
pub mod platform;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod random;
#[cfg(unix)]
pub mod report;
#[cfg(unix)]
pub mod run;
#[cfg(target_os = "linux")]
mod supervised;
