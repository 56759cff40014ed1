//! What came up while an input was tried.

use std::hash::{DefaultHasher, Hash, Hasher};

use netipc::wire::WireError;

/// A number that differs where something else came up: another verdict, about another field, or more items.
///
/// ```
/// use netipc_fuzz::Seen;
///
/// assert_eq!(Seen::of("a"), Seen::of("a"));
/// assert_ne!(Seen::of("a"), Seen::of("a").and("b"));
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Seen(u64);

impl Seen {
    /// This came up.
    #[must_use]
    pub fn of(what: impl Hash) -> Self {
        Self::default().and(what)
    }

    /// And then that.
    #[must_use]
    pub fn and(self, what: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        (self.0, what).hash(&mut hasher);
        Self(hasher.finish())
    }

    /// And then a verdict: which rule was broken, and by which field.
    #[must_use]
    pub fn and_error(self, error: &WireError) -> Self {
        self.and((format!("{:?}", error.kind()), error.field()))
    }

    /// And so many: only powers of two are told apart.
    #[must_use]
    pub fn and_many(self, many: usize) -> Self {
        self.and(many.checked_ilog2())
    }
}
