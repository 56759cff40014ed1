//! What an integration of a lookup is made of: keys that are wanted are queued, asked in batches, and their
//! answers kept, shared with every thread, and asked again when that is worth it.
//!
//! ```text
//! EnricherReader  read ──▶ EnricherGuard  get ──▶ Hit                     table: immutable, swapped
//!                                             └─▶ Missing ─▶ intake           ▲
//! Enricher        step: take a batch ──▶ ask ──▶ ledger (who is kept, who goes) ──▶ publish
//! ```
//!
//! `schedule` decides when a key is asked again, `core` does the rounds, `source` is the client, `kinds` what
//! keys and items are. [`AnyEnricher`] is the same for kinds that are known at run time only.

mod any;
mod config;
mod core;
mod intake;
mod kinds;
mod ledger;
mod outcome;
mod owner;
mod prometheus;
mod reader;
mod schedule;
mod shared;
mod source;
mod stats;
mod sync;
mod table;
#[cfg(test)]
mod tests;

pub use crate::lookup::Verdict;
pub use any::{AnyEnricher, AnyEnricherReader, AnyGuard, AnyItem};
pub use config::EnricherConfig;
pub use kinds::{EnrichedFormat, ItemParts, TypedFormat};
pub use outcome::{Hit, Missing, Step, StepEnd};
pub use owner::Enricher;
pub use reader::{EnricherGuard, EnricherReader, Pin};
pub use stats::{EnricherStats, LATENCY_ENDS_MS};
