//! Console events: what asks a program to end.
#![expect(unsafe_code, reason = "the system is told whom to call")]

use std::io;
use std::sync::OnceLock;
use std::thread;

use windows_sys::Win32::System::Console::{
    CTRL_BREAK_EVENT, CTRL_C_EVENT, CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT, CTRL_SHUTDOWN_EVENT,
    SetConsoleCtrlHandler,
};
use windows_sys::core::BOOL;

const TRUE: BOOL = 1;
const FALSE: BOOL = 0;

/// What asks a program to end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ConsoleEvent {
    /// Ctrl-C was pressed.
    Interrupt,
    /// Ctrl-Break was pressed.
    Break,
    /// The console was closed.
    Close,
    /// The user logs off.
    Logoff,
    /// The system shuts down.
    Shutdown,
}

impl ConsoleEvent {
    const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            CTRL_C_EVENT => Self::Interrupt,
            CTRL_BREAK_EVENT => Self::Break,
            CTRL_CLOSE_EVENT => Self::Close,
            CTRL_LOGOFF_EVENT => Self::Logoff,
            CTRL_SHUTDOWN_EVENT => Self::Shutdown,
            _ => return None,
        })
    }

    /// Whether the system ends the process some seconds later, whatever it does: five after
    /// [`Close`](Self::Close), unless the machine is configured otherwise.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Interrupt | Self::Break)
    }
}

/// The one handler of this process.
static HANDLER: OnceLock<Box<dyn Fn(ConsoleEvent) + Send + Sync>> = OnceLock::new();

/// Calls `handler` for every console event of this process, in a thread of the system's, instead of
/// what the system does by itself: end the process.
///
/// After a [final](ConsoleEvent::is_final) event the system ends the process as soon as its call
/// returns. That is why it does not: whoever is told has the time that the system gives to return
/// from `main`, which ends the process in good order.
///
/// ```no_run
/// use std::sync::mpsc;
///
/// use netipc_transport::windows::on_console_event;
///
/// let (ask, asked) = mpsc::channel();
/// on_console_event(move |_event| {
///     let _ = ask.send(());
/// })?;
/// let _ = asked.recv();
/// // Servers are drained here, for four seconds at most.
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// There is a handler already, or the system takes none.
pub fn on_console_event(handler: impl Fn(ConsoleEvent) + Send + Sync + 'static) -> io::Result<()> {
    if HANDLER.set(Box::new(handler)).is_err() {
        return Err(io::Error::other("console events have a handler already"));
    }
    // SAFETY: `handle` stays as long as the process, and may be called in any thread at any time.
    let done = unsafe { SetConsoleCtrlHandler(Some(handle), TRUE) };
    if done == FALSE {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Called by the system, in a thread of its own for each event.
extern "system" fn handle(number: u32) -> BOOL {
    let (Some(event), Some(handler)) = (ConsoleEvent::from_number(number), HANDLER.get()) else {
        return FALSE;
    };
    handler(event);
    while event.is_final() {
        thread::park();
    }
    TRUE
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_event_is_told_and_the_final_ones_never_return() {
        let (told, events) = mpsc::channel();
        on_console_event(move |event| told.send(event).unwrap()).unwrap();
        let next = || events.recv_timeout(Duration::from_secs(60)).unwrap();
        for (number, event) in [
            (CTRL_C_EVENT, ConsoleEvent::Interrupt),
            (CTRL_BREAK_EVENT, ConsoleEvent::Break),
        ] {
            assert_eq!(handle(number), TRUE);
            assert_eq!(next(), event);
        }
        let finals = [
            (CTRL_CLOSE_EVENT, ConsoleEvent::Close),
            (CTRL_LOGOFF_EVENT, ConsoleEvent::Logoff),
            (CTRL_SHUTDOWN_EVENT, ConsoleEvent::Shutdown),
        ];
        let calls = finals.map(|(number, event)| {
            let call = thread::spawn(move || handle(number));
            assert_eq!(next(), event);
            call
        });
        // What wakes a thread for no reason lets none of them return.
        for _ in 0..100 {
            calls.iter().for_each(|call| call.thread().unpark());
            thread::yield_now();
        }
        assert!(calls.iter().all(|call| !call.is_finished()));
        assert_eq!(handle(3), FALSE, "of no event that there is");
        assert!(on_console_event(|_| ()).is_err(), "one handler is all");
    }
}
