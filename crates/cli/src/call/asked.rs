use clap::builder::{NonEmptyStringValueParser, PossibleValue, TypedValueParser};
use clap::{Arg, Command};

use crate::args::ServiceName;

/// Takes the name of any service, and shows those that the program was built with.
#[derive(Clone, Debug)]
pub(crate) struct AskedParser;

impl TypedValueParser for AskedParser {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        NonEmptyStringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(ServiceName::possible_values().into_iter()))
    }
}
