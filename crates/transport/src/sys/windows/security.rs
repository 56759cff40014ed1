//! Who may use what we make: our own user and the system.
#![expect(unsafe_code, reason = "security descriptors are made of raw memory")]

use std::ffi::c_void;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::{self, NonNull};

use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::Authorization::{
    ConvertSidToStringSidW, ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1,
};
use windows_sys::Win32::Security::{
    GetTokenInformation, PSID, SECURITY_ATTRIBUTES, TOKEN_QUERY, TOKEN_USER, TokenUser,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

use super::code::{Result, check};
use super::wide;

/// Words of a buffer for a user: more than its structure and the longest id.
const USER_WORDS: usize = 32;

/// A security descriptor that gives everything to our own user and the system, and nothing to others.
#[derive(Debug)]
pub(crate) struct Security {
    descriptor: LocalMemory,
}

impl Security {
    pub(crate) fn new() -> Result<Self> {
        // Protected: nothing is inherited. Generic rights fit pipes, mappings and events alike.
        let text = format!("D:P(A;;GA;;;{})(A;;GA;;;SY)", own_user()?);
        let text = wide(&text);
        let mut descriptor = ptr::null_mut();
        // SAFETY: the text is live and ends with a NUL; the pointer is live, and a size is not asked.
        let made = unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                text.as_ptr(),
                SDDL_REVISION_1,
                &raw mut descriptor,
                ptr::null_mut(),
            )
        };
        check(made)?;
        Ok(Self {
            descriptor: LocalMemory(NonNull::new(descriptor)),
        })
    }

    /// What calls that make something take; valid as long as `self`. No child inherits the handle.
    pub(super) fn attributes(&self) -> SECURITY_ATTRIBUTES {
        SECURITY_ATTRIBUTES {
            nLength: u32::try_from(size_of::<SECURITY_ATTRIBUTES>()).unwrap_or_default(),
            lpSecurityDescriptor: self.descriptor.as_ptr(),
            bInheritHandle: 0,
        }
    }
}

/// The user of this process, as text: `S-1-5-…`.
fn own_user() -> Result<String> {
    let token = own_token()?;
    // Words, so that the structure at the start is aligned.
    let mut buffer = [0_u64; USER_WORDS];
    let size = u32::try_from(size_of_val(&buffer)).unwrap_or_default();
    let mut used = 0;
    // SAFETY: the buffer has `size` bytes, and `used` is live.
    let told = unsafe {
        GetTokenInformation(
            token.as_raw_handle(),
            TokenUser,
            buffer.as_mut_ptr().cast(),
            size,
            &raw mut used,
        )
    };
    check(told)?;
    // SAFETY: the system has put that structure at the start of the buffer, which is aligned for it.
    let user = unsafe { &*buffer.as_ptr().cast::<TOKEN_USER>() };
    sid_text(user.User.Sid)
}

fn own_token() -> Result<OwnedHandle> {
    // SAFETY: it takes nothing and cannot fail.
    let process = unsafe { GetCurrentProcess() };
    let mut token = ptr::null_mut();
    // SAFETY: our own process, and a live pointer.
    check(unsafe { OpenProcessToken(process, TOKEN_QUERY, &raw mut token) })?;
    // SAFETY: a fresh handle, ours alone.
    Ok(unsafe { OwnedHandle::from_raw_handle(token) })
}

/// An id as text. It lives in a buffer of the caller.
fn sid_text(sid: PSID) -> Result<String> {
    let mut text = ptr::null_mut();
    // SAFETY: an id that the system wrote, and a live pointer.
    check(unsafe { ConvertSidToStringSidW(sid, &raw mut text) })?;
    let _memory = LocalMemory(NonNull::new(text.cast()));
    let mut units = Vec::new();
    loop {
        // SAFETY: inside the text, because no NUL came before.
        let place = unsafe { text.add(units.len()) };
        // SAFETY: a unit of the text, or the NUL at its end.
        match unsafe { place.read() } {
            0 => return Ok(String::from_utf16_lossy(&units)),
            unit => units.push(unit),
        }
    }
}

/// Memory that the system made for us.
#[derive(Debug)]
struct LocalMemory(Option<NonNull<c_void>>);

// SAFETY: nobody writes to it, and it is freed once, by its only owner, from whatever thread.
unsafe impl Send for LocalMemory {}
// SAFETY: nobody writes to it.
unsafe impl Sync for LocalMemory {}

impl LocalMemory {
    fn as_ptr(&self) -> *mut c_void {
        self.0.map_or(ptr::null_mut(), NonNull::as_ptr)
    }
}

impl Drop for LocalMemory {
    fn drop(&mut self) {
        // SAFETY: ours, and not used any more. Nothing happens to no memory.
        unsafe { LocalFree(self.as_ptr()) };
    }
}
