use std::fmt;

/// Why bytes could not be written or understood: the field, what was expected, what came.
///
/// ```
/// use netipc_proto::wire::{Header, WireErrorKind};
///
/// let error = Header::decode(&[0; 8]).unwrap_err();
/// assert_eq!(error.kind(), WireErrorKind::Truncated);
/// assert_eq!(error.to_string(), "header: truncated, expected 32 bytes, found 8");
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WireError {
    kind: WireErrorKind,
    field: &'static str,
    expected: u64,
    found: u64,
}

/// The rule that was broken. The names are those of every NetIPC implementation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum WireErrorKind {
    /// The bytes end before the field does.
    Truncated,
    /// Not a NetIPC envelope.
    BadMagic,
    /// Another version of the envelope.
    BadVersion,
    /// An envelope of another length.
    BadHeaderLen,
    /// Neither request, response nor control.
    BadKind,
    /// A value that the layout does not allow here.
    BadLayout,
    /// An offset or a length that points outside.
    OutOfBounds,
    /// A string without its NUL.
    MissingNul,
    /// An item that does not start at a multiple of 8.
    BadAlignment,
    /// Another number of items.
    BadItemCount,
    /// The buffer or the agreed limit cannot hold what is being written.
    Overflow,
}

/// The field of an item of an answer whose key is another one than was asked for at its place.
const KEY_OF_ITEM: &str = "key of item";

impl WireError {
    /// An error about `field`. `expected` and `found` are values, bytes or positions, as the kind
    /// implies.
    #[must_use]
    #[cold]
    pub const fn new(kind: WireErrorKind, field: &'static str, expected: u64, found: u64) -> Self {
        Self {
            kind,
            field,
            expected,
            found,
        }
    }

    /// `field` needs `expected` bytes and there are `found`.
    #[must_use]
    #[cold]
    pub const fn truncated(field: &'static str, expected: usize, found: usize) -> Self {
        Self::new(
            WireErrorKind::Truncated,
            field,
            expected as u64,
            found as u64,
        )
    }

    /// `field` must be `expected` and is `found`.
    #[must_use]
    #[cold]
    pub const fn layout(field: &'static str, expected: u64, found: u64) -> Self {
        Self::new(WireErrorKind::BadLayout, field, expected, found)
    }

    /// A value breaks a rule of its schema: `rule` is the field, a colon, and the rule in words; `found` is the value.
    ///
    /// ```
    /// use netipc_proto::wire::WireError;
    ///
    /// let error = WireError::rule("cgroup_status: known needs cgroup_path", 0);
    /// assert_eq!(error.field(), "cgroup_status");
    /// assert_eq!(error.to_string(), "cgroup_status is 0: known needs cgroup_path");
    /// ```
    #[must_use]
    #[cold]
    pub const fn rule(rule: &'static str, found: u64) -> Self {
        Self::layout(rule, 0, found)
    }

    /// The item `index`, from 0, of an answer is for another key than was asked for at its place.
    ///
    /// ```
    /// use netipc_proto::wire::WireError;
    ///
    /// let error = WireError::other_key(3);
    /// assert_eq!(error.to_string(), "key of item 3: not the one that was asked for at that place");
    /// ```
    #[must_use]
    #[cold]
    pub const fn other_key(index: usize) -> Self {
        Self::layout(KEY_OF_ITEM, index as u64, index as u64)
    }

    /// `field` needs `needed` bytes where `room` are left.
    #[must_use]
    #[cold]
    pub const fn overflow(field: &'static str, room: usize, needed: usize) -> Self {
        Self::new(WireErrorKind::Overflow, field, room as u64, needed as u64)
    }

    /// The rule that was broken.
    #[must_use]
    pub const fn kind(&self) -> WireErrorKind {
        self.kind
    }

    /// The field that broke it.
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.rule_in_words().map_or(self.field, |(field, _)| field)
    }

    /// The field and the rule of a schema that it breaks, where it is that.
    fn rule_in_words(&self) -> Option<(&'static str, &'static str)> {
        self.field.split_once(": ")
    }

    /// What the rule wants.
    #[must_use]
    pub const fn expected(&self) -> u64 {
        self.expected
    }

    /// What came.
    #[must_use]
    pub const fn found(&self) -> u64 {
        self.found
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            field,
            expected,
            found,
        } = self;
        if let Some((field, rule)) = self.rule_in_words() {
            return write!(f, "{field} is {found}: {rule}");
        }
        match kind {
            WireErrorKind::Truncated => {
                write!(
                    f,
                    "{field}: truncated, expected {expected} bytes, found {found}"
                )
            }
            WireErrorKind::BadMagic => {
                write!(f, "{field}: expected {expected:#010x}, found {found:#010x}")
            }
            WireErrorKind::OutOfBounds if found < expected => {
                write!(
                    f,
                    "{field}: starts at {found}, inside the {expected} bytes of the header"
                )
            }
            WireErrorKind::OutOfBounds => {
                write!(f, "{field}: ends at {found}, beyond its {expected} bytes")
            }
            WireErrorKind::MissingNul => {
                write!(f, "{field}: no NUL at {expected}, found {found:#04x}")
            }
            WireErrorKind::BadAlignment => {
                write!(f, "{field}: {found} is not a multiple of {expected}")
            }
            WireErrorKind::Overflow => {
                write!(
                    f,
                    "{field}: needs {found} bytes, there is room for {expected}"
                )
            }
            WireErrorKind::BadLayout if *field == KEY_OF_ITEM => {
                write!(
                    f,
                    "{field} {found}: not the one that was asked for at that place"
                )
            }
            WireErrorKind::BadVersion
            | WireErrorKind::BadHeaderLen
            | WireErrorKind::BadKind
            | WireErrorKind::BadLayout
            | WireErrorKind::BadItemCount => {
                write!(f, "{field}: expected {expected}, found {found}")
            }
        }
    }
}

impl std::error::Error for WireError {}

/// For conversions that cannot fail.
impl From<std::convert::Infallible> for WireError {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}
