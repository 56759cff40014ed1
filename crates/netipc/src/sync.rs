//! The locks and atomics of a server, and those of a cache, from one place so that a model checker can replace them.

pub(crate) use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
pub(crate) use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use arc_swap::ArcSwapOption;
pub(crate) use netipc_transport::clock::Changed;
