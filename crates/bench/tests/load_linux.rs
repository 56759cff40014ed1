//! Pinning, in a process of its own because it concerns all of its threads.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use netipc_bench::{Pinned, allowed_cpus};

/// One test, since two would pin each other.
#[test]
fn all_threads_are_pinned_and_set_free_again() {
    let free = allowed_cpus().unwrap();
    let last = *free.last().unwrap();
    thread::scope(|scope| {
        let (ask_old, tell_old) = (channel(), channel());
        let (ask_new, tell_new) = (channel(), channel());
        scope.spawn(move || talk(ask_old.1, tell_old.0));
        let pinned = Pinned::own(&[last]).unwrap();
        scope.spawn(move || talk(ask_new.1, tell_new.0));
        let all = || {
            ask_old.0.send(()).unwrap();
            ask_new.0.send(()).unwrap();
            [
                tell_old.1.recv(),
                tell_new.1.recv(),
                Ok(allowed_cpus().unwrap()),
            ]
            .map(Result::unwrap)
        };
        assert_eq!(all(), [[last]; 3]);
        drop(pinned);
        assert_eq!(all(), [&free[..]; 3]);
    });
    nothing_changes_where_it_cannot_run(&free);
    another_process_is_pinned_while_it_lives(last);
}

fn nothing_changes_where_it_cannot_run(free: &[usize]) {
    assert!(Pinned::own(&[]).is_err());
    assert!(Pinned::own(&[usize::MAX]).is_err());
    assert!(Pinned::process(0, free).is_err());
    assert_eq!(allowed_cpus().unwrap(), free);
}

fn another_process_is_pinned_while_it_lives(cpu: usize) {
    let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    let pinned = Pinned::process(child.id(), &[cpu]).unwrap();
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    drop(pinned);
    assert!(Pinned::process(child.id(), &[cpu]).is_err());
}

/// Tells where this thread may run whenever it is asked.
fn talk(asks: Receiver<()>, tells: Sender<Vec<usize>>) {
    for () in asks {
        tells.send(allowed_cpus().unwrap()).unwrap();
    }
}
