//! What a Unix system allows: memory that two processes share and sleep on, and packet sockets.

mod echo;
mod turns;

use std::io;
use std::time::Duration;

use netipc_transport::raw::Memory;

use super::RawTask;
use super::payload::End;
use super::rows::{Exchange, Link};
use crate::driver::Driver;
use crate::error::{BenchError, system};
use crate::measure::BoxedOp;
use crate::peer::Task;

/// Whether two processes exchange anything here.
pub(super) const EXCHANGES: bool = true;

/// How long a side waits for the other one before it takes it for dead.
const PATIENCE: Duration = Duration::from_secs(10);

/// One of the two sides.
trait Side: Send + 'static {
    fn send(&mut self, message: &[u8]) -> io::Result<()>;

    /// Bytes received: 0, too, once the other side has hung up.
    fn receive(&mut self, buf: &mut [u8]) -> io::Result<usize>;
}

/// Makes an exchange ready to be measured.
pub(super) fn open(task: RawTask) -> Result<(BoxedOp, Driver), BenchError> {
    let RawTask { path, exchange } = task.clone();
    let start = || Driver::own(&Task::Raw(task));
    let room = exchange.payload.room();
    match exchange.link {
        Link::Memory(looks, sleep) => {
            let memory = Memory::create(&path, turns::shape(room));
            let memory = memory.map_err(system("cannot make shared memory"))?;
            let side = turns::Side::new(memory, room, looks, sleep);
            Ok((op(exchange, side), start()?))
        }
        Link::Socket(look) => {
            let listener = echo::listener(&path);
            let listener = listener.map_err(system("cannot listen for a raw echo"))?;
            let peer = start()?;
            let side = echo::Side::accept(&listener, look);
            let side = side.map_err(system("no raw echo has connected"))?;
            Ok((op(exchange, side), peer))
        }
    }
}

/// As many exchanges as there are for each look at the clock.
fn op(exchange: Exchange, mut side: impl Side) -> BoxedOp {
    let mut asking = End::new(exchange.payload);
    let mut buf = vec![0; exchange.payload.room()];
    Box::new(move || {
        for _ in 0..exchange.lot() {
            let done = round(exchange.window, &mut side, &mut asking, &mut buf);
            done.map_err(system("cannot exchange raw messages"))?;
        }
        Ok(exchange.lot() * u64::from(exchange.window))
    })
}

/// A window of messages there and back.
fn round(window: u32, side: &mut impl Side, asking: &mut End, buf: &mut [u8]) -> io::Result<()> {
    for _ in 0..window {
        side.send(asking.request())?;
    }
    for back in (0..window.into()).rev() {
        let len = side.receive(buf)?;
        if !asking.is_answer(buf.get(..len).unwrap_or_default(), back) {
            return Err(match len {
                0 => io::Error::new(io::ErrorKind::BrokenPipe, "the other process hung up"),
                _ => io::Error::new(io::ErrorKind::InvalidData, "a raw answer is another one"),
            });
        }
    }
    Ok(())
}

/// Answers until nobody asks any more.
pub(super) fn answer(task: &RawTask) -> io::Result<()> {
    let RawTask { path, exchange } = task;
    let room = exchange.payload.room();
    match exchange.link {
        Link::Memory(looks, sleep) => {
            let memory = Memory::open(path, turns::shape(room))?;
            answer_over(exchange, turns::Side::new(memory, room, looks, sleep))
        }
        Link::Socket(look) => answer_over(exchange, echo::Side::connect(path, look)?),
    }
}

fn answer_over(exchange: &Exchange, mut side: impl Side) -> io::Result<()> {
    let mut answering = End::new(exchange.payload);
    let mut buf = vec![0; exchange.payload.room()];
    loop {
        match side.receive(&mut buf) {
            Ok(0) if !buf.is_empty() => return Ok(()),
            Ok(len) => side.send(answering.answer(&buf[..len]))?,
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {}
            Err(error) => return Err(error),
        }
    }
}

/// The other side has not answered in time.
fn silence() -> io::Error {
    io::Error::new(
        io::ErrorKind::TimedOut,
        format!("the other process has not answered for {PATIENCE:?}"),
    )
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::super::rows::{self, Kind};
    use super::*;

    /// Messages that [`play`] sends there and back.
    pub(super) const ROUNDS: u32 = 300;

    /// Messages of up to three bytes, where there is room for them, between two threads; gives back
    /// the asking side.
    pub(super) fn play<S: Side>(mut asking: S, mut answering: S, room: usize) -> S {
        let mut buf = vec![0; room];
        thread::scope(|scope| {
            scope.spawn(move || {
                let mut buf = vec![0; room];
                for _ in 0..ROUNDS {
                    let len = answering.receive(&mut buf).unwrap();
                    buf[..len].reverse();
                    answering.send(&buf[..len]).unwrap();
                }
            });
            for _ in 0..ROUNDS {
                asking.send(&[1, 2, 3][..room.min(3)]).unwrap();
                let len = asking.receive(&mut buf).unwrap();
                assert_eq!(buf[..len], [3, 2, 1][..room.min(3)]);
            }
        });
        asking
    }

    #[test]
    fn tasks_survive_the_way_to_the_other_process_which_says_why_it_cannot() {
        for raw in rows::all() {
            let Kind::Exchange(exchange) = raw.kind else {
                continue;
            };
            let path = "/nowhere/raw".into();
            let task = RawTask { path, exchange };
            let json = serde_json::to_string(&task).unwrap();
            assert_eq!(serde_json::from_str::<RawTask>(&json).unwrap(), task);
            let refused = answer(&task).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::NotFound, "{json}");
        }
    }
}
