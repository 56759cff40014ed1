//! Counts instructions with valgrind's callgrind, which counts only inside one function here.

use std::env;
use std::error::Error;
use std::io;
use std::process::{Command, Stdio};
use std::thread;

use crate::case::{Case, Operation};

/// Operations before the counting starts, so that buffers have grown.
const WARM_UP: u32 = 2;
/// Operations that are counted.
const COUNTED: u32 = 4;

/// Which stored counts hold here: code differs by architecture and compiler.
pub(crate) fn platform() -> Result<String, Box<dyn Error>> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output()?;
    let version = String::from_utf8(output.stdout)?;
    // rustc 1.95.0 (59807616e 2026-04-14)
    let number = version.split_whitespace().nth(1);
    let minor = number.and_then(|number| number.rsplit_once('.'));
    let (minor, _) = minor.ok_or_else(|| format!("rustc --version says {version:?}"))?;
    Ok(format!("{}, rustc {minor}", env::consts::ARCH))
}

/// Why instructions cannot be counted on this machine, if they cannot.
pub(crate) fn hindrance() -> io::Result<Option<&'static str>> {
    let none = "there is no valgrind; install it, as with apt-get install valgrind";
    match Command::new("valgrind").arg("--version").output() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Some(none)),
        version => version.map(|_| None),
    }
}

/// Instructions of one unit of `case`, with one decimal.
pub(crate) fn count(case: &Case) -> Result<f64, Box<dyn Error>> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg("--collect-atstart=no")
        .arg("--toggle-collect=*counted_operations*")
        .arg(env::current_exe()?)
        .args(["--case", &case.name])
        // Neither valgrind's options nor malloc's are to change what is counted.
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        // Valgrind counts every byte that glibc copies with a repeated instruction.
        .env("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-ERMS,-FSRM")
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let mut lines = said.lines();
    let collected = lines.find_map(|line| line.split_once("Collected : "));
    match collected.and_then(|(_, n)| n.trim().parse().ok()) {
        Some(n @ 1_u32..) if output.status.success() => {
            let each = f64::from(n) / f64::from(COUNTED) / f64::from(case.units);
            Ok((each * 10.0).round() / 10.0)
        }
        _ => Err(format!("{}: valgrind counted nothing\n{said}", case.name).into()),
    }
}

/// Runs `case`, for a process that counts.
///
/// In a thread of its own, whose stack lies at a round address: that of the main thread begins
/// behind arguments and environment, and memory is copied in more or fewer steps as it lies.
pub(crate) fn run(case: &Case) {
    let counted = || {
        let mut operation = (case.set_up)();
        for _ in 0..WARM_UP {
            operation();
        }
        counted_operations(&mut operation);
    };
    thread::scope(|scope| scope.spawn(counted).join().expect("the case works"));
}

#[inline(never)]
fn counted_operations(operation: &mut Operation) {
    for _ in 0..COUNTED {
        operation();
    }
}
