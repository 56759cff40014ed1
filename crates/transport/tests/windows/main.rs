//! What only Windows has: pipes, regions with waiting words, and the defects of deployed peers there.
#![cfg(windows)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;

mod access;
mod listening;
mod memory;
mod peers;

use std::fs::File;
use std::io::{self, Write};
use std::time::Duration;

use netipc_transport::link::BindOptions;
use netipc_transport::{Link, Listener, NativeTransport, Transport, testing};

use common::Stage;

/// The profiles of this platform.
const PROFILES: [u32; 3] = [0x01, 0x02, 0x04];
/// `ERROR_PIPE_BUSY`.
const BUSY: i32 = 231;

fn bind(stage: &Stage) -> Box<dyn Listener> {
    NativeTransport::new()
        .bind(&stage.endpoint, &BindOptions::default())
        .unwrap()
}

/// A client of another make: a handle that reads bytes and waits in every call.
fn visitor(stage: &Stage) -> File {
    loop {
        let opened = File::options()
            .read(true)
            .write(true)
            .open(stage.endpoint.pipe_name());
        match opened {
            Err(error) if error.raw_os_error() == Some(BUSY) => std::thread::yield_now(),
            opened => return opened.unwrap(),
        }
    }
}

fn say(link: &mut dyn Link, bytes: &[u8]) {
    link.send(bytes, &[], &common::soon()).unwrap();
}

/// Whether a test that Wine cannot pass has to be left out, which is told loudly.
fn skipped_by_wine(why: &str) -> bool {
    let wine = testing::is_wine();
    if wine {
        // Not by a macro: the harness would keep it to itself.
        let thread = std::thread::current();
        let test = thread.name().unwrap_or_default();
        let mut stderr = io::stderr();
        writeln!(stderr, "SKIPPED under Wine: {test}: {why}").unwrap();
    }
    wine
}

/// A deadline that is meant to pass.
const SHORT: Duration = Duration::from_millis(20);
