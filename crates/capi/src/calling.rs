//! Functions of C that the library calls in the middle of something: they may call the library again, and
//! they may fork.

use std::cell::Cell;
use std::process;

/// How many contexts a thread is known to be in, one within another.
const DEPTH: usize = 4;

thread_local! {
    /// The contexts whose functions this thread may be in, the innermost first.
    static INSIDE: Cell<[usize; DEPTH]> = const { Cell::new([0; DEPTH]) };
}

/// Runs what may call functions of C for `context`.
pub(crate) fn calling<C, T>(context: *const C, run: impl FnOnce() -> T) -> T {
    let _inside = Inside::enter(context.addr());
    run()
}

/// Whether this thread is in a function that was called for `context`: who waits for the context to be left
/// would wait for himself.
pub(crate) fn is_called_for<C>(context: *const C) -> bool {
    !context.is_null() && INSIDE.get().contains(&context.addr())
}

/// Calls a function of C. It comes back in the process in which it was called: a child that it forked has this
/// process's sessions and regions, and whatever it did with them would come between this process and its peers.
/// Such a child ends here.
#[inline]
pub(crate) fn returned<T>(call: impl FnOnce() -> T) -> T {
    let forks = netipc::transport::forks_seen();
    let answer = call();
    if netipc::transport::forks_seen() != forks {
        process::abort();
    }
    answer
}

/// A thread is in a context until this is dropped, by a panic, too.
struct Inside {
    outer: [usize; DEPTH],
}

impl Inside {
    fn enter(context: usize) -> Self {
        let outer = INSIDE.get();
        let mut inner = outer;
        inner.rotate_right(1);
        inner[0] = context;
        INSIDE.set(inner);
        Self { outer }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.set(self.outer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_knows_every_context_that_it_is_in() {
        let (outer, inner) = (1_u64, 2_u64);
        calling(&raw const outer, || {
            calling(&raw const inner, || {
                assert!(is_called_for(&raw const outer) && is_called_for(&raw const inner));
            });
            assert!(is_called_for(&raw const outer) && !is_called_for(&raw const inner));
        });
        assert!(!is_called_for(&raw const outer));
        assert!(!is_called_for(std::ptr::null::<u64>()));
    }

    #[test]
    fn a_panic_leaves_the_context() {
        let context = 1_u64;
        let run = || calling(&raw const context, || panic!("on purpose"));
        assert!(std::panic::catch_unwind(run).is_err());
        assert!(!is_called_for(&raw const context));
    }
}
