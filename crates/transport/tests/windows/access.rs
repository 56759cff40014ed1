//! Who may use a pipe. Wine keeps no access lists: these run on Windows.
#![expect(unsafe_code, reason = "access lists are asked of the system")]

use std::fs::File;
use std::os::windows::io::AsRawHandle;
use std::ptr;

use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::Authorization::{
    ConvertSecurityDescriptorToStringSecurityDescriptorW, GetSecurityInfo, SDDL_REVISION_1,
    SE_KERNEL_OBJECT,
};
use windows_sys::Win32::Security::DACL_SECURITY_INFORMATION;

use super::common::Stage;
use super::{bind, skipped_by_wine, visitor};

// Rule N9.
#[test]
fn defect_40_a_pipe_is_for_its_owner_and_the_system() {
    if skipped_by_wine("it keeps no access lists") {
        return;
    }
    let stage = Stage::new();
    let _listener = bind(&stage);
    let list = access_list(&visitor(&stage));
    assert!(list.starts_with("D:P"), "nothing is inherited: {list}");
    assert_eq!(list.matches("(A;").count(), 2, "{list}");
    assert!(list.contains(";;;SY)"), "{list}");
    assert!(
        !list.contains(";;;WD)") && !list.contains(";;;AN)"),
        "{list}"
    );
}

// Rule N9.
#[test]
fn defect_40_clients_of_other_machines_are_refused() {
    if skipped_by_wine("it has no pipes of other machines") {
        return;
    }
    let stage = Stage::new();
    let _listener = bind(&stage);
    let name = stage
        .endpoint
        .pipe_name()
        .replacen(r"\\.\", r"\\127.0.0.1\", 1);
    let opened = File::options().read(true).write(true).open(name);
    assert!(opened.is_err(), "by way of the network");
}

/// The access list of a pipe, in the notation of Windows.
fn access_list(pipe: &File) -> String {
    let mut descriptor = ptr::null_mut();
    let handle = pipe.as_raw_handle();
    // SAFETY: an open handle and a live pointer; nothing else is asked.
    let status = unsafe {
        GetSecurityInfo(
            handle,
            SE_KERNEL_OBJECT,
            DACL_SECURITY_INFORMATION,
            ptr::null_mut(),
            ptr::null_mut(),
            ptr::null_mut(),
            ptr::null_mut(),
            &raw mut descriptor,
        )
    };
    assert_eq!(status, 0);
    let (mut text, mut size) = (ptr::null_mut(), 0);
    // SAFETY: a descriptor that the system made, and live places for a pointer and a number.
    let told = unsafe {
        ConvertSecurityDescriptorToStringSecurityDescriptorW(
            descriptor,
            SDDL_REVISION_1,
            DACL_SECURITY_INFORMATION,
            &raw mut text,
            &raw mut size,
        )
    };
    assert_ne!(told, 0);
    // SAFETY: the system has written as many units.
    let units = unsafe { std::slice::from_raw_parts(text, size as usize) };
    let list = String::from_utf16_lossy(units);
    // SAFETY: memory that the system made for us, not used any more.
    unsafe { LocalFree(text.cast()) };
    // SAFETY: memory that the system made for us, not used any more.
    unsafe { LocalFree(descriptor) };
    list
}
