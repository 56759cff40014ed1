//! A run directory that others may write to: whoever serves or asks there is told.
#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use support::{Provider, TestDir, stoppable};

const WARNING: &str = "others may write to the run directory";

#[test]
fn both_sides_are_warned_of_a_run_directory_that_others_may_write_to() {
    for (mode, warned) in [(0o700, false), (0o777, true)] {
        let place = TestDir::new();
        fs::set_permissions(place.run_dir(), fs::Permissions::from_mode(mode)).unwrap();
        let log = place.path("log");
        let mut command = stoppable(place.command("serve", &["--service=increment"]));
        command.stderr(Stdio::from(fs::File::create(&log).unwrap()));
        let provider = Provider::start_as(command);
        let asked = place.call(&["increment", "1"]);
        asked.text();
        assert_eq!(
            asked.stderr.contains(WARNING),
            warned,
            "{mode:o}: {}",
            asked.stderr
        );
        assert!(provider.stop().success());
        let said = fs::read_to_string(&log).unwrap();
        let times = said.matches(WARNING).count();
        assert_eq!(times, usize::from(warned), "{mode:o}: {said}");
    }
}
