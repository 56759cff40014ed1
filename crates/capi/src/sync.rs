//! What threads share and wait with, from one place so that a model checker can replace it.

pub(crate) use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering, fence};
pub(crate) use std::sync::{Arc, Condvar, Mutex};
