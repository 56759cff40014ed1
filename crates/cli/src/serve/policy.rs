use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};
use netipc_host::{PatternError, Policy};

const ENABLE: &str = "enable";
const DISABLE: &str = "disable";

/// Patterns of two options, whose order among each other counts.
#[derive(Debug, Default)]
pub(super) struct PolicyArgs {
    patterns: Vec<(bool, String)>,
}

impl PolicyArgs {
    pub(super) fn policy(&self) -> Policy {
        let mut policy = Policy::default();
        for (enable, pattern) in &self.patterns {
            if *enable {
                policy.enable(pattern);
            } else {
                policy.disable(pattern);
            }
        }
        policy
    }
}

impl FromArgMatches for PolicyArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut given = Self::default();
        given.update_from_arg_matches(matches)?;
        Ok(given)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        let mut placed = Vec::new();
        for (id, enable) in [(ENABLE, true), (DISABLE, false)] {
            let indices = matches.indices_of(id).into_iter().flatten();
            let patterns = matches.get_many::<String>(id).into_iter().flatten();
            placed.extend(
                indices
                    .zip(patterns)
                    .map(|(at, it)| (at, enable, it.clone())),
            );
        }
        placed.sort();
        let patterns = placed.into_iter();
        self.patterns = patterns.map(|(_, enable, it)| (enable, it)).collect();
        Ok(())
    }
}

impl Args for PolicyArgs {
    fn augment_args(command: Command) -> Command {
        let option = |id: &'static str, help: &'static str| {
            Arg::new(id)
                .long(id)
                .value_name("PATTERN")
                .action(ArgAction::Append)
                .value_parser(pattern)
                .help(help)
        };
        command
            .arg(option(
                ENABLE,
                "Cgroups that consumers should collect; `!` in front says the opposite; may be repeated",
            ))
            .arg(option(
                DISABLE,
                "Cgroups that consumers should leave out; `!` in front says the opposite; may be repeated",
            ))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn pattern(text: &str) -> Result<String, PatternError> {
    Policy::check(text).map(|()| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_on_the_command_line_counts() {
        let args = ["x", "--disable=a", "--enable=b", "--disable=!c"];
        let matches = PolicyArgs::augment_args(Command::new("x")).get_matches_from(args);
        let given = PolicyArgs::from_arg_matches(&matches).unwrap();
        let expected = [(false, "a"), (true, "b"), (false, "!c")];
        assert_eq!(
            given.patterns,
            expected.map(|(enable, it)| (enable, it.to_owned()))
        );
    }
}
