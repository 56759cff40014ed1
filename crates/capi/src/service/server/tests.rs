use std::cell::UnsafeCell;
use std::ffi::{CString, c_void};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::{ptr, thread};

use netipc::service::increment::{IncrementClient, next};
use tempfile::TempDir;

use super::*;
use crate::service::made::{nipc_increment_service_handler_t, nipc_server_init_increment};

/// A server where every thread can reach it.
struct Storage(UnsafeCell<nipc_managed_server_t>);

// SAFETY: the functions under test are for any thread.
unsafe impl Sync for Storage {}

impl Storage {
    const fn zeroed() -> Self {
        Self(UnsafeCell::new(nipc_managed_server_t::EMPTY))
    }

    fn bound(dir: &TempDir, handler: nipc_increment_service_handler_t) -> Self {
        let storage = Self::zeroed();
        assert_eq!(storage.init(dir.path(), handler), ErrorCode::OK);
        storage
    }

    fn init(&self, dir: &Path, handler: nipc_increment_service_handler_t) -> ErrorCode {
        let dir = CString::new(dir.to_str().unwrap()).unwrap();
        let (dir, service) = (dir.as_ptr(), c"increment".as_ptr());
        let server = self.0.get();
        // SAFETY: strings and structs, and no server that is used.
        unsafe { nipc_server_init_increment(server, dir, service, ptr::null(), 1, &handler) }.code()
    }

    fn run(&self) {
        // SAFETY: a server.
        unsafe { nipc_server_run(self.0.get()) };
    }

    fn serve(&self) -> ErrorCode {
        // SAFETY: a server.
        unsafe { nipc_server_serve(self.0.get()) }.code()
    }

    fn stop(&self) {
        // SAFETY: a server.
        unsafe { nipc_server_stop(self.0.get()) };
    }

    fn destroy(&self) {
        // SAFETY: a server.
        unsafe { nipc_server_destroy(self.0.get()) };
    }

    fn stats(&self) -> nipc_server_stats_t {
        let mut stats = nipc_server_stats_t {
            ok: 77,
            ..Default::default()
        };
        // SAFETY: a server, and room for the statistics.
        unsafe { nipc_server_stats(self.0.get(), &mut stats) };
        stats
    }

    fn error(&self) -> String {
        let mut text = [1; 504];
        // SAFETY: a server, and a buffer.
        let len =
            unsafe { nipc_server_last_error(self.0.get(), text.as_mut_ptr().cast(), text.len()) };
        assert_eq!(text.get(len), Some(&0));
        String::from_utf8(text[..len].to_vec()).unwrap()
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        self.destroy();
    }
}

unsafe extern "C" fn count(_: *mut c_void, n: u64, response: *mut u64) -> bool {
    // SAFETY: the server passes room for it.
    unsafe { response.write(next(n)) };
    true
}

unsafe extern "C" fn count_and_destroy(server: *mut c_void, n: u64, out: *mut u64) -> bool {
    // SAFETY: the test passes its storage.
    unsafe { &*server.cast::<Storage>() }.destroy();
    // SAFETY: as any handler.
    unsafe { count(server, n, out) }
}

fn handler(user: *mut c_void) -> nipc_increment_service_handler_t {
    nipc_increment_service_handler_t {
        handle: Some(count),
        user,
    }
}

fn client(dir: &TempDir) -> IncrementClient {
    let mut client = IncrementClient::new(dir.path(), "increment", Default::default());
    client.refresh();
    assert!(client.ready(), "{:?}", client.open_error());
    client
}

#[test]
fn a_server_that_was_stopped_does_not_run() {
    let dir = TempDir::new().unwrap();
    let server = Storage::bound(&dir, handler(ptr::null_mut()));
    server.stop();
    server.run();
    assert_eq!(server.serve(), ErrorCode::OK);
    assert_eq!(
        (server.error().as_str(), server.stats()),
        ("", Default::default())
    );
}

#[test]
fn what_is_not_there_does_nothing() {
    let server = Storage::zeroed();
    for _ in 0..2 {
        server.stop();
        server.run();
        assert_eq!(server.serve(), ErrorCode::NOT_READY);
        assert_eq!(
            (server.error().as_str(), server.stats()),
            ("", Default::default())
        );
        // SAFETY: zeroed is fine.
        assert!(!unsafe { nipc_server_drain(server.0.get(), 0) });
        server.destroy();
    }
}

#[test]
fn a_server_runs_once_at_a_time_and_says_so() {
    let dir = TempDir::new().unwrap();
    let server = Storage::bound(&dir, handler(ptr::null_mut()));
    thread::scope(|scope| {
        scope.spawn(|| server.run());
        assert_eq!(client(&dir).call(&41).unwrap(), 42);
        server.run();
        assert_eq!(server.serve(), ErrorCode::BUSY);
        assert!(
            server.error().contains("running already"),
            "{}",
            server.error()
        );
        let stats = server.stats();
        assert_eq!((stats.sessions_total, stats.sessions_socket), (1, 1));
        server.destroy();
    });
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    server.destroy();
}

#[test]
fn destroying_waits_for_whoever_is_about_to_use_the_server() {
    let dir = TempDir::new().unwrap();
    let server = Storage::bound(&dir, handler(ptr::null_mut()));
    // SAFETY: a server.
    let user = unsafe { enter(server.0.get()) }.unwrap();
    thread::scope(|scope| {
        let (gone, destroyed) = mpsc::channel();
        let (server, dir) = (&server, &dir);
        scope.spawn(move || {
            server.destroy();
            gone.send(std::fs::read_dir(dir.path()).unwrap().count())
        });
        // Long enough for what does not wait.
        let early = destroyed.recv_timeout(Duration::from_millis(50));
        assert_eq!(early, Err(RecvTimeoutError::Timeout));
        assert_eq!(user.run(), Ok(()));
        drop(user);
        assert_eq!(destroyed.recv(), Ok(0), "the endpoint is left");
    });
}

#[test]
fn a_handler_may_destroy_its_server() {
    let dir = TempDir::new().unwrap();
    let server = Storage::zeroed();
    let handler = nipc_increment_service_handler_t {
        handle: Some(count_and_destroy),
        user: (&raw const server).cast_mut().cast(),
    };
    assert_eq!(server.init(dir.path(), handler), ErrorCode::OK);
    thread::scope(|scope| {
        scope.spawn(|| server.run());
        // The answer may be among what destroying ends.
        let _ = client(&dir).call(&41);
    });
    assert_eq!(server.stats(), nipc_server_stats_t::default());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn what_could_not_be_made_says_why() {
    let dir = TempDir::new().unwrap();
    let _first = Storage::bound(&dir, handler(ptr::null_mut()));
    let server = Storage::zeroed();
    let absent = dir.path().join("absent");
    let long = dir.path().join("x".repeat(600));
    let any = handler(ptr::null_mut());
    for (dir, code, why) in [
        (
            dir.path(),
            ErrorCode::ADDRESS_IN_USE,
            "in use by another server",
        ),
        (&absent, ErrorCode::IO, "No such file"),
        (
            &long,
            ErrorCode::INVALID_ARGUMENT,
            "the endpoint is not valid",
        ),
    ] {
        assert_eq!(server.init(dir, any), code);
        let error = server.error();
        assert!(error.contains(why), "{error}");
        server.run();
        assert_eq!(server.error(), error, "it stays");
    }
    server.init(&long, any);
    assert!(server.error().ends_with("..."), "{}", server.error());
    server.destroy();
    assert_eq!(server.error(), "");
}
