//! Sockets that a service manager has opened: none that a transport here could use.

/// Listening sockets that this process did not open itself; there are none here.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inherited;

impl Inherited {
    /// None.
    #[must_use]
    pub const fn from_environment() -> Self {
        Self
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        true
    }
}
