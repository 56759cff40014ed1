//! The clock that every process of the host reads alike.
#![expect(unsafe_code, reason = "the counter is read through a pointer")]

use std::sync::OnceLock;
use std::time::Duration;

use windows_sys::Win32::System::Performance::{QueryPerformanceCounter, QueryPerformanceFrequency};

/// The monotonic clock of the system, which every process of the host reads alike.
#[must_use]
pub fn monotonic() -> Duration {
    static FREQUENCY: OnceLock<u64> = OnceLock::new();
    let frequency = *FREQUENCY.get_or_init(|| {
        let mut ticks = 0;
        // SAFETY: a pointer to a live number. It cannot fail on any Windows since XP.
        unsafe { QueryPerformanceFrequency(&raw mut ticks) };
        u64::try_from(ticks).unwrap_or_default().max(1)
    });
    let mut ticks = 0;
    // SAFETY: a pointer to a live number. It cannot fail on any Windows since XP.
    unsafe { QueryPerformanceCounter(&raw mut ticks) };
    let ticks = u64::try_from(ticks).unwrap_or_default();
    // The rest is below the frequency, and a second of nanoseconds times it fits 128 bits.
    let rest = u128::from(ticks % frequency) * 1_000_000_000 / u128::from(frequency);
    Duration::new(ticks / frequency, u32::try_from(rest).unwrap_or_default())
}
