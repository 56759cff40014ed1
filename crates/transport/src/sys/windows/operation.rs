//! One overlapped operation: begun, looked at, waited for, cancelled.
#![expect(
    unsafe_code,
    reason = "the kernel keeps a pointer to the record of an operation"
)]

use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::ptr::NonNull;
use std::sync::atomic::{Ordering, fence};
use std::sync::{Arc, Weak};
use std::time::Duration;

use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::System::IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED};
use windows_sys::core::BOOL;

use super::code::{Code, Result, check};
use super::{Event, WaitObject, wait_any};

/// How long a cancelled operation is waited for before it is looked at again.
const SLICE: Duration = Duration::from_millis(1);

/// A place for one operation at a time on a handle.
///
/// ```text
/// record() ──▶ the system call ──▶ begun(its result) ──▶ poll() … ──▶ Some(result), until the next
/// ```
///
/// From the call on until [`poll`](Self::poll) gives something or [`cancel`](Self::cancel) returns,
/// the kernel uses the record, and whatever memory the call was given.
#[derive(Debug)]
pub(super) struct Operation {
    handle: Arc<OwnedHandle>,
    /// Set by the kernel when the operation is done. It may be that of several operations.
    event: Arc<Event>,
    /// Made from a box, freed once, and never where the kernel may write to it.
    record: NonNull<OVERLAPPED>,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Idle,
    Pending,
    Done(Result<usize>),
}

// SAFETY: the record is reached by its owner and by the kernel only, from whatever thread.
unsafe impl Send for Operation {}

impl Operation {
    pub(super) fn new(handle: Arc<OwnedHandle>, event: Arc<Event>) -> Self {
        let record = Box::new(OVERLAPPED {
            hEvent: event.raw(),
            ..OVERLAPPED::default()
        });
        Self {
            handle,
            event,
            record: NonNull::from(Box::leak(record)),
            state: State::Idle,
        }
    }

    /// The handle, for as long as an operation keeps it open.
    pub(super) fn weak_handle(&self) -> Weak<OwnedHandle> {
        Arc::downgrade(&self.handle)
    }

    pub(super) fn handle(&self) -> HANDLE {
        self.handle.as_raw_handle()
    }

    /// What to give to the system call that begins an operation.
    pub(super) fn record(&self) -> *mut OVERLAPPED {
        debug_assert!(!self.is_pending(), "one operation at a time");
        self.record.as_ptr()
    }

    /// Notes what the system call said. Called right after it.
    pub(super) fn begun(&mut self, result: BOOL) {
        let code = match check(result) {
            Ok(()) => Code::IO_PENDING,
            Err(code) => code,
        };
        if code == Code::IO_PENDING {
            // Done already, perhaps: that is told by the record like the end of any other.
            self.state = State::Pending;
        } else {
            self.end(Err(code));
        }
    }

    /// Notes an end that the record does not tell.
    pub(super) fn end(&mut self, result: Result<usize>) {
        self.state = State::Done(result);
        self.event.set();
    }

    /// How it ended, if it did: the bytes that were moved. Never waits.
    #[inline]
    pub(super) fn poll(&mut self) -> Option<Result<usize>> {
        if let State::Pending = self.state {
            match self.result() {
                Err(Code::IO_INCOMPLETE) => return None,
                result => self.state = State::Done(result),
            }
        }
        match self.state {
            State::Done(result) => Some(result),
            State::Idle | State::Pending => None,
        }
    }

    /// Ends it, unless it has ended, and waits for that; tells how it ended.
    pub(super) fn cancel(&mut self) -> Option<Result<usize>> {
        if self.is_pending() {
            // SAFETY: the record of an operation on this handle. Where there is none any more, it
            // has ended by itself.
            unsafe { CancelIoEx(self.handle(), self.record.as_ptr()) };
            while self.poll().is_none() {
                // Not by the event alone: it may be set for another operation.
                let _ = wait_any([Some(self.event.watched()), None, None], Some(SLICE));
            }
        }
        self.poll()
    }

    /// What is signalled when it is done.
    pub(super) fn object(&self) -> WaitObject<'_> {
        self.event.watched()
    }

    fn is_pending(&self) -> bool {
        matches!(self.state, State::Pending)
    }

    fn result(&self) -> Result<usize> {
        let (mut size, wait) = (0, 0);
        // SAFETY: the record of an operation on this handle, and a live number.
        let done = unsafe {
            GetOverlappedResult(self.handle(), self.record.as_ptr(), &raw mut size, wait)
        };
        check(done)?;
        // What the kernel wrote before it said so is there to be read.
        fence(Ordering::Acquire);
        Ok(size as usize)
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        self.cancel();
        // SAFETY: it was made from a box, and the kernel is done with it.
        drop(unsafe { Box::from_raw(self.record.as_ptr()) });
    }
}
