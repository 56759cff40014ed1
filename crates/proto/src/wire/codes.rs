//! Numbers on the wire. Each is a newtype with named values that keeps unknown ones.

use std::fmt;

/// Declares a number on the wire, of 16 bits unless `of u8` or another type stands behind its name: a
/// newtype with named values that keeps unknown ones, and names for people and for JSON.
///
/// ```
/// netipc_proto::codes! {
///     /// How warm it is.
///     pub struct Warmth {
///         /// Below zero.
///         COLD = 0, "cold";
///         /// Above.
///         WARM = 1, "warm";
///     }
/// }
///
/// assert_eq!(Warmth::WARM.to_string(), "warm");
/// assert_eq!(Warmth::from_name("cold"), Some(Warmth::COLD));
/// assert_eq!(Warmth(7).to_string(), "Warmth 7");
/// ```
#[macro_export]
macro_rules! codes {
    (@int) => { u16 };
    (@int $int:ident) => { $int };
    (
        $(#[$doc:meta])*
        pub struct $name:ident $(of $int:ident)? { $($(#[$vdoc:meta])* $value:ident = $number:literal, $label:literal;)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(pub $crate::codes!(@int $($int)?));

        impl $name {
            $($(#[$vdoc])* pub const $value: Self = Self($number);)*

            /// Every value that has a name, with the name of its constant.
            pub const NAMED: &'static [(&'static str, Self)] =
                &[$((stringify!($value), Self::$value)),*];

            /// Its name, where it has one.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($label),)*
                    _ => None,
                }
            }

            /// The value of that name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($label => Some(Self::$value),)*
                    _ => None,
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self.name() {
                    Some(name) => f.pad(name),
                    None => write!(f, "{} {}", stringify!($name), self.0),
                }
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(self, f)
            }
        }
    };
}

codes! {
    /// What a message is.
    pub struct Kind {
        /// Asks.
        REQUEST = 1, "REQUEST";
        /// Answers.
        RESPONSE = 2, "RESPONSE";
        /// Sets the session up.
        CONTROL = 3, "CONTROL";
    }
}

codes! {
    /// How a request fared. Never a business result: those are fields of the payload.
    pub struct Status {
        /// Answered.
        OK = 0, "OK";
        /// The request could not be understood.
        BAD_ENVELOPE = 1, "BAD_ENVELOPE";
        /// The token is not the server's, or the peer is not welcome.
        AUTH_FAILED = 2, "AUTH_FAILED";
        /// Another version of the protocol.
        INCOMPATIBLE = 3, "INCOMPATIBLE";
        /// Another method than the endpoint serves, or no common profile.
        UNSUPPORTED = 4, "UNSUPPORTED";
        /// More than was agreed.
        LIMIT_EXCEEDED = 5, "LIMIT_EXCEEDED";
        /// The handler failed, or the server is full.
        INTERNAL_ERROR = 6, "INTERNAL_ERROR";
    }
}

codes! {
    /// A control message.
    pub struct Opcode {
        /// The client's first packet.
        HELLO = 1, "HELLO";
        /// The server's answer to it.
        HELLO_ACK = 2, "HELLO_ACK";
    }
}

/// The flags of an envelope.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Flags(pub u16);

impl Flags {
    /// A single message.
    pub const NONE: Self = Self(0);
    /// The payload is a directory of items.
    pub const BATCH: Self = Self(1);

    /// Whether the payload is a directory of items. Unknown bits do not matter.
    #[must_use]
    pub const fn is_batch(self) -> bool {
        self.0 & Self::BATCH.0 != 0
    }
}

/// A set of transport profiles. Unknown bits are kept, so that a peer's set can be reported.
#[derive(Clone, Copy, Default, Eq, Hash, PartialEq)]
pub struct Profiles(pub u32);

impl Profiles {
    /// No profile.
    pub const NONE: Self = Self(0);
    /// The platform's packet socket or message pipe.
    pub const BASELINE: Self = Self(0x01);
    /// Shared memory that spins before it waits in the kernel.
    pub const SHM_HYBRID: Self = Self(0x02);
    /// Shared memory that waits in the kernel at once.
    pub const SHM_FUTEX: Self = Self(0x04);
    /// Reserved.
    pub const SHM_WAITADDR: Self = Self(0x08);
    /// Rings in memory that the server passes; deployed peers do not know it.
    pub const SHM_RING: Self = Self(0x10);
    /// Every shared-memory profile.
    pub const ALL_SHM: Self = Self(0x1e);
    /// Every profile of a shared region, which is shared memory but the ring.
    pub const ALL_REGIONS: Self = Self(0x0e);

    /// The profiles in both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The profiles in either set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The profiles of `self` that are not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether it is exactly one profile.
    #[must_use]
    pub const fn is_one(self) -> bool {
        self.0.is_power_of_two()
    }

    /// The highest bit alone, or nothing.
    #[must_use]
    pub const fn highest(self) -> Self {
        match self.0.checked_ilog2() {
            Some(bit) => Self(1 << bit),
            None => Self::NONE,
        }
    }
}

impl fmt::Display for Profiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (Self::BASELINE, "baseline"),
            (Self::SHM_HYBRID, "shm-hybrid"),
            (Self::SHM_FUTEX, "shm-futex"),
            (Self::SHM_WAITADDR, "shm-waitaddr"),
            (Self::SHM_RING, "shm-ring"),
        ];
        let mut rest = *self;
        let mut separator = "";
        for (profile, name) in names {
            if !self.and(profile).is_empty() {
                write!(f, "{separator}{name}")?;
                separator = "+";
                rest = rest.without(profile);
            }
        }
        match (rest.is_empty(), self.is_empty()) {
            (false, _) => write!(f, "{separator}{:#x}", rest.0),
            (true, true) => f.write_str("none"),
            (true, false) => Ok(()),
        }
    }
}

impl fmt::Debug for Profiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_read_as_a_list() {
        assert_eq!(Profiles(0).to_string(), "none");
        assert_eq!(Profiles(3).to_string(), "baseline+shm-hybrid");
        assert_eq!(Profiles(0x31).to_string(), "baseline+shm-ring+0x20");
    }

    #[test]
    fn unknown_codes_keep_their_number() {
        assert_eq!(Status(77).to_string(), "Status 77");
        assert_eq!(Status::AUTH_FAILED.to_string(), "AUTH_FAILED");
    }
}
