//! What an answer to one key means for those who keep answers.

/// What an item says of its key, for who keeps items and asks again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// There is an item.
    Known,
    /// There is an item, a part of which is not known yet: it is given, and asked for again.
    Provisional,
    /// Not known now. It may be later.
    ForNow,
    /// Not known, and asking again is of no use until the provider restarts.
    ForGood,
    /// No answer can hold the item.
    Oversized,
}

impl Verdict {
    /// Whether there is an item to give.
    #[must_use]
    pub const fn has_item(self) -> bool {
        matches!(self, Self::Known | Self::Provisional)
    }

    /// The verdict of a status by the rules that hold for every lookup: 0 is known, one status says that
    /// no answer can hold the item, and any other is "not now".
    #[must_use]
    pub const fn of_status(status: u16, oversized: u16) -> Self {
        if status == 0 {
            Self::Known
        } else if status == oversized {
            Self::Oversized
        } else {
            Self::ForNow
        }
    }
}
