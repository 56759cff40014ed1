//! Which memory may be lost, as a handler of signals can look it up: without a lock, and without allocating.
//!
//! Some that are there from the beginning, and a list that only grows. Who maps a file takes a free place, or adds one, and gives it back. What a place
//! says of its mapping is guarded by a version, which is odd while it changes:
//!
//! ```text
//! version   start   size
//! even      0       -       free
//! odd       -       -       changes: no thread touches the mapping, which is about to be there, or gone
//! even      s       n       n bytes at s
//! ```

use crate::sys::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, fence};

/// All places.
#[derive(Debug)]
pub(crate) struct Places<const OWN: usize> {
    pub(crate) own: [Place; OWN],
    /// The one that was added last, and by it all others.
    pub(crate) last: AtomicPtr<Place>,
}

/// Where one mapping is noted.
#[derive(Debug)]
pub(crate) struct Place {
    /// Of those that were there when it was added.
    pub(crate) previous: AtomicPtr<Self>,
    pub(crate) is_taken: AtomicBool,
    pub(crate) version: AtomicUsize,
    pub(crate) start: AtomicUsize,
    pub(crate) size: AtomicUsize,
    pub(crate) is_lost: AtomicBool,
}

impl<const OWN: usize> Places<OWN> {
    /// Notes a mapping of `size` bytes at `start`, until the place is given [back](Place::give_back).
    pub(crate) fn take(&'static self, start: usize, size: usize) -> &'static Place {
        let free = self.all().find(|place| {
            // Acquire: with the Release of who gave it back.
            let taken =
                place
                    .is_taken
                    .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed);
            taken.is_ok()
        });
        let place = free.unwrap_or_else(|| self.add());
        place.is_lost.store(false, Ordering::Relaxed);
        place.set(start, size);
        place
    }

    /// The place of the mapping that has `address`, its first byte, and its size. Any thread may ask that has
    /// just touched the mapping.
    pub(crate) fn find(&'static self, address: usize) -> Option<(&'static Place, usize, usize)> {
        self.all().find_map(|place| {
            let (start, size) = place.mapping()?;
            let is_inside = address.checked_sub(start).is_some_and(|at| at < size);
            is_inside.then_some((place, start, size))
        })
    }

    /// Another one, taken.
    fn add(&'static self) -> &'static Place {
        let place: &'static Place = Box::leak(Box::new(Place {
            previous: AtomicPtr::new(std::ptr::null_mut()),
            is_taken: AtomicBool::new(true),
            version: AtomicUsize::new(0),
            start: AtomicUsize::new(0),
            size: AtomicUsize::new(0),
            is_lost: AtomicBool::new(false),
        }));
        let own = std::ptr::from_ref(place).cast_mut();
        let mut last = self.last.load(Ordering::Relaxed);
        loop {
            place.previous.store(last, Ordering::Relaxed);
            // Release: with the Acquire of `all`. Whoever finds the place finds it whole.
            match self
                .last
                .compare_exchange(last, own, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return place,
                Err(other) => last = other,
            }
        }
    }

    fn all(&'static self) -> impl Iterator<Item = &'static Place> {
        let mut next = self.last.load(Ordering::Acquire);
        let added = std::iter::from_fn(move || {
            let place = Place::at(next)?;
            // Acquire: with the Release of whoever added that one.
            next = place.previous.load(Ordering::Acquire);
            Some(place)
        });
        self.own.iter().chain(added)
    }
}

impl Place {
    /// The place that a list points to.
    #[expect(unsafe_code, reason = "lists of places are made of pointers")]
    fn at(place: *mut Self) -> Option<&'static Self> {
        // SAFETY: it is NULL, or was leaked by `add` and is never freed; only its atomics change.
        unsafe { place.as_ref() }
    }

    /// Ends the note, before the mapping is gone.
    pub(crate) fn give_back(&self) {
        self.set(0, 0);
        // Release: with the Acquire of `take`.
        self.is_taken.store(false, Ordering::Release);
    }

    /// Whether the memory of the mapping was lost.
    pub(crate) fn is_lost(&self) -> bool {
        // Pairs with the release in `lose`, where another thread met the loss.
        self.is_lost.load(Ordering::Acquire)
    }

    /// Notes that it was.
    pub(crate) fn lose(&self) {
        self.is_lost.store(true, Ordering::Release);
    }

    /// Only for who has taken it.
    fn set(&self, start: usize, size: usize) {
        let version = self.version.load(Ordering::Relaxed);
        self.version
            .store(version.wrapping_add(1), Ordering::Relaxed);
        // Pairs with the fence in `mapping`: who sees one of the stores below sees the odd version.
        fence(Ordering::Release);
        self.start.store(start, Ordering::Relaxed);
        self.size.store(size, Ordering::Relaxed);
        // Pairs with the acquire in `mapping`.
        self.version
            .store(version.wrapping_add(2), Ordering::Release);
    }

    /// Start and size of the mapping; nothing while it is none, or changes.
    fn mapping(&self) -> Option<(usize, usize)> {
        let version = self.version.load(Ordering::Acquire);
        let start = self.start.load(Ordering::Relaxed);
        let size = self.size.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        let is_whole = version.is_multiple_of(2) && self.version.load(Ordering::Relaxed) == version;
        (is_whole && start != 0).then_some((start, size))
    }
}
