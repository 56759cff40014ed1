//! System calls that a sandbox refuses.
#![expect(unsafe_code, reason = "a filter is given to the system as a pointer")]

use std::thread;

/// Takes a step in a thread of its own, to which the system answers EIO for `calls`.
pub(crate) fn without<T: Send>(calls: &[libc::c_long], step: impl FnOnce() -> T + Send) -> T {
    refusing(calls, libc::EIO, step)
}

/// The same, with another error.
pub(crate) fn refusing<T: Send>(
    calls: &[libc::c_long],
    errno: i32,
    step: impl FnOnce() -> T + Send,
) -> T {
    let filter = filter(calls, errno);
    thread::scope(|scope| {
        let stepping = scope.spawn(move || {
            let program = libc::sock_fprog {
                len: filter.len().try_into().unwrap(),
                filter: filter.as_ptr().cast_mut(),
            };
            // SAFETY: it takes numbers alone.
            let promised = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
            assert_eq!(promised, 0);
            let mode = libc::SECCOMP_MODE_FILTER;
            // SAFETY: the program and its filter live until the system has copied them; it is this thread's.
            let set = unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program) };
            assert_eq!(set, 0, "this system has no filters");
            step()
        });
        stepping.join().unwrap()
    })
}

/// The program: what is one of `calls` fails with `errno`, and anything else goes on.
fn filter(calls: &[libc::c_long], errno: i32) -> Vec<libc::sock_filter> {
    let line = |code: u32, k: u32, if_equal: u8| libc::sock_filter {
        code: code.try_into().unwrap(),
        jt: if_equal,
        jf: 0,
        k,
    };
    // The number of the call is the first word of what is looked at.
    let mut lines = vec![line(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0)];
    for (place, call) in calls.iter().enumerate() {
        let behind = u8::try_from(calls.len() - place).unwrap();
        let equals = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
        lines.push(line(equals, (*call).try_into().unwrap(), behind));
    }
    let answer = libc::BPF_RET | libc::BPF_K;
    lines.push(line(answer, libc::SECCOMP_RET_ALLOW, 0));
    let refusal = libc::SECCOMP_RET_ERRNO | errno.unsigned_abs();
    lines.push(line(answer, refusal, 0));
    lines
}
