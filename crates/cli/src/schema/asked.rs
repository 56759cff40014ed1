use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Command, ValueEnum};

use crate::args::ServiceName;
use crate::exit::{Exit, Failed};

/// A service by name: one that the program was built with, or one of a schema.
#[derive(Clone, Debug)]
pub(crate) struct Asked(String);

impl Asked {
    /// The name.
    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    /// The service, if the program was built with it.
    pub(crate) fn known(&self) -> Result<ServiceName, Failed> {
        ServiceName::from_str(&self.0, false).map_err(|_unknown| {
            let name = &self.0;
            let sentence = format!("the program was built without {name}: give --schema FILE");
            Failed::new(Exit::Usage, sentence)
        })
    }
}

/// Takes any name, and shows those that the program was built with.
#[derive(Clone, Debug)]
pub(crate) struct AskedParser;

impl TypedValueParser for AskedParser {
    type Value = Asked;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<Asked, clap::Error> {
        let parser = clap::builder::NonEmptyStringValueParser::new();
        parser.parse_ref(command, arg, value).map(Asked)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let services = ServiceName::value_variants().iter();
        Some(Box::new(services.filter_map(ValueEnum::to_possible_value)))
    }
}
