//! Looking for the reply to a message before the system is asked to wake the peer.

/// Looks before a wake. With their pauses they take as long as what they may save: the system call of a wake.
const LOOKS: u32 = 10;
/// After this many vain looks in excess of others, no more messages than before go without.
const MOST_VAIN: u32 = 10;

/// Decides for one sender how often to look whether the peer's next message is there before it wakes the peer.
///
/// A peer that has answered was awake, and needs no wake. Where a cache line takes some ten nanoseconds from one
/// processor to the other, short answers are there before a wake is over. Where it takes hundreds, looking takes
/// the line away from a peer that is about to write to it, and is left out:
///
/// ```text
/// found in time      one vain look less
/// nothing found      wake; leave it out for 1, 3, 7 .. 1023 messages
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ReplyLook {
    /// Vain looks in excess of those that found something.
    vain: u32,
    /// Messages to leave out.
    skip: u32,
}

impl ReplyLook {
    /// How often to look after the message that is about to be sent.
    #[inline]
    pub(super) const fn begin(&mut self) -> u32 {
        match self.skip.checked_sub(1) {
            Some(skip) => {
                self.skip = skip;
                0
            }
            None => LOOKS,
        }
    }

    /// Notes whether looking has found the reply.
    #[inline]
    pub(super) fn end(&mut self, found: bool) {
        if found {
            self.vain = self.vain.saturating_sub(1);
        } else {
            self.vain = (self.vain + 1).min(MOST_VAIN);
            self.skip = (1 << self.vain) - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages that go without a look until the next one.
    fn left_out(look: &mut ReplyLook) -> usize {
        (0..).take_while(|_| look.begin() == 0).count()
    }

    #[test]
    fn vain_looks_are_left_out_more_and_more_often() {
        let mut look = ReplyLook::default();
        for expected in [0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 1023, 1023] {
            assert_eq!(left_out(&mut look), expected);
            look.end(false);
        }
    }

    #[test]
    fn looks_have_to_pay_more_often_than_not() {
        let mut look = ReplyLook::default();
        for _ in 0..4 {
            left_out(&mut look);
            look.end(false);
        }
        for expected in [15, 0, 0, 0, 0, 0] {
            assert_eq!(left_out(&mut look), expected, "as long as they pay");
            look.end(true);
        }
        look.end(false);
        assert_eq!(left_out(&mut look), 1);
    }
}
