//! Arguments that subcommands share.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use netipc::protocol::PROFILE_BASELINE;
use netipc::transport::Endpoint;
use netipc_schema::Schema;

use crate::exit::{Exit, Failed};
use crate::platform::{RUN_DIR_VARIABLE, USUAL_RUN_DIR, usual_run_dir};
use crate::schema::built_in;
use crate::token::TokenArgs;
use crate::{netdata, profile};

/// Bytes of the largest answer that is asked for; a session starts far below and grows as needed.
pub(crate) const MAX_RESPONSE_BYTES: u32 = 64 * 1024 * 1024;

/// Names the run directory where no option does.
pub(crate) const OWN_VARIABLE: &str = "NETIPC_RUN_DIR";

/// Names what may carry the data where no option does.
const PROFILES_VARIABLE: &str = "NETIPC_PROFILES";

/// Where endpoints are.
#[derive(Args, Debug)]
pub(crate) struct PlaceArgs {
    #[arg(long, value_name = "DIR", help = run_dir_help())]
    run_dir: Option<PathBuf>,

    /// Takes the run directory and the token of the Netdata agent, by its own rules, where none are
    /// given
    #[arg(long)]
    netdata: bool,
}

/// Where endpoints are, and how they are reached.
#[derive(Args, Debug)]
pub(crate) struct EndpointArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,

    /// What may carry the data; the best that both sides can do is chosen. `shm` is all shared
    /// memory that need not be asked for by its own name [default: $NETIPC_PROFILES, else baseline,shm; of
    /// ping baseline]
    #[arg(
        long,
        value_name = "LIST",
        value_parser = profile_name(),
        value_delimiter = ','
    )]
    profiles: Vec<u32>,
}

impl PlaceArgs {
    /// The directory of the endpoints, given or usual.
    pub(crate) fn run_dir(&self) -> Result<PathBuf, Failed> {
        if let Some(dir) = &self.run_dir {
            return Ok(dir.clone());
        }
        if self.netdata {
            return netdata::run_dir();
        }
        let named = env::var_os(OWN_VARIABLE).filter(|dir| !dir.is_empty());
        if let Some(dir) = named {
            return Ok(dir.into());
        }
        usual_run_dir().ok_or_else(|| {
            let sentence = format!(
                "there is no usual run directory without {RUN_DIR_VARIABLE}: give --run-dir"
            );
            Failed::new(Exit::Usage, sentence)
        })
    }

    /// The directory that a provider makes its endpoints in, given or usual.
    pub(crate) fn run_dir_to_serve(&self) -> Result<PathBuf, Failed> {
        if self.netdata && self.run_dir.is_none() {
            return netdata::run_dir_to_serve();
        }
        self.run_dir()
    }

    /// The token for who asks `endpoint`.
    pub(crate) fn token(&self, given: &TokenArgs, endpoint: &Endpoint) -> Result<u64, Failed> {
        match given.token()? {
            Some(token) => Ok(token),
            None if self.netdata => netdata::token_of(endpoint),
            None => Ok(0),
        }
    }

    /// The token for who serves.
    pub(crate) fn token_to_serve(&self, given: &TokenArgs) -> Result<u64, Failed> {
        match given.token()? {
            Some(token) => Ok(token),
            None if self.netdata => netdata::own_token(),
            None => Ok(0),
        }
    }

    /// The endpoint of `service`, which is refused here where no name or path can be like that.
    pub(crate) fn endpoint(&self, service: &str) -> Result<Endpoint, Failed> {
        endpoint(&self.run_dir()?, service)
    }
}

impl EndpointArgs {
    /// The profiles as the bits of the protocol: those of the option, of the environment, or the usual ones.
    ///
    /// # Errors
    /// Where the environment names none that there are.
    pub(crate) fn profiles(&self) -> Result<u32, Failed> {
        let usual = match env::var(PROFILES_VARIABLE) {
            Ok(list) if !list.is_empty() && self.profiles.is_empty() => profiles_named(&list)?,
            _ => PROFILE_BASELINE | profile::shm(),
        };
        Ok(self.profiles_or(usual))
    }

    /// The same, `usual` where none are given.
    pub(crate) fn profiles_or(&self, usual: u32) -> u32 {
        if self.profiles.is_empty() {
            return usual;
        }
        self.profiles.iter().fold(0, |all, bits| all | bits)
    }
}

/// The endpoint of `service` in `run_dir`, which is refused here where no name or path can be like that.
pub(crate) fn endpoint(run_dir: &Path, service: &str) -> Result<Endpoint, Failed> {
    Endpoint::new(run_dir, service).map_err(|error| Failed::caused_by(Exit::Usage, &error))
}

fn run_dir_help() -> String {
    format!("Directory of the endpoints [default: ${OWN_VARIABLE}, else {USUAL_RUN_DIR}]")
}

/// The bits of names with commas between them.
fn profiles_named(list: &str) -> Result<u32, Failed> {
    let known = profile::names();
    let mut bits = list.split(',').map(|name| {
        let named = known.iter().find(|(known, _)| *known == name.trim());
        named.map(|(_, bits)| *bits).ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            let sentence = format!(
                "{PROFILES_VARIABLE} names {name:?}, which is none of {}",
                names.join(", ")
            );
            Failed::new(Exit::Usage, sentence)
        })
    });
    bits.try_fold(0, |all, bits| Ok(all | bits?))
}

/// Takes a name of a profile.
pub(crate) fn profile_name() -> impl TypedValueParser<Value = u32> {
    let names = profile::names().into_iter().map(|(name, _)| name);
    PossibleValuesParser::new(names).try_map(|chosen| {
        let named = |(name, _): &(&str, u32)| *name == chosen;
        let found = profile::names().into_iter().find(named);
        found.map(|(_, bits)| bits).ok_or("no such profile")
    })
}

/// A service that the program was built with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServiceName(&'static Schema);

impl ServiceName {
    /// The service of that name.
    pub(crate) fn find(name: &str) -> Option<Self> {
        let mut known = built_in().iter();
        known.find(|schema| schema.name == name).map(Self)
    }

    /// What the service is called on the wire and in the run directory.
    pub(crate) const fn name(self) -> &'static str {
        self.0.name.as_str()
    }

    /// What it is.
    pub(crate) const fn schema(self) -> &'static Schema {
        self.0
    }

    /// Every name, and what it stands for.
    pub(crate) fn possible_values() -> Vec<PossibleValue> {
        let value =
            |schema: &'static Schema| PossibleValue::new(&*schema.name).help(&*schema.about);
        built_in().iter().map(value).collect()
    }
}

/// Takes the name of a service that the program was built with.
pub(crate) fn service_name() -> impl TypedValueParser<Value = ServiceName> {
    let names = PossibleValuesParser::new(ServiceName::possible_values());
    names.try_map(|name| ServiceName::find(&name).ok_or("no such service"))
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A number of seconds, which may be a fraction.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    const RANGE: std::ops::RangeInclusive<f64> = 0.01..=86_400.0;
    let seconds: f64 = text.parse().map_err(|error| format!("{error}"))?;
    if RANGE.contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err(format!("not within {} to {}", RANGE.start(), RANGE.end()))
    }
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::*;

    #[test]
    fn services_are_found_by_their_names() {
        for schema in built_in() {
            let parsed = service_name().parse_ref(&Command::new("x"), None, schema.name.as_ref());
            assert_eq!(parsed.unwrap().schema(), schema);
        }
        assert!(ServiceName::find("nothing").is_none());
    }

    #[test]
    fn profiles_are_bits() {
        for (name, bits) in &profile::names() {
            let parsed = profile_name().parse_ref(&Command::new("x"), None, name.as_ref());
            assert_eq!(parsed.unwrap(), *bits, "{name}");
        }
        let place = PlaceArgs {
            run_dir: None,
            netdata: false,
        };
        let both = EndpointArgs {
            place,
            profiles: vec![1, 4],
        };
        assert_eq!(both.profiles(), Ok(5));
        let none = EndpointArgs {
            profiles: Vec::new(),
            ..both
        };
        assert_eq!(none.profiles_or(1), 1);
        let named = profiles_named("baseline, shm-hybrid");
        assert_eq!(named, Ok(3));
        let failed = profiles_named("baseline,nothing").unwrap_err();
        assert!(failed.sentence().contains("\"nothing\""), "{failed}");
    }

    #[test]
    fn periods_may_be_fractions_and_are_bounded() {
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        assert_eq!(seconds("60"), Ok(Duration::from_secs(60)));
        for bad in ["0", "-1", "nan", "inf", "1e300", "one", ""] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
