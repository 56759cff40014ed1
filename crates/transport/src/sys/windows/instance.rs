//! An instance of a pipe that waits for its client.
#![expect(
    unsafe_code,
    reason = "the kernel keeps the record of a pending connection"
)]

use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::sync::Arc;
use std::time::Duration;

use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_FIRST_PIPE_INSTANCE, FILE_FLAG_OVERLAPPED, PIPE_ACCESS_DUPLEX,
};
use windows_sys::Win32::System::Pipes::{
    ConnectNamedPipe, CreateNamedPipeW, DisconnectNamedPipe, PIPE_READMODE_MESSAGE,
    PIPE_REJECT_REMOTE_CLIENTS, PIPE_TYPE_MESSAGE, PIPE_UNLIMITED_INSTANCES, PIPE_WAIT,
    WaitNamedPipeW,
};

use super::code::{Code, Result, check, check_handle};
use super::operation::Operation;
use super::{Event, Pipe, Security, wide};

/// How often a client may come and leave before an instance is first waited at.
const MOST_VISITORS: u32 = 64;

/// What became of the wait of an instance.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Visit {
    None,
    /// It has begun anew, which reset the event.
    Restarted,
    /// A client has come; an error is about this instance alone, which is of no more use.
    Came(Result<()>),
}

/// A server's end of a pipe that has no client yet.
#[derive(Debug)]
pub(crate) struct Instance {
    handle: Arc<OwnedHandle>,
    connect: Operation,
}

impl Instance {
    /// Makes one and waits for a client; `event` is set when one has come. The `first` one fails
    /// where the name is taken.
    pub(crate) fn new(
        name: &str,
        first: bool,
        packet: u32,
        security: &Security,
        event: &Arc<Event>,
    ) -> Result<Self> {
        let name = wide(name);
        let attributes = security.attributes();
        let mut open = PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED;
        if first {
            open |= FILE_FLAG_FIRST_PIPE_INSTANCE;
        }
        let mode =
            PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS;
        let default_timeout = 0;
        // SAFETY: name and attributes are live, and the name ends with a NUL.
        let handle = unsafe {
            CreateNamedPipeW(
                name.as_ptr(),
                open,
                mode,
                PIPE_UNLIMITED_INSTANCES,
                packet,
                packet,
                default_timeout,
                &raw const attributes,
            )
        };
        let handle = check_handle(handle)?;
        // SAFETY: a fresh handle, ours alone.
        let handle = Arc::new(unsafe { OwnedHandle::from_raw_handle(handle) });
        let mut instance = Self {
            connect: Operation::new(Arc::clone(&handle), Arc::clone(event)),
            handle,
        };
        instance.wait_for_client();
        Ok(instance)
    }

    /// Looks whether a client has come. Never waits.
    pub(crate) fn poll(&mut self) -> Visit {
        match self.connect.poll() {
            None => Visit::None,
            // The thread that began to wait has ended, or the client left before it was seen.
            Some(Err(Code::OPERATION_ABORTED | Code::NO_DATA)) => {
                self.wait_for_client();
                Visit::Restarted
            }
            Some(result) => Visit::Came(result.map(drop)),
        }
    }

    /// The connection with the client that has come.
    pub(crate) fn into_pipe(self, packet: u32) -> Result<Pipe> {
        Pipe::over(self.handle, packet)
    }

    fn wait_for_client(&mut self) {
        for _ in 0..MOST_VISITORS {
            let (handle, record) = (self.connect.handle(), self.connect.record());
            // SAFETY: a pipe of ours, and a record that outlives the operation.
            let begun = unsafe { ConnectNamedPipe(handle, record) };
            match check(begun) {
                Err(Code::PIPE_CONNECTED) => return self.connect.end(Ok(0)),
                // A client came before we waited, and left: the instance is as good as new.
                Err(Code::NO_DATA) => self.disconnect(),
                Err(Code::IO_PENDING) | Ok(()) => return self.connect.begun(1),
                Err(code) => return self.connect.end(Err(code)),
            }
        }
        self.connect.end(Err(Code::PIPE_BUSY));
    }

    fn disconnect(&self) {
        // SAFETY: a pipe of ours. There is no client any more that could lose what it did not read.
        unsafe { DisconnectNamedPipe(self.handle.as_raw_handle()) };
    }
}

/// Waits for at most `limit`, and at least a millisecond, until a pipe of this name has an instance
/// without client: `FILE_NOT_FOUND` where nobody serves it, `SEM_TIMEOUT` when that took too long.
pub(crate) fn wait_for_instance(name: &str, limit: Duration) -> Result<()> {
    let name = wide(name);
    // 0 would be a default of the server.
    let millis = u32::try_from(limit.as_millis())
        .unwrap_or(u32::MAX - 1)
        .max(1);
    // SAFETY: the name is live and ends with a NUL.
    check(unsafe { WaitNamedPipeW(name.as_ptr(), millis) })
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;
    use crate::sys::testing::is_wine;

    // Rule N7.
    #[test]
    fn a_name_has_one_first_instance() {
        let name = format!(r"\\.\pipe\netipc-test-first-{}", std::process::id());
        let (security, event) = (Security::new().unwrap(), Arc::new(Event::new().unwrap()));
        let first = || Instance::new(&name, true, 1024, &security, &event).map(drop);
        let _owner = Instance::new(&name, true, 1024, &security, &event).unwrap();
        if is_wine() {
            use std::io::Write;
            // Not by a macro: the harness would keep it to itself.
            let mut stderr = std::io::stderr();
            let _ = writeln!(
                stderr,
                "SKIPPED under Wine: it ignores the flag of a first instance"
            );
            return;
        }
        assert_eq!(first(), Err(Code::ACCESS_DENIED));
    }
}
