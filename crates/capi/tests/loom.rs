//! Using and closing contexts under every interleaving and every allowed reordering.

/// The file under test, with the model checker's atomics and locks in place of the real ones.
#[path = "../src/lifetime.rs"]
#[expect(dead_code, reason = "models do not fork")]
mod lifetime;

/// As above.
#[path = "../src/abort_flag.rs"]
mod abort_flag;

mod sync {
    pub(crate) use loom::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering, fence};
    pub(crate) use loom::sync::{Arc, Condvar, Mutex};
}

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};
use loom::thread;

use abort_flag::AbortFlag;
use lifetime::{Lifetime, Shared};

/// What is behind the context: the model checker watches who reads and who frees it.
struct Handle {
    number: UnsafeCell<u32>,
    aborted: AtomicU32,
    freed: Arc<AtomicUsize>,
}

impl Handle {
    #[expect(unsafe_code, reason = "the model checker proves its use")]
    fn number(&self) -> u32 {
        // SAFETY: a live cell; the model fails if it is freed at this moment.
        self.number.with(|number| unsafe { number.read() })
    }
}

impl Drop for Handle {
    #[expect(unsafe_code, reason = "the model checker proves its use")]
    fn drop(&mut self) {
        // SAFETY: a live cell; the model fails if anybody reads it at this moment.
        self.number.with_mut(|number| unsafe { number.write(0) });
        self.freed.fetch_add(1, Ordering::Relaxed);
    }
}

/// A context as zeroed memory of C is.
struct Context {
    users: AtomicUsize,
    handle: AtomicPtr<Shared<Handle>>,
    aborted: AtomicU32,
    freed: Arc<AtomicUsize>,
}

impl Context {
    fn closed() -> Self {
        Self {
            aborted: AtomicU32::new(0),
            users: AtomicUsize::new(0),
            handle: AtomicPtr::new(std::ptr::null_mut()),
            freed: Arc::new(AtomicUsize::new(0)),
        }
    }

    fn opened(number: u32) -> Arc<Self> {
        let context = Self::closed();
        assert!(context.open(number));
        Arc::new(context)
    }

    #[expect(unsafe_code, reason = "the words are those of one context")]
    fn lifetime(&self) -> Lifetime<'_, Handle> {
        // SAFETY: they began as zeros, and are used through this function only.
        unsafe { Lifetime::new(&self.users, &self.handle) }
    }

    fn open(&self, number: u32) -> bool {
        self.lifetime().open(Handle {
            number: UnsafeCell::new(number),
            aborted: AtomicU32::new(0),
            freed: Arc::clone(&self.freed),
        })
    }

    /// The number behind the context, unless it is closed.
    fn read(&self) -> Option<u32> {
        let user = self.lifetime().enter()?;
        Some(user.number())
    }

    /// As `read`, without being counted.
    #[expect(unsafe_code, reason = "whoever calls it does not close meanwhile")]
    fn peek(&self) -> Option<u32> {
        let lifetime = self.lifetime();
        // SAFETY: nobody closes the context in the model that calls this.
        let handle = unsafe { lifetime.peek() }?;
        Some(handle.handle().number())
    }

    /// Closes and waits; says whether there was something to close.
    fn close(&self) -> bool {
        let Some(closing) = self.lifetime().close() else {
            return false;
        };
        drop(closing.wait());
        true
    }

    /// Aborts what is behind the context, if it is open.
    fn abort(&self) {
        if let Some(user) = self.lifetime().enter() {
            user.aborted.store(1, Ordering::Relaxed);
        }
    }

    fn freed(&self) -> usize {
        self.freed.load(Ordering::Relaxed)
    }
}

/// Explores what so many preemptions can do; a bound keeps the larger models to seconds.
fn model(preemptions: usize, run: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(preemptions);
    model.check(run);
}

fn spawn<T: 'static>(
    context: &Arc<Context>,
    run: impl FnOnce(&Context) -> T + 'static,
) -> thread::JoinHandle<T> {
    let context = Arc::clone(context);
    thread::spawn(move || run(&context))
}

#[test]
fn closing_waits_for_whoever_has_entered() {
    model(3, || {
        let context = Context::opened(7);
        let users = [0, 1].map(|_| spawn(&context, Context::read));
        assert!(context.close());
        for user in users {
            let read = user.join().unwrap();
            assert!(read.is_none_or(|number| number == 7));
        }
        assert_eq!((context.read(), context.freed()), (None, 1));
    });
}

#[test]
fn of_those_who_close_one_does() {
    model(3, || {
        let context = Context::opened(7);
        let other = spawn(&context, Context::close);
        let closed = context.close();
        assert_ne!(closed, other.join().unwrap());
        assert_eq!(context.freed(), 1);
    });
}

#[test]
fn the_last_one_frees_what_nobody_waits_for() {
    model(3, || {
        let context = Context::opened(7);
        let user = spawn(&context, Context::read);
        drop(context.lifetime().close().unwrap());
        assert!(user.join().unwrap().is_none_or(|number| number == 7));
        assert_eq!(context.freed(), 1);
    });
}

#[test]
fn what_is_opened_again_is_not_what_was_closed() {
    model(3, || {
        let context = Context::opened(1);
        let user = spawn(&context, |context| (context.read(), context.read()));
        assert!(context.close());
        assert!(context.open(2));
        let (first, second) = user.join().unwrap();
        assert!([None, Some(1), Some(2)].contains(&first));
        assert!(second >= first || second.is_none());
        assert!(context.close());
        assert_eq!(context.freed(), 2);
    });
}

#[test]
fn of_those_who_open_one_does() {
    model(3, || {
        let context = Arc::new(Context::closed());
        let other = spawn(&context, |context| (context.open(1), context.read()));
        let opened = context.open(2);
        let (other, read) = other.join().unwrap();
        assert_ne!(opened, other);
        assert_eq!(context.freed(), 1, "who comes too late frees its own");
        let number = if opened { 2 } else { 1 };
        assert!(read.is_none_or(|read| read == number));
        assert!(context.close());
    });
}

#[test]
fn readers_that_are_not_counted_see_the_whole_handle() {
    model(3, || {
        let context = Arc::new(Context::closed());
        let reader = spawn(&context, Context::peek);
        assert!(context.open(7));
        assert!(reader.join().unwrap().is_none_or(|number| number == 7));
        assert_eq!(context.peek(), Some(7));
        assert!(context.close());
    });
}

#[test]
fn an_abort_while_a_client_is_opened_is_not_lost() {
    model(3, || {
        let context = Arc::new(Context::closed());
        let aborter = spawn(&context, |context| {
            AbortFlag::new(&context.aborted).set(true);
            context.abort();
        });
        assert!(context.open(7));
        if AbortFlag::new(&context.aborted).is_raised() {
            context.abort();
        }
        aborter.join().unwrap();
        let user = context.lifetime().enter().unwrap();
        assert_eq!(user.aborted.load(Ordering::Relaxed), 1);
        drop(user);
        assert!(context.close());
    });
}

#[test]
fn zeroed_memory_is_closed() {
    model(1, || {
        let context = Context::closed();
        assert_eq!(
            (context.read(), context.peek(), context.close()),
            (None, None, false)
        );
    });
}
