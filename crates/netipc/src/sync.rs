//! The locks and atomics of a server, from one place so that a model checker can replace them.

pub(crate) use std::sync::atomic::{AtomicU64, Ordering};
pub(crate) use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use netipc_transport::clock::Changed;
