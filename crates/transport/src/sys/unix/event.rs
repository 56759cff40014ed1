//! Waiting for descriptors, with a deadline and an abort.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, epoll, eventfd, poll};

use super::{Errno, Result, WaitObject, own_pid, retry_on_intr};
use crate::link::LinkError;
use crate::wait::{Abort, Wait};

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
        let event = wait.abort().and_then(Abort::object).map(WaitObject::fd);
        if wait.abort().is_some() && event.is_none() {
            timeout = Some(timeout.map_or(ABORT_SLICE, |left| left.min(ABORT_SLICE)));
        }
        let mut fds = [
            PollFd::from_borrowed_fd(fd, flags),
            PollFd::from_borrowed_fd(event.unwrap_or(fd), PollFlags::IN),
        ];
        let used = if event.is_some() { 2 } else { 1 };
        match poll(&mut fds[..used], timeout.map(timespec).as_ref()) {
            Ok(0) | Err(Errno::INTR) => continue,
            Ok(_) => {}
            Err(errno) => return Err(LinkError::Io(errno.into())),
        }
        let [fd, event] = fds.map(|fd| !fd.revents().is_empty());
        if used == 2 && event {
            wait.check()?;
            if let Some(abort) = wait.abort() {
                abort.reset_unless_raised();
            }
        }
        if fd {
            return Ok(());
        }
    }
}

/// Waits until there is something to read at `object`, or it hung up.
pub(crate) fn readable(
    object: WaitObject<'_>,
    wait: &Wait<'_>,
) -> std::result::Result<(), LinkError> {
    ready(object.fd(), Interest::Readable, wait)
}

/// Waits until one of `fds` is ready to be read or hung up; tells which are.
pub(crate) fn ready_any(
    fds: &[BorrowedFd<'_>],
    wait: &Wait<'_>,
) -> std::result::Result<Vec<bool>, LinkError> {
    let event = wait.abort().and_then(Abort::object).map(WaitObject::fd);
    let mut polled: Vec<_> = fds
        .iter()
        .chain(event.as_ref())
        .map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN))
        .collect();
    loop {
        wait.check_abort()?;
        let mut timeout = wait.remaining();
        if wait.abort().is_some() && event.is_none() {
            timeout = Some(timeout.map_or(ABORT_SLICE, |left| left.min(ABORT_SLICE)));
        }
        match poll(&mut polled, timeout.map(timespec).as_ref()) {
            Ok(0) | Err(Errno::INTR) => wait.check()?,
            Ok(_) => {
                let mut ready: Vec<_> = polled.iter().map(|fd| !fd.revents().is_empty()).collect();
                let raised = ready.split_off(fds.len());
                if raised.contains(&true)
                    && let Some(abort) = wait.abort()
                {
                    wait.check_abort()?;
                    abort.reset_unless_raised();
                }
                if ready.contains(&true) {
                    return Ok(ready);
                }
            }
            Err(errno) => return Err(LinkError::Io(errno.into())),
        }
    }
}

/// A flag that can be polled.
///
/// It is the flag of the process that made it: a child forked later has the same descriptor, and
/// neither sees what it does not raise itself nor disturbs its parent.
#[derive(Debug)]
pub(crate) struct Event {
    fd: OwnedFd,
    owner: i32,
}

impl Event {
    /// Fails, too, where a sandbox would let nobody set it: who waits has to look by itself then.
    pub(crate) fn new() -> Result<Self> {
        let fd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        retry_on_intr(|| rustix::io::write(&fd, &1_u64.to_ne_bytes()))?;
        retry_on_intr(|| rustix::io::read(&fd, &mut [0; 8]))?;
        let owner = own_pid();
        Ok(Self { fd, owner })
    }

    pub(crate) fn set(&self) {
        if let Some(fd) = self.fd() {
            // Fails only when the counter is full: then it is set.
            let _ = retry_on_intr(|| rustix::io::write(fd, &1_u64.to_ne_bytes()));
        }
    }

    pub(crate) fn reset(&self) {
        if let Some(fd) = self.fd() {
            // Fails only when it is not set.
            let _ = retry_on_intr(|| rustix::io::read(fd, &mut [0; 8]));
        }
    }

    /// What to watch; `None` in a process that it is not of.
    pub(crate) fn object(&self) -> Option<WaitObject<'_>> {
        self.fd().map(WaitObject::from)
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        (self.owner == own_pid()).then_some(self.fd.as_fd())
    }
}

/// Several descriptors as one that is readable while any of them is.
#[derive(Debug)]
pub(crate) struct Watch {
    epoll: OwnedFd,
}

impl Watch {
    pub(crate) fn new(fds: [BorrowedFd<'_>; 2]) -> Result<Self> {
        let watch = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        for fd in fds {
            epoll::add(
                &watch,
                fd,
                epoll::EventData::new_u64(0),
                epoll::EventFlags::IN,
            )?;
        }
        Ok(Self { epoll: watch })
    }

    /// What an event loop watches.
    pub(crate) fn object(&self) -> WaitObject<'_> {
        self.epoll.as_fd().into()
    }
}

/// Any number of descriptors, each of which is told once: when it is readable, or hung up.
#[derive(Debug)]
pub(crate) struct Readiness {
    epoll: OwnedFd,
}

impl Readiness {
    pub(crate) fn new() -> Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        Ok(Self { epoll })
    }

    /// Tells `number` once `fd` is ready, and no other number that was to be told of it. It is forgotten when
    /// it is closed.
    pub(crate) fn add(&self, fd: BorrowedFd<'_>, number: u64) -> Result<()> {
        use epoll::EventFlags;
        let flags = EventFlags::IN | EventFlags::RDHUP | EventFlags::ONESHOT;
        let number = epoll::EventData::new_u64(number);
        match epoll::add(&self.epoll, fd, number, flags) {
            // What was told of is still there.
            Err(Errno::EXIST) => epoll::modify(&self.epoll, fd, number, flags),
            done => done,
        }
    }

    /// Waits until at least one is ready; appends their numbers.
    pub(crate) fn wait(&self, ready: &mut Vec<u64>) -> Result<()> {
        let mut events = Vec::with_capacity(64);
        retry_on_intr(|| epoll::wait(&self.epoll, spare_capacity(&mut events), None))?;
        ready.extend(events.iter().map(|event| event.data.u64()));
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_do_to_the_event_ends_no_wait_and_hides_nothing() {
        let abort = Abort::new();
        let [idle, full] = [(), ()].map(|()| eventfd(0, EventfdFlags::NONBLOCK).unwrap());
        rustix::io::write(&full, &1_u64.to_ne_bytes()).unwrap();
        let raise_it = || {
            let event = abort.object().unwrap();
            rustix::io::write(event, &1_u64.to_ne_bytes()).unwrap();
        };
        let wait = |fd: &OwnedFd| {
            let wait = Wait::timeout(Duration::from_millis(100)).or_abort(&abort);
            ready(fd.as_fd(), Interest::Readable, &wait)
        };
        raise_it();
        assert!(wait(&full).is_ok());
        raise_it();
        assert!(matches!(wait(&idle), Err(LinkError::Timeout)));
        let event = abort.object().unwrap();
        let mut events = [PollFd::new(&event, PollFlags::IN)];
        assert_eq!(poll(&mut events, Some(&Timespec::default())), Ok(0));
        abort.raise();
        assert!(matches!(wait(&full), Err(LinkError::Aborted)));
    }

    #[test]
    fn a_child_leaves_the_event_of_its_parent_alone() {
        let parents = Event {
            owner: own_pid().wrapping_add(1),
            ..Event::new().unwrap()
        };
        assert!(parents.fd().is_none());
        let counter = &parents.fd;
        parents.set();
        let read = || rustix::io::read(counter, &mut [0; 8]);
        assert_eq!(read(), Err(Errno::AGAIN), "set by the child");
        rustix::io::write(counter, &1_u64.to_ne_bytes()).unwrap();
        parents.reset();
        assert_eq!(read(), Ok(8), "reset by the child");
    }
}
