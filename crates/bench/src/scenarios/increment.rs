//! `ping`, `batch` and `pipeline` through the typed client: INCREMENT, one or many at a time.

use netipc::service::increment::{Increment, next};

use super::serve::Route;
use super::{WINDOW, open};
use crate::error::BenchError;
use crate::measure::BoxedOp;

/// Items of the largest batch.
pub(super) const MOST_ITEMS: u32 = 1000;

/// Asks for one number after the other.
pub(super) fn ping(route: &Route) -> Result<BoxedOp, BenchError> {
    let mut client = open::client::<Increment>(route)?;
    let mut number = 0;
    Ok(Box::new(move || {
        let reply = client.call(&number)?;
        right(reply == next(number))?;
        number = reply;
        Ok(1)
    }))
}

/// Asks for one batch after the other.
pub(super) fn batch(route: &Route) -> Result<BoxedOp, BenchError> {
    let mut client = open::client::<Increment>(route)?;
    let mut sizes = Sizes::new();
    let numbers: Vec<u64> = (0..MOST_ITEMS.into()).collect();
    Ok(Box::new(move || {
        let asked = numbers.get(..sizes.next() as usize).unwrap_or(&numbers);
        let reply = client.call_batch(asked)?;
        let wanted = asked.iter().map(|number| next(*number));
        right(reply.len() == asked.len() && reply.iter().eq(wanted))?;
        Ok(asked.len() as u64)
    }))
}

/// Asks for a window of numbers at a time.
pub(super) fn pipeline(route: &Route) -> Result<BoxedOp, BenchError> {
    let mut client = open::client::<Increment>(route)?;
    let mut first = 0;
    Ok(Box::new(move || {
        let mut numbers = [0; WINDOW as usize];
        for number in &mut numbers {
            *number = first;
            first += 1;
        }
        let mut wrong = 0;
        client.call_pipelined(&numbers, numbers.len(), |index, reply| {
            wrong += u32::from(numbers.get(index).map(|number| next(*number)) != Some(reply));
        })?;
        right(wrong == 0)?;
        Ok(WINDOW.into())
    }))
}

/// Sizes of batches, the same ones in every run: xorshift32.
pub(super) struct Sizes(u32);

impl Sizes {
    pub(super) const fn new() -> Self {
        Self(12_345)
    }

    /// From 2 to [`MOST_ITEMS`].
    pub(super) const fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % (MOST_ITEMS - 1) + 2
    }
}

pub(super) fn right(right: bool) -> Result<(), BenchError> {
    BenchError::unless(right, "not the next number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_that_others_publish() {
        let mut sizes = Sizes::new();
        // The first number of xorshift32 (13, 17, 5) after 12345.
        assert_eq!(sizes.next(), 3_336_926_330 % 999 + 2);
        for _ in 0..10_000 {
            assert!((2..=MOST_ITEMS).contains(&sizes.next()));
        }
    }
}
