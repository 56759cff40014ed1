//! Whether calls are aborted, kept in a context of C while there is no client behind it.

use crate::sync::{AtomicU32, Ordering, fence};

/// A flag that is raised beside the abort of the client itself, so that no abort is lost while a
/// client is opened:
///
/// ```text
/// abort                            open
/// raise the flag                   open the context
/// fence                            fence
/// enter, abort the client          read the flag, abort the client
/// ```
///
/// With the fences, either `enter` finds the open context or `open` reads the raised flag.
pub(crate) struct AbortFlag<'a>(&'a AtomicU32);

impl<'a> AbortFlag<'a> {
    pub(crate) const fn new(flag: &'a AtomicU32) -> Self {
        Self(flag)
    }

    /// Raises or clears the flag. What follows looks for an open context.
    pub(crate) fn set(&self, raised: bool) {
        self.0.store(raised.into(), Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// Reads the flag, after a context was opened.
    pub(crate) fn is_raised(&self) -> bool {
        fence(Ordering::SeqCst);
        self.0.load(Ordering::Relaxed) != 0
    }
}
