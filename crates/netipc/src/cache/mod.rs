//! The last good answer, kept for as long as it takes, and looked up without I/O.
//!
//! ```text
//! Cache        refresh: fetch ──▶ Fetched ──▶ Table ──┐ published in one step
//!                                                     ▼
//! CacheReader  read   ──▶ CacheGuard     one answer, pinned
//!              follow ──▶ CacheFollower  the newest answer at each lookup
//! ```

mod cached;
mod follower;
mod guard;
mod hash;
mod owner;
mod reader;
mod same_bytes;
mod shared;
mod table;

pub use cached::{Cached, CachedLookup, Fetched};
pub use follower::CacheFollower;
pub use guard::CacheGuard;
pub(crate) use hash::hash_key;
pub use owner::Cache;
pub use reader::{CacheReader, CacheStatus};
pub use same_bytes::same_bytes;
