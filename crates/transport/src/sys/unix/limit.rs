//! Limits of this process.
#![expect(
    unsafe_code,
    reason = "rustix panics where the system does not tell limits, as a sandbox may have it"
)]

/// Bytes of the largest file that this process may make; nothing where there is no limit, or nobody tells it.
pub(super) fn largest_file() -> Option<u64> {
    let mut limit = libc::rlimit64 {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the pointer is to a live value of the type that is written.
    let result = unsafe { libc::getrlimit64(libc::RLIMIT_FSIZE, &raw mut limit) };
    // The largest number is no limit.
    (result == 0 && limit.rlim_cur != u64::MAX).then_some(limit.rlim_cur)
}
