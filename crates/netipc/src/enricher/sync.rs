//! What readers and the owner share, from one place so that a model checker can replace it.

pub(super) use std::sync::atomic::{AtomicU32, Ordering};
pub(super) use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
