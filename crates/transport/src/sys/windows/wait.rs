//! Waiting for several objects at once, with a deadline and an abort.
#![expect(unsafe_code, reason = "the system takes an array of handles")]

use std::os::windows::io::AsRawHandle;
use std::time::Duration;

use windows_sys::Win32::Foundation::{WAIT_FAILED, WAIT_OBJECT_0, WAIT_TIMEOUT};
use windows_sys::Win32::System::Threading::{INFINITE, WaitForMultipleObjects};

use super::WaitObject;
use super::code::{Code, Result};
use crate::link::LinkError;
use crate::wait::{Abort, Wait};

/// How often an abort is looked at when it has no event.
const ABORT_SLICE: Duration = Duration::from_millis(10);
/// More than anything here waits for at once.
const MOST: usize = 3;

/// Waits until `object` is signalled.
pub(crate) fn ready(object: WaitObject<'_>, wait: &Wait<'_>) -> std::result::Result<(), LinkError> {
    loop {
        wait.check()?;
        let mut limit = wait.remaining();
        let event = wait.abort().and_then(Abort::object);
        if wait.abort().is_some() && event.is_none() {
            limit = Some(limit.map_or(ABORT_SLICE, |left| left.min(ABORT_SLICE)));
        }
        let signalled = wait_any([Some(object), event, None], limit);
        match signalled.map_err(|code| LinkError::Io(code.into()))? {
            Some(0) => return Ok(()),
            Some(_) => {
                wait.check()?;
                if let Some(abort) = wait.abort() {
                    abort.reset_unless_raised();
                }
            }
            None => {}
        }
    }
}

/// Waits until one of a few objects is signalled, and tells which of those that are there: the first
/// one. `None` when that took `limit`.
pub(crate) fn wait_any(
    objects: [Option<WaitObject<'_>>; MOST],
    limit: Option<Duration>,
) -> Result<Option<usize>> {
    let mut handles = [std::ptr::null_mut(); MOST];
    let mut count = 0;
    for (handle, object) in handles.iter_mut().zip(objects.into_iter().flatten()) {
        *handle = object.as_raw_handle();
        count += 1;
    }
    let (any, limit) = (0, limit.map_or(INFINITE, millis));
    // SAFETY: the array holds `count` handles, each open as long as its borrow.
    let result = unsafe { WaitForMultipleObjects(count, handles.as_ptr(), any, limit) };
    match result {
        WAIT_TIMEOUT => Ok(None),
        WAIT_FAILED => Err(Code::last()),
        // An abandoned mutex comes after the objects; nobody waits for one here.
        index => Ok(Some((index - WAIT_OBJECT_0) as usize)),
    }
}

/// Whole milliseconds, never less than `limit` and never for ever.
fn millis(limit: Duration) -> u32 {
    let millis = limit.as_nanos().div_ceil(1_000_000);
    u32::try_from(millis).unwrap_or(u32::MAX).min(INFINITE - 1)
}
