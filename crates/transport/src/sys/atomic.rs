//! The atomics of shared memory, from one place so that a model checker can replace them.

#[cfg(target_os = "linux")]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize};
pub(crate) use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
