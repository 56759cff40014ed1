//! The one command that sets up and tests: it installs what is missing, runs what can be run, and
//! ends with what ran, what was skipped and why.

mod excerpt;
mod needs;
mod output;
mod packages;
mod run;
mod steps;
mod summary;
mod tally;

use std::panic::resume_unwind;
use std::thread;

use rustix::process::nice;

use self::needs::Need;
use self::output::Output;
use self::run::Runner;
use self::steps::{Kind, Lane, STEPS, Step};
pub use self::summary::Summary;
use crate::{Error, end_in_order};

/// How far out of the way of everybody else: the whole way.
const NICE: i32 = 19;

/// What of it is done.
///
/// ```no_run
/// let summary = netipc_xtask::test(&netipc_xtask::TestOptions::default())?;
/// assert_eq!(summary.failed(), 0, "{summary}");
/// # Ok::<(), netipc_xtask::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TestOptions {
    /// Run only steps with this text in their names.
    pub only: String,
    /// Run the checks of a change, too: format, lints, docs, versions, sizes, instruction counts.
    pub checks: bool,
    /// Install what is missing.
    pub install: bool,
    /// End once that is done.
    pub set_up_only: bool,
    /// Run at the lowest priority of the scheduler.
    pub nice: bool,
}

impl Default for TestOptions {
    fn default() -> Self {
        Self {
            only: String::new(),
            checks: false,
            install: true,
            set_up_only: false,
            nice: true,
        }
    }
}

impl TestOptions {
    fn steps(&self) -> Vec<&'static Step> {
        let wanted = |step: &&Step| {
            (self.checks || step.kind == Kind::Test) && step.name.contains(&self.only)
        };
        STEPS.iter().filter(wanted).collect()
    }
}

/// The names of all steps that the options choose.
#[must_use]
pub fn list(options: &TestOptions) -> Vec<&'static str> {
    options.steps().iter().map(|step| step.name).collect()
}

/// Sets up and tests. Output of the steps goes where this process writes.
///
/// # Errors
/// This process was told to end, or finds neither cargo nor its own directories. What fails in a
/// step is in the summary.
pub fn test(options: &TestOptions) -> Result<Summary, Error> {
    end_in_order()?;
    if options.nice {
        // Whoever may not lower it runs as it is.
        let _ = nice(NICE);
    }
    let steps = options.steps();
    let missing = missing(&steps);
    if options.install && !missing.is_empty() {
        packages::install(&missing)?;
    }
    if options.set_up_only {
        return Ok(Summary::of_missing(&self::missing(&steps)));
    }
    run(&steps)
}

/// Runs each lane beside the other. One that cannot go on stops where it is, and the others end first.
fn run(steps: &[&'static Step]) -> Result<Summary, Error> {
    let output = Output::default();
    let lanes = thread::scope(|scope| {
        let lanes = Lane::ALL.map(|lane| {
            let output = &output;
            scope.spawn(move || {
                let mut runner = Runner::new(lane, output)?;
                for (at, step) in steps.iter().enumerate() {
                    if step.lane == lane {
                        runner.run(at, step)?;
                    }
                }
                Ok(runner.finish())
            })
        });
        lanes.map(|lane| lane.join().unwrap_or_else(|panic| resume_unwind(panic)))
    });
    let mut summary = Summary::default();
    for lane in lanes {
        summary.add(lane?);
    }
    Ok(summary)
}

/// What the steps need and the machine does not have, each once.
fn missing(steps: &[&Step]) -> Vec<&'static Need> {
    let mut missing: Vec<&'static Need> = Vec::new();
    for step in steps {
        let optional = step.without.iter().flat_map(|without| without.needs);
        for need in step.needs.iter().chain(optional) {
            if !missing.contains(need) && !need.is_met() {
                missing.push(need);
            }
        }
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_have_names_of_their_own_and_something_to_run() {
        for (at, step) in STEPS.iter().enumerate() {
            assert!(!step.name.is_empty() && !step.run.is_empty(), "{step:?}");
            let before = &STEPS[..at];
            assert!(
                before.iter().all(|other| other.name != step.name),
                "{step:?}"
            );
        }
    }

    #[test]
    fn options_choose_steps() {
        let all = TestOptions {
            checks: true,
            ..TestOptions::default()
        };
        assert_eq!(all.steps().len(), STEPS.len());
        let tests = TestOptions::default().steps();
        assert!(tests.iter().all(|step| step.kind == Kind::Test));
        let windows = TestOptions {
            only: "Windows".into(),
            ..all
        };
        assert!(!windows.steps().is_empty());
        assert!(windows.steps().len() < tests.len());
    }
}
