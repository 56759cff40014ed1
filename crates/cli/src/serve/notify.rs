//! What systemd, or whoever else set `NOTIFY_SOCKET`, is told.

use std::env;
use std::process;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::exit::to_stderr;
use crate::platform::NotifySocket;

/// A supervisor that wants to know when we are ready, and perhaps that we are still alive.
pub(super) struct Supervisor {
    socket: Option<NotifySocket>,
    /// How long it waits for a sign of life.
    watchdog: Option<Duration>,
}

impl Supervisor {
    /// The one of the environment, if there is one. One that cannot be reached is said, and no reason not to serve.
    pub(super) fn from_env() -> Self {
        let address = env::var_os("NOTIFY_SOCKET").filter(|address| !address.is_empty());
        let socket = address.and_then(|address| {
            NotifySocket::connect(&address)
                .inspect_err(|error| {
                    let address = address.display();
                    to_stderr(&format_args!(
                        "cannot notify {address} of NOTIFY_SOCKET: {error}"
                    ));
                })
                .ok()
        });
        let microseconds = env::var("WATCHDOG_USEC").ok();
        let pid = env::var("WATCHDOG_PID").ok();
        Self {
            socket,
            watchdog: watchdog(microseconds.as_deref(), pid.as_deref(), process::id()),
        }
    }

    /// Says `what`. A supervisor that does not listen misses it.
    pub(super) fn notify(&self, what: &str) {
        if let Some(socket) = &self.socket {
            let _ = socket.send(what.as_bytes());
        }
    }

    /// Gives signs of life until the other end of `ended` is gone.
    pub(super) fn watch(&self, ended: &Receiver<()>) {
        let (Some(period), Some(_)) = (self.watchdog, &self.socket) else {
            return;
        };
        while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(period / 2) {
            self.notify("WATCHDOG=1");
        }
    }
}

/// The period of the watchdog, unless it is meant for another process.
fn watchdog(microseconds: Option<&str>, pid: Option<&str>, own: u32) -> Option<Duration> {
    let is_ours = pid.is_none_or(|pid| pid.parse() == Ok(own));
    let period = Duration::from_micros(microseconds?.parse().ok()?);
    (is_ours && !period.is_zero()).then_some(period)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_watchdog_is_for_one_process() {
        let second = Some(Duration::from_secs(1));
        assert_eq!(watchdog(Some("1000000"), None, 7), second);
        assert_eq!(watchdog(Some("1000000"), Some("7"), 7), second);
        for (microseconds, pid) in [
            (None, None),
            (Some("0"), None),
            (Some("x"), None),
            (Some("1000000"), Some("8")),
            (Some("1000000"), Some("x")),
        ] {
            assert_eq!(watchdog(microseconds, pid, 7), None);
        }
    }
}
