//! What a Unix system allows: memory that two processes share and sleep on, and packet sockets.

mod echo;
mod turns;

use std::io;
use std::time::Duration;

use netipc_transport::raw::Memory;

use super::payload::End;
use super::rows::{Exchange, Link};
use super::{RawTask, Ready, failed};
use crate::driver::Driver;
use crate::error::BenchError;
use crate::peer::Task;

/// Whether two processes exchange anything here.
pub(super) const EXCHANGES: bool = true;

/// How long a side waits for the other one before it takes it for dead.
const PATIENCE: Duration = Duration::from_secs(10);

/// Makes an exchange ready to be measured.
pub(super) fn open(task: RawTask) -> Result<Ready, BenchError> {
    let RawTask { path, exchange } = task.clone();
    let start = || Driver::own(&Task::Raw(task));
    let room = exchange.payload.room();
    let (mut side, peer) = match exchange.link {
        Link::Memory(looks, sleep) => {
            let memory = Memory::create(&path, turns::shape(room));
            let memory = memory.map_err(failed("cannot make shared memory"))?;
            let side = turns::Side::new(memory, room, looks, sleep);
            (Side::Memory(side), start()?)
        }
        Link::Socket(look) => {
            let listener = echo::listener(&path);
            let listener = listener.map_err(failed("cannot listen for a raw echo"))?;
            let peer = start()?;
            let side = echo::Side::accept(&listener, look);
            let side = side.map_err(failed("no raw echo has connected"))?;
            (Side::Socket(side), peer)
        }
    };
    let mut asking = End::new(exchange.payload);
    let mut buf = vec![0; room];
    let op = move || {
        for _ in 0..exchange.lot() {
            let done = round(exchange, &mut side, &mut asking, &mut buf);
            done.map_err(failed("cannot exchange raw messages"))?;
        }
        Ok(exchange.lot() * u64::from(exchange.window))
    };
    Ok((Box::new(op), Some(peer)))
}

/// A window of messages there and back.
fn round(exchange: Exchange, side: &mut Side, asking: &mut End, buf: &mut [u8]) -> io::Result<()> {
    for _ in 0..exchange.window {
        side.send(asking.request())?;
    }
    for back in (0..exchange.window.into()).rev() {
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
pub(super) fn answer(task: RawTask) -> io::Result<()> {
    let RawTask { path, exchange } = task;
    let room = exchange.payload.room();
    let mut side = match exchange.link {
        Link::Memory(looks, sleep) => {
            let memory = Memory::open(&path, turns::shape(room))?;
            Side::Memory(turns::Side::new(memory, room, looks, sleep))
        }
        Link::Socket(look) => Side::Socket(echo::Side::connect(&path, look)?),
    };
    let mut answering = End::new(exchange.payload);
    let mut buf = vec![0; room];
    loop {
        match side.receive(&mut buf) {
            Ok(0) if !buf.is_empty() => return Ok(()),
            Ok(len) => side.send(answering.answer(&buf[..len]))?,
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {}
            Err(error) => return Err(error),
        }
    }
}

/// One of the two sides.
enum Side {
    Memory(turns::Side),
    Socket(echo::Side),
}

impl Side {
    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        match self {
            Self::Memory(side) => side.send(message),
            Self::Socket(side) => side.send(message),
        }
    }

    /// Bytes received: 0, too, once the other side has hung up.
    fn receive(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Memory(side) => side.receive(buf),
            Self::Socket(side) => side.receive(buf),
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
    use super::super::rows::{self, Kind};
    use super::*;

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
            let refused = answer(task).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::NotFound, "{json}");
        }
    }
}
