//! One look at the sockets of all sessions of a server: a thread that sleeps until one of them has something
//! to say, so that sessions over shared memory need not wake up to look for themselves.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Waker;
use std::thread::{self, JoinHandle};

use crate::sys::{self, Event, Readiness};
use crate::wait::lock;

/// The number of the event that ends the thread; sockets have others.
const STOP: u64 = 0;
/// Bytes of the thread's stack, which needs a few hundred: a handler of signals may run on it.
const STACK: usize = 256 << 10;

/// Watches the sockets of a server's sessions, in a thread that begins with the first of them.
#[derive(Debug, Default)]
pub(super) struct SocketWatcher {
    running: Mutex<Option<Running>>,
}

/// The thread, and the process that it is of: a copy of this in a forked child has none.
#[derive(Debug)]
struct Running {
    shared: Arc<Shared>,
    stop: Event,
    thread: Option<JoinHandle<()>>,
    owner: i32,
}

struct Shared {
    sockets: Readiness,
    watched: Mutex<Watched>,
}

#[derive(Default)]
struct Watched {
    last: u64,
    called: HashMap<u64, Called>,
    /// Whether the thread has given up: nobody is called any more.
    is_over: bool,
}

/// Who is called when a socket has something to say.
#[derive(Clone)]
struct Called {
    is_ready: Arc<AtomicBool>,
    bell: Waker,
}

/// A socket that is watched until this is dropped, or it is closed.
#[derive(Debug)]
pub(super) struct WatchedSocket {
    shared: Arc<Shared>,
    number: u64,
    is_ready: Arc<AtomicBool>,
    owner: i32,
}

impl SocketWatcher {
    /// Has `bell` rung once `socket` has something to say, or has hung up.
    ///
    /// # Errors
    /// Where the system has no descriptor or thread left for it.
    #[inline(never)]
    pub(super) fn watch(&self, socket: BorrowedFd<'_>, bell: &Waker) -> io::Result<WatchedSocket> {
        let mut running = lock(&self.running);
        let running = match &mut *running {
            Some(running) if running.owner == sys::own_pid() => running,
            place => place.insert(Running::start()?),
        };
        let is_ready = Arc::new(AtomicBool::new(false));
        let called = Called {
            is_ready: Arc::clone(&is_ready),
            bell: bell.clone(),
        };
        let over = || io::Error::other("the thread that watches sockets has given up");
        let number = running.shared.enter(called).ok_or_else(over)?;
        let watched = WatchedSocket {
            shared: Arc::clone(&running.shared),
            number,
            is_ready,
            owner: running.owner,
        };
        running.shared.sockets.add(socket, number)?;
        Ok(watched)
    }
}

impl Running {
    // Its frame would lie on the stack of every session.
    #[cold]
    #[inline(never)]
    fn start() -> io::Result<Self> {
        let stop = Event::new()?;
        let sockets = Readiness::new()?;
        if let Some(object) = stop.object() {
            sockets.add(object.fd(), STOP)?;
        }
        let watched = Mutex::default();
        let shared = Arc::new(Shared { sockets, watched });
        let thread = thread::Builder::new()
            .name("netipc-sockets".to_owned())
            .stack_size(STACK)
            .spawn({
                let shared = Arc::clone(&shared);
                move || {
                    sys::forbid_cancellation();
                    shared.call_until_stopped();
                }
            })?;
        Ok(Self {
            shared,
            stop,
            thread: Some(thread),
            owner: sys::own_pid(),
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let thread = self.thread.take();
        if self.owner != sys::own_pid() {
            // It is the parent's, and joining it would wait for ever.
            std::mem::forget(thread);
            return;
        }
        self.stop.set();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that watches sockets panicked");
        }
    }
}

impl Shared {
    /// The number under which somebody is called from now on; nothing where nobody would do so.
    fn enter(&self, called: Called) -> Option<u64> {
        let mut watched = lock(&self.watched);
        if watched.is_over {
            return None;
        }
        watched.last += 1;
        let number = watched.last;
        watched.called.insert(number, called);
        Some(number)
    }

    /// Has sessions look for themselves: those that are watched, and any others.
    fn give_up(&self) {
        let mut watched = lock(&self.watched);
        watched.is_over = true;
        watched.called.values().for_each(Called::call);
    }

    /// Calls those whose sockets are ready. Each is told once: it looks at its socket then, which has ended, or
    /// has said what it may not.
    fn call_until_stopped(&self) {
        let mut ready = Vec::new();
        loop {
            if let Err(errno) = self.sockets.wait(&mut ready) {
                // Nothing that another try would mend.
                tracing::error!(error = %errno, "cannot watch the sockets of sessions");
                return self.give_up();
            }
            for number in ready.drain(..) {
                if number == STOP {
                    return;
                }
                let called = lock(&self.watched).called.get(&number).cloned();
                if let Some(called) = called {
                    called.call();
                }
            }
        }
    }
}

impl Called {
    fn call(&self) {
        // Pairs with the acquire in `is_ready`: who was woken sees why.
        self.is_ready.store(true, Ordering::Release);
        self.bell.wake_by_ref();
    }
}

impl WatchedSocket {
    /// Whether it has had something to say. Nobody rings again then.
    #[inline]
    pub(super) fn is_ready(&self) -> bool {
        self.is_ready.load(Ordering::Acquire)
    }
}

impl Drop for WatchedSocket {
    fn drop(&mut self) {
        // The system forgets a socket that is closed. In a forked child nobody is called, and the lock may be
        // held for ever.
        if self.owner == sys::own_pid() {
            lock(&self.shared.watched).called.remove(&self.number);
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::{AsFd, OwnedFd};
    use std::sync::mpsc::{self, Sender};
    use std::task::Wake;
    use std::time::Duration;

    use rustix::net::{AddressFamily, SocketFlags, SocketType, send, socketpair};

    use super::*;

    struct Bell(Sender<()>);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.send(()).unwrap();
        }
    }

    fn pair() -> (OwnedFd, OwnedFd) {
        let (unix, packets) = (AddressFamily::UNIX, SocketType::SEQPACKET);
        socketpair(unix, packets, SocketFlags::NONBLOCK, None).unwrap()
    }

    #[test]
    fn whoever_has_something_to_say_is_told_apart_and_called_once() {
        let watcher = SocketWatcher::default();
        let sessions: Vec<_> = (0..3)
            .map(|_| {
                let ((ours, theirs), (told, hears)) = (pair(), mpsc::channel());
                let bell = Waker::from(Arc::new(Bell(told)));
                let watched = watcher.watch(ours.as_fd(), &bell).unwrap();
                (ours, Some(theirs), watched, hears)
            })
            .collect();
        let [
            (_o, _t, quiet, never),
            (_o2, talks, talking, heard),
            (_o3, gone, leaving, left),
        ] = <[_; 3]>::try_from(sessions).unwrap();
        drop(gone);
        left.recv_timeout(Duration::from_secs(60)).unwrap();
        send(
            talks.as_ref().unwrap(),
            &[1],
            rustix::net::SendFlags::empty(),
        )
        .unwrap();
        heard.recv_timeout(Duration::from_secs(60)).unwrap();
        assert!(talking.is_ready() && leaving.is_ready() && !quiet.is_ready());
        drop(watcher);
        // The thread is gone, and nothing else was said.
        for heard in [never, heard, left] {
            assert!(heard.try_recv().is_err());
        }
    }

    #[test]
    fn one_socket_is_watched_again_and_again() {
        let watcher = SocketWatcher::default();
        let ((ours, theirs), (told, hears)) = (pair(), mpsc::channel());
        send(&theirs, &[1], rustix::net::SendFlags::empty()).unwrap();
        let bell = Waker::from(Arc::new(Bell(told)));
        for _ in 0..3 {
            let watched = watcher.watch(ours.as_fd(), &bell).unwrap();
            hears.recv_timeout(Duration::from_secs(60)).unwrap();
            assert!(watched.is_ready());
        }
    }

    #[test]
    fn who_gives_up_says_so_to_everybody() {
        let watcher = SocketWatcher::default();
        let ((ours, _theirs), (told, hears)) = (pair(), mpsc::channel());
        let bell = Waker::from(Arc::new(Bell(told)));
        let watched = watcher.watch(ours.as_fd(), &bell).unwrap();
        watched.shared.give_up();
        hears.try_recv().unwrap();
        assert!(watched.is_ready());
        watcher.watch(ours.as_fd(), &bell).unwrap_err();
    }

    #[test]
    fn nobody_is_called_who_has_stopped_watching() {
        let watcher = SocketWatcher::default();
        let ((ours, theirs), (told, hears)) = (pair(), mpsc::channel());
        let bell = Waker::from(Arc::new(Bell(told)));
        drop(watcher.watch(ours.as_fd(), &bell).unwrap());
        drop(theirs);
        // What comes later is told later.
        let ((second, gone), (told, later)) = (pair(), mpsc::channel());
        let bell = Waker::from(Arc::new(Bell(told)));
        let watched = watcher.watch(second.as_fd(), &bell).unwrap();
        drop(gone);
        later.recv_timeout(Duration::from_secs(60)).unwrap();
        assert!(watched.is_ready() && hears.try_recv().is_err());
    }
}
