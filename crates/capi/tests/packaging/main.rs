//! What is installed: that it exports what the headers declare, and that both build systems find it.

mod exports;
mod unix_programs;

use std::io::ErrorKind;
use std::process::Command;

/// Runs `command` and returns what it printed.
fn run(command: &mut Command) -> String {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = match command.output() {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!(
                "{program}: not found; these tests need gcc, binutils, make, cmake and pkg-config"
            )
        }
        Err(error) => panic!("{program}: {error}"),
    };
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?}: {}\n{printed}{errors}",
        output.status
    );
    printed
}
