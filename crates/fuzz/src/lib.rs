//! Fuzz targets, and a runner for them that takes a stable compiler. `fuzz/README.md` has the commands.
//!
//! A [`Target`] is a function that is given bytes and panics where something is wrong. It tells in a number
//! [what came up](Seen), so that a runner without a view of the code knows which inputs are worth keeping. The
//! inputs that it starts from are golden bytes of `vectors/` and what earlier runs have kept in `corpus/`.
//!
//! ```
//! use netipc_fuzz::{Runner, targets};
//!
//! let target = targets().into_iter().find(|target| target.name() == "hello").unwrap();
//! let report = Runner::new(&target, 1).for_rounds(100).expect("nothing is wrong");
//! assert_eq!(report.rounds, 100);
//! ```

mod corpus;
mod input;
mod mutate;
mod runner;
mod seen;
mod targets;

pub use corpus::{hex, read as read_corpus, unhex, write as write_corpus};
pub use input::Input;
pub use mutate::Mutator;
pub use runner::{Crash, Report, Runner};
pub use seen::Seen;
pub use targets::targets;

/// What an input is given to.
type Run = dyn Fn(&[u8]) -> Seen;

/// What is fuzzed.
pub struct Target {
    name: String,
    seeds: Vec<Vec<u8>>,
    run: Box<Run>,
}

impl Target {
    /// A target that starts from `seeds`.
    pub fn new(
        name: impl Into<String>,
        seeds: Vec<Vec<u8>>,
        run: impl Fn(&[u8]) -> Seen + 'static,
    ) -> Self {
        let (name, run) = (name.into(), Box::new(run));
        Self { name, seeds, run }
    }

    /// What commands call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The golden inputs it starts from.
    #[must_use]
    pub fn seeds(&self) -> &[Vec<u8>] {
        &self.seeds
    }

    /// Tries one input. Panics where something is wrong.
    pub fn run(&self, input: &[u8]) -> Seen {
        (self.run)(input)
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
