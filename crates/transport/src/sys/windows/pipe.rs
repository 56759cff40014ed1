//! A connected end of a message pipe.
#![expect(
    unsafe_code,
    reason = "the kernel reads and writes buffers behind its calls"
)]

use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr;
use std::sync::Arc;

use windows_sys::Win32::Foundation::{GENERIC_READ, GENERIC_WRITE};
use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_FLAG_OVERLAPPED, OPEN_EXISTING, ReadFile, SECURITY_IDENTIFICATION,
    SECURITY_SQOS_PRESENT, WriteFile,
};
use windows_sys::Win32::System::Pipes::{
    GetNamedPipeClientProcessId, GetNamedPipeServerProcessId, PIPE_READMODE_MESSAGE, PeekNamedPipe,
    SetNamedPipeHandleState,
};

use super::code::{Code, Result, check, check_handle};
use super::operation::Operation;
use super::{Event, WaitObject, ready, wide};
use crate::link::LinkError;
use crate::wait::Wait;

/// What a pipe had to give.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Arrival {
    Nothing,
    /// A message of this many bytes.
    Message(usize),
    /// Nothing more will come.
    Ended(Code),
}

/// Why a message did not leave.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The wait ended; nothing has left.
    Wait(LinkError),
    /// The system failed, or the peer is gone.
    System(Code),
}

/// One end of a message pipe.
///
/// A read is under way all the time, so that its event tells at once what comes, be it a message or
/// the end, and no wait that ends loses anything.
#[derive(Debug)]
pub(crate) struct Pipe {
    read: Operation,
    write: Operation,
    /// Where the read goes: the kernel's while it is under way.
    buffer: Vec<u8>,
}

impl Pipe {
    /// Connects to a pipe of this name: `PIPE_BUSY` when every instance has a client.
    pub(crate) fn open(name: &str, packet: u32) -> Result<Self> {
        let name = wide(name);
        // A server may learn who we are, and not act in our name.
        let flags = FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION;
        // SAFETY: the name is live and ends with a NUL; there are no attributes and no template.
        let handle = unsafe {
            CreateFileW(
                name.as_ptr(),
                GENERIC_READ | GENERIC_WRITE,
                0,
                ptr::null(),
                OPEN_EXISTING,
                flags,
                ptr::null_mut(),
            )
        };
        let handle = check_handle(handle)?;
        // SAFETY: a fresh handle, ours alone.
        let handle = unsafe { OwnedHandle::from_raw_handle(handle) };
        let mode = PIPE_READMODE_MESSAGE;
        // SAFETY: a pipe of ours, a live number, and nothing else to set.
        let set = unsafe {
            SetNamedPipeHandleState(
                handle.as_raw_handle(),
                &raw const mode,
                ptr::null(),
                ptr::null(),
            )
        };
        check(set)?;
        Self::over(Arc::new(handle), packet)
    }

    /// Takes a connected pipe in message mode, for messages of up to `packet` bytes.
    pub(super) fn over(handle: Arc<OwnedHandle>, packet: u32) -> Result<Self> {
        let (reads, writes) = (Arc::new(Event::new()?), Arc::new(Event::new()?));
        let mut pipe = Self {
            read: Operation::new(Arc::clone(&handle), reads),
            write: Operation::new(handle, writes),
            buffer: vec![0; packet as usize],
        };
        pipe.begin_read();
        Ok(pipe)
    }

    /// Sends one message; waits for room in the pipe.
    pub(crate) fn send(
        &mut self,
        message: &[u8],
        wait: &Wait<'_>,
    ) -> std::result::Result<(), Failure> {
        let size = u32::try_from(message.len()).unwrap_or(u32::MAX);
        let write = CancelOnDrop(&mut self.write);
        let (handle, record) = (write.0.handle(), write.0.record());
        // SAFETY: the message outlives the operation, which is ended before this function returns;
        // so does the record, and the pipe is open.
        let begun = unsafe { WriteFile(handle, message.as_ptr(), size, ptr::null_mut(), record) };
        write.0.begun(begun);
        loop {
            if let Some(result) = write.0.poll() {
                return result.map(drop).map_err(Failure::System);
            }
            if let Err(ended) = ready(write.0.object(), wait) {
                return match write.0.cancel() {
                    Some(Ok(_)) => Ok(()),
                    Some(Err(Code::OPERATION_ABORTED)) | None => Err(Failure::Wait(ended)),
                    Some(Err(code)) => Err(Failure::System(code)),
                };
            }
        }
    }

    /// Looks what has come, without taking it. Never waits.
    #[inline]
    pub(crate) fn look(&mut self) -> Arrival {
        loop {
            return match self.read.poll() {
                None => Arrival::Nothing,
                Some(Ok(size)) => Arrival::Message(size),
                // The thread that began it has ended: nothing was read.
                Some(Err(Code::OPERATION_ABORTED)) => {
                    self.begin_read();
                    continue;
                }
                Some(Err(code)) => Arrival::Ended(code),
            };
        }
    }

    /// Takes the message that has come, `size` bytes, into `packet` as far as it fits.
    pub(crate) fn take(&mut self, size: usize, packet: &mut [u8]) {
        let kept = size.min(packet.len());
        packet[..kept].copy_from_slice(&self.buffer[..kept]);
        self.begin_read();
    }

    /// What is signalled when there is something to [look](Self::look) at.
    pub(crate) fn object(&self) -> WaitObject<'_> {
        self.read.object()
    }

    /// What tells any thread whether the other end, or our own, is closed. It keeps neither open.
    pub(crate) fn watch(&self) -> impl Fn() -> bool + Send + Sync + use<> {
        let pipe = self.read.weak_handle();
        move || pipe.upgrade().is_none_or(|pipe| has_ended(&pipe))
    }

    /// The process at the client's end, if the system tells.
    pub(crate) fn client_pid(&self) -> Option<u32> {
        let mut pid = 0;
        // SAFETY: a pipe of ours and a live number.
        let told = unsafe { GetNamedPipeClientProcessId(self.read.handle(), &raw mut pid) };
        (told != 0 && pid != 0).then_some(pid)
    }

    /// The process at the server's end, if the system tells.
    pub(crate) fn server_pid(&self) -> Option<u32> {
        let mut pid = 0;
        // SAFETY: a pipe of ours and a live number.
        let told = unsafe { GetNamedPipeServerProcessId(self.read.handle(), &raw mut pid) };
        (told != 0 && pid != 0).then_some(pid)
    }

    fn begin_read(&mut self) {
        let size = u32::try_from(self.buffer.len()).unwrap_or(u32::MAX);
        let (handle, record, place) = (
            self.read.handle(),
            self.read.record(),
            self.buffer.as_mut_ptr(),
        );
        // SAFETY: the buffer has room for `size` bytes, is not touched until the read has ended,
        // and is freed after it: see `drop`.
        let begun = unsafe { ReadFile(handle, place, size, ptr::null_mut(), record) };
        self.read.begun(begun);
    }
}

/// Whether the other end is closed, and nothing that it sent is left. Never waits.
fn has_ended(pipe: &OwnedHandle) -> bool {
    let nothing = ptr::null_mut();
    // SAFETY: an open pipe of ours, which is asked for nothing but whether it can be looked at.
    let looked = unsafe {
        PeekNamedPipe(
            pipe.as_raw_handle(),
            ptr::null_mut(),
            0,
            nothing,
            nothing,
            nothing,
        )
    };
    looked == 0 && Code::last().is_gone()
}

impl Drop for Pipe {
    fn drop(&mut self) {
        // Before the buffer goes.
        self.read.cancel();
    }
}

/// Whatever happens, an operation does not outlive what it was given.
struct CancelOnDrop<'a>(&'a mut Operation);

impl Drop for CancelOnDrop<'_> {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
