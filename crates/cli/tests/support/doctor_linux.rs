//! `netipc doctor`, and what it found.

use serde_json::Value;

use super::{Ended, TestDir, run};

/// The user of nobody.
pub(crate) const NOBODY: u32 = 65534;

/// What a run of the doctor found.
pub(crate) struct Found {
    pub(crate) code: i32,
    pub(crate) report: Value,
    pub(crate) text: String,
}

impl Found {
    /// The finding with this cause. It has to be there, and to say all of this.
    #[track_caller]
    pub(crate) fn has(&self, cause: &str, parts: &[&str]) {
        let findings = self.report["findings"].as_array().unwrap();
        let found = findings.iter().find(|finding| finding["cause"] == cause);
        let Some(found) = found else {
            panic!("no {cause}: {}", self.text);
        };
        let said = found.to_string();
        for part in parts {
            assert!(said.contains(part), "{part}: {}", self.text);
        }
    }

    /// The problem that decides the exit code. There is no other, so that it was found at the first try.
    #[track_caller]
    pub(crate) fn is(&self, cause: &str, code: i32, parts: &[&str]) {
        self.has(cause, parts);
        let findings = self.report["findings"].as_array().unwrap();
        let problems = findings
            .iter()
            .filter(|finding| finding["severity"] == "problem");
        let causes: Vec<_> = problems.map(|finding| &finding["cause"]).collect();
        assert_eq!(causes, [cause], "{}", self.text);
        assert_eq!(self.code, code, "{}", self.text);
    }

    /// A warning, beside which there is no problem.
    #[track_caller]
    pub(crate) fn warns(&self, cause: &str, parts: &[&str]) {
        self.has(cause, parts);
        assert_eq!(self.code, 0, "{}", self.text);
    }

    #[track_caller]
    pub(crate) fn is_healthy(&self) {
        assert_eq!(
            self.report["findings"].as_array().unwrap().len(),
            0,
            "{}",
            self.text
        );
        assert_eq!(self.code, 0);
    }
}

/// Runs the doctor over a run directory.
pub(crate) fn doctor(place: &TestDir, args: &[&str]) -> Found {
    doctor_as(place, args, None)
}

/// Runs it as another user.
pub(crate) fn doctor_as(place: &TestDir, args: &[&str], uid: Option<u32>) -> Found {
    use std::os::unix::process::CommandExt;

    let run_one = |json: &[&str]| -> Ended {
        let mut command = place.command("doctor", &[args, json].concat());
        command
            .env_remove("NETDATA_INVOCATION_ID")
            .env_remove("INVOCATION_ID");
        if let Some(uid) = uid {
            command.uid(uid).gid(uid);
        }
        run(command, b"")
    };
    let ended = run_one(&["--json"]);
    let report = serde_json::from_str(&ended.stdout);
    Found {
        code: ended.code.unwrap(),
        report: report.unwrap_or_else(|error| panic!("{error}: {}{}", ended.stdout, ended.stderr)),
        text: ended.stdout,
    }
}

/// Whether tests may run the program as another user.
pub(crate) fn others_can_run_it() -> bool {
    use std::os::unix::process::CommandExt;

    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_netipc"));
    let command = command.arg("-V").uid(NOBODY).gid(NOBODY);
    let can = rustix::process::geteuid().is_root() && command.output().is_ok();
    if !can {
        println!(
            "SKIPPED what happens to another user: only root can try, where all may run the program"
        );
    }
    can
}
