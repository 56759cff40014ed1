//! What tests need of the system and programs do not.

/// How many descriptors this process has open.
///
/// # Panics
/// When that cannot be told.
#[must_use]
pub fn open_handles() -> usize {
    // The listing itself is one of them, every time.
    std::fs::read_dir("/proc/self/fd")
        .expect("the descriptors of this process")
        .count()
}
