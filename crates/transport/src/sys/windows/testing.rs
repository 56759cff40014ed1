//! What tests need of the system and programs do not.
#![expect(
    unsafe_code,
    reason = "functions that no header has are looked up by name"
)]

use std::ffi::CStr;
use std::os::windows::io::{AsRawHandle, RawHandle};
use std::process::Child;

use windows_sys::Win32::Foundation::{FARPROC, HANDLE};
use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, GetCurrentThread, GetProcessHandleCount, GetThreadTimes,
};

use super::{Event, wide};

/// Whether this is Wine and not Windows.
#[must_use]
pub fn is_wine() -> bool {
    function(c"wine_get_version").is_some()
}

/// Stops every thread of a process; whether the system could.
#[must_use]
pub fn suspend(child: &Child) -> bool {
    call_on(c"NtSuspendProcess", child.as_raw_handle())
}

/// Lets a process that was stopped go on; whether the system could.
#[must_use]
pub fn resume(child: &Child) -> bool {
    call_on(c"NtResumeProcess", child.as_raw_handle())
}

/// A number that grows with the handles that this process has open: how many they are, and under
/// Wine, which does not tell that, the number of the next one, which is the lowest that is free.
///
/// # Panics
/// When the process has no handle left.
#[must_use]
pub fn open_handles() -> usize {
    let mut count = 0;
    // SAFETY: it takes nothing and cannot fail.
    let process = unsafe { GetCurrentProcess() };
    // SAFETY: our own process and a live number.
    let told = unsafe { GetProcessHandleCount(process, &raw mut count) };
    if told != 0 && count != 0 {
        return count as usize;
    }
    let next = Event::new().expect("a handle");
    next.raw().addr() / 4
}

/// Processor time that the calling thread has taken, in units of 100 ns.
#[must_use]
pub fn thread_time() -> u64 {
    let [mut created, mut ended, mut kernel, mut user] =
        [windows_sys::Win32::Foundation::FILETIME::default(); 4];
    // SAFETY: it takes nothing and cannot fail.
    let thread = unsafe { GetCurrentThread() };
    // SAFETY: our own thread and four live structures.
    unsafe {
        GetThreadTimes(
            thread,
            &raw mut created,
            &raw mut ended,
            &raw mut kernel,
            &raw mut user,
        )
    };
    [kernel, user]
        .iter()
        .map(|time| u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime))
        .sum()
}

/// Calls a function of ntdll that takes a process and gives a status.
fn call_on(name: &CStr, process: RawHandle) -> bool {
    let Some(function) = function(name) else {
        return false;
    };
    // SAFETY: both functions that are called here have had this signature since Windows XP.
    let function = unsafe {
        std::mem::transmute::<
            unsafe extern "system" fn() -> isize,
            unsafe extern "system" fn(HANDLE) -> i32,
        >(function)
    };
    // SAFETY: a handle of a child, open as long as it.
    let status = unsafe { function(process) };
    status >= 0
}

/// A function of ntdll, if it has one of that name.
fn function(name: &CStr) -> FARPROC {
    let module = wide("ntdll.dll");
    // SAFETY: the name is live and ends with a NUL; every process has that module, for ever.
    let module = unsafe { GetModuleHandleW(module.as_ptr()) };
    // SAFETY: a loaded module, and a live name.
    unsafe { GetProcAddress(module, name.as_ptr().cast()) }
}
