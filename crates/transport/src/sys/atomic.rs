//! The atomics of shared memory, from one place so that a model checker can replace them.

pub(crate) use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
