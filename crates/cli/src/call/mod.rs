//! `netipc call`: one question, by the schema of its service.

mod ask;
pub(crate) mod asked;
pub(crate) mod keys;
pub(crate) mod print;

use std::ffi::OsString;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use netipc::ClientConfig;
use netipc_schema::Kind;

use crate::args::{EndpointArgs, seconds};
use crate::asking::schema_of;
use crate::exit::{self, Failed};
use crate::profile;
use crate::schema;
use crate::token::TokenArgs;
use ask::Question;
use asked::AskedParser;

/// Arguments of `call`.
#[derive(Args, Debug)]
#[command(after_help = exit::TABLE, after_long_help = details())]
pub(crate) struct CallArgs {
    /// What to ask
    #[arg(value_parser = AskedParser)]
    service: String,

    /// What to ask for; `-` reads lines from stdin
    #[arg(value_name = "KEYS")]
    keys: Vec<OsString>,

    #[command(flatten)]
    endpoint: EndpointArgs,

    #[command(flatten)]
    token: TokenArgs,

    /// Milliseconds that all of it may take
    #[arg(long, value_name = "MS", default_value = "30000")]
    timeout: NonZeroU32,

    /// What the service is, for one that the program was built without
    #[arg(long, value_name = "FILE.toml")]
    schema: Option<PathBuf>,

    /// Asks so often, 0 for without end; a failure is told, and asking goes on
    #[arg(long, value_name = "N", default_value = "1")]
    repeat: u32,

    /// Seconds from one question to the next
    #[arg(long, value_name = "S", default_value = "1", value_parser = seconds)]
    interval: Duration,

    /// Prints the reply as JSON, in the shape that `serve --data` reads, with time, transport and how long
    /// it took as its `call`
    #[arg(long)]
    json: bool,
}

/// Asks, and prints the reply.
pub(crate) fn run(args: &CallArgs) -> Result<(), Failed> {
    let schema = schema_of(args.schema.as_deref(), &args.service)?;
    let endpoint = args.endpoint.place.endpoint(&args.service)?;
    let keys = keys::read(&args.keys)?;
    let auth_token = args.endpoint.place.token(&args.token, &endpoint)?;
    ask::call(Question {
        schema,
        keys,
        endpoint,
        config: ClientConfig {
            supported_profiles: args.endpoint.profiles()?,
            preferred_profiles: profile::PREFERRED,
            auth_token,
            ..ClientConfig::default()
        },
        timeout: Duration::from_millis(args.timeout.get().into()),
        json: args.json,
        repeat: args.repeat,
        interval: args.interval,
    })
}

/// What the long help tells, with what the lookups that need no schema look up.
fn details() -> String {
    let lookups: Vec<String> = schema::built_in()
        .iter()
        .filter_map(|schema| match &schema.kind {
            Kind::Lookup(kind) => Some(format!("{} {}", schema.name, kind.plural)),
            _ => None,
        })
        .collect();
    let lookups = lookups.join(", ");
    format!(
        "\
Keys: a lookup takes any number of what it looks up ({lookups}), a \
snapshot none, any other service one for each field of its request. `-` stands for the lines of stdin. A key \
of several fields is written with commas between them.

The reply goes to stdout, as a table or as JSON, each by the schema of the service (labels in the order of the reply; bytes that are \
not UTF-8 become U+FFFD). What carried it and the time it took go to stderr, of JSON to its member `call`, \
with the reason where it was the socket although shared memory was offered.

The token comes from --auth-token, --auth-token-file or NETIPC_AUTH_TOKEN, in this order. With \
--netdata it then comes from NETDATA_INVOCATION_ID, from the environment of the process that serves the \
endpoint (for root and its own user, on Linux) or from INVOCATION_ID, and the run directory is that of \
NETDATA_RUN_DIR or the first usual one of the agent that can be read.

Examples:
  netipc call cgroups-snapshot --netdata
  netipc call apps-lookup 1 $$ --json
  netipc call cgroups-snapshot --repeat 0 --interval 5

{}",
        exit::TABLE
    )
}
