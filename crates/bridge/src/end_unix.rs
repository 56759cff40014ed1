//! The end of the program, when a signal asks for it.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use netipc_bridge::error::Error;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use zenoh::Session;

/// What the program waits for.
enum Event {
    /// A signal asks to stop.
    Stop,
    /// The network was joined, or cannot be.
    Joined(Box<Result<Session, Error>>),
}

/// The end of the program, when a signal asks for it.
pub(crate) struct End {
    tell: Sender<Event>,
    told: Receiver<Event>,
}

impl End {
    /// Takes signals that ask to stop, from now on.
    pub(crate) fn begin() -> Result<Self, Error> {
        let no_signals = |source| Error::Thread {
            what: "signals".into(),
            source,
        };
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(no_signals)?;
        let (tell, told) = mpsc::channel();
        let stop = tell.clone();
        let take = move || {
            signals.forever().next();
            let _ = stop.send(Event::Stop);
        };
        let thread = thread::Builder::new().name("netipc-signals".into());
        thread.spawn(take).map_err(no_signals)?;
        Ok(Self { tell, told })
    }

    /// Joins the network. Nothing where a signal came first: what still tries ends with the process.
    pub(crate) fn join(&self, config: zenoh::Config) -> Result<Option<Session>, Error> {
        let tell = self.tell.clone();
        let join = move || {
            let joined = netipc_bridge::open(config);
            let _ = tell.send(Event::Joined(Box::new(joined)));
        };
        let thread = thread::Builder::new().name("netipc-join".into());
        thread.spawn(join).map_err(|source| Error::Thread {
            what: "joining the network".into(),
            source,
        })?;
        match self.told.recv() {
            Ok(Event::Joined(joined)) => joined.map(Some),
            Ok(Event::Stop) | Err(_) => Ok(None),
        }
    }

    /// Waits for a signal.
    pub(crate) fn wait(&self) {
        let _ = self.told.recv();
    }
}
