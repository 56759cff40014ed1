//! What the lanes print: the step of one lane as it comes, what another lane says once that has ended.

use std::io::{self, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::steps::Lane;

/// Where a line goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stream {
    Out,
    Err,
}

/// The output of all lanes. Lines of one step stay together.
#[derive(Debug, Default)]
pub(crate) struct Output {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Whose lines are printed as they come: the lane whose step began first.
    live: Option<Lane>,
    /// The lanes at a step, as they began.
    busy: Vec<Lane>,
    /// Lines of the others, until it is their turn.
    kept: Vec<(Lane, Stream, Vec<u8>)>,
}

impl Output {
    /// A step of this lane begins.
    pub(crate) fn begin(&self, lane: Lane) {
        let mut state = self.state();
        state.busy.push(lane);
        state.live.get_or_insert(lane);
    }

    /// Prints a line of this lane, its end included, or keeps it until it is its turn.
    pub(crate) fn write(&self, lane: Lane, stream: Stream, line: &[u8]) {
        let mut state = self.state();
        if state.live.is_none_or(|live| live == lane) {
            print(stream, line);
        } else {
            state.kept.push((lane, stream, line.to_owned()));
        }
    }

    /// The step of this lane has ended: what another said meanwhile is printed, and its lines from now on as they come.
    pub(crate) fn end(&self, lane: Lane) {
        let mut state = self.state();
        state.busy.retain(|other| *other != lane);
        if state.live == Some(lane) {
            state.pass_on();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn pass_on(&mut self) {
        self.live = self.busy.first().copied();
        for (_, stream, line) in self.take_due() {
            print(stream, &line);
        }
    }

    /// What need not be kept any longer.
    fn take_due(&mut self) -> Vec<(Lane, Stream, Vec<u8>)> {
        let live = self.live;
        let is_due = |lane| live.is_none_or(|live| live == lane);
        self.kept
            .extract_if(.., |(lane, ..)| is_due(*lane))
            .collect()
    }
}

fn print(stream: Stream, line: &[u8]) {
    // Whoever does not listen any more may see the summary.
    let _ = match stream {
        Stream::Out => io::stdout()
            .write_all(line)
            .and_then(|()| io::stdout().flush()),
        Stream::Err => io::stderr().write_all(line),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(output: &Output) -> Vec<Vec<u8>> {
        let state = output.state();
        state.kept.iter().map(|(_, _, line)| line.clone()).collect()
    }

    #[test]
    fn lines_of_a_step_stay_together() {
        let output = Output::default();
        output.begin(Lane::Host);
        output.begin(Lane::Platforms);
        output.write(Lane::Platforms, Stream::Out, b"");
        output.write(Lane::Host, Stream::Out, b"");
        assert_eq!(kept(&output), [b""]);
        output.end(Lane::Platforms);
        assert_eq!(kept(&output), [b""], "the other step has not ended");
        output.begin(Lane::Platforms);
        output.end(Lane::Host);
        assert!(kept(&output).is_empty());
        output.begin(Lane::Host);
        output.write(Lane::Host, Stream::Err, b"");
        assert_eq!(kept(&output), [b""], "lanes take turns");
        output.end(Lane::Platforms);
        output.end(Lane::Host);
        assert!(kept(&output).is_empty());
    }
}
