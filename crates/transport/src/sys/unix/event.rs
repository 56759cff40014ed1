//! Waiting for descriptors, with a deadline and an abort.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

use super::{Errno, Result, retry_on_intr};
use crate::link::LinkError;
use crate::wait::Wait;

/// How often an abort is looked at when it has no descriptor.
const ABORT_SLICE: Duration = Duration::from_millis(10);

/// What a descriptor is watched for; a hang-up counts as either.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Interest {
    Readable,
    Writable,
}

/// Waits until `fd` is ready or hung up.
pub(crate) fn ready(
    fd: BorrowedFd<'_>,
    interest: Interest,
    wait: &Wait<'_>,
) -> std::result::Result<(), LinkError> {
    let flags = match interest {
        Interest::Readable => PollFlags::IN,
        Interest::Writable => PollFlags::OUT,
    };
    loop {
        wait.check()?;
        let mut timeout = wait.remaining();
        let event = wait.abort().and_then(|abort| abort.event());
        if wait.abort().is_some() && event.is_none() {
            timeout = Some(timeout.map_or(ABORT_SLICE, |left| left.min(ABORT_SLICE)));
        }
        let mut fds = [
            PollFd::from_borrowed_fd(fd, flags),
            PollFd::from_borrowed_fd(event.unwrap_or(fd), PollFlags::IN),
        ];
        let used = if event.is_some() { 2 } else { 1 };
        match poll(&mut fds[..used], timeout.map(timespec).as_ref()) {
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) if used == 2 && !fds[1].revents().is_empty() => wait.check()?,
            Ok(_) => return Ok(()),
            Err(errno) => return Err(LinkError::Io(errno.into())),
        }
    }
}

/// A flag that can be polled.
#[derive(Debug)]
pub(crate) struct Event {
    fd: OwnedFd,
}

impl Event {
    pub(crate) fn new() -> Result<Self> {
        let fd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self { fd })
    }

    pub(crate) fn set(&self) {
        // Fails only when the counter is full: then it is set.
        let _ = retry_on_intr(|| rustix::io::write(&self.fd, &1_u64.to_ne_bytes()));
    }

    pub(crate) fn reset(&self) {
        // Fails only when it is not set.
        let _ = retry_on_intr(|| rustix::io::read(&self.fd, &mut [0; 8]));
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// A duration as the kernel takes it; what it cannot name is as good as for ever.
pub(super) fn timespec(duration: Duration) -> Timespec {
    let tv_sec = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    Timespec {
        tv_sec,
        tv_nsec: duration.subsec_nanos().into(),
    }
}
