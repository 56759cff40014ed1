//! `netipc call`: one typed question.

mod keys;
mod print;
mod question;

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use netipc::protocol::PROFILE_SHM_HYBRID;
use netipc::service::apps_lookup::AppsLookup;
use netipc::service::cgroups::CgroupsSnapshot;
use netipc::service::cgroups_lookup::CgroupsLookup;
use netipc::service::increment::Increment;
use netipc::service::string_reverse::StringReverse;
use netipc::transport::{Endpoint, Wait};
use netipc::untyped::AnyClient;
use netipc::{ClientConfig, ErrorCode, SessionStatus, chain};
use serde::Serialize;

use crate::args::{EndpointArgs, MAX_RESPONSE_BYTES, ServiceName};
use crate::exit::{self, Exit, Failed};
use crate::profile;
use crate::schema::{self, Asked, AskedParser};
use crate::token::TokenArgs;
use print::Print;
use question::{AskError, Question};

/// What a session may answer with: at first what a client grows to by itself, then more, as shared
/// memory of the largest size is not taken without need.
const RESPONSE_CEILINGS: [u32; 2] = [0, MAX_RESPONSE_BYTES];
/// Keys of one lookup: more than a host has processes or cgroups.
const MAX_KEYS: u32 = 4 * 1024 * 1024;
/// How often a lookup is begun again because the server's data changed meanwhile.
const MAX_GENERATION_RETRIES: u32 = 10;

const DETAILS: &str = "\
Keys: cgroups-lookup takes paths, apps-lookup process ids, increment one number, string-reverse \
one text, cgroups-snapshot none. `-` stands for the lines of stdin. With --schema, a key of several \
fields is written with commas between them, and a request of several fields as one argument each.

The reply goes to stdout, as a table or as JSON (labels in the order of the reply; bytes that are \
not UTF-8 become U+FFFD). What carried it and the time it took go to stderr.

The token comes from --auth-token, --auth-token-file or NETIPC_AUTH_TOKEN, in this order. With \
--netdata it then comes from NETDATA_INVOCATION_ID, from the environment of the process that serves the \
endpoint (for root and its own user, on Linux) or from INVOCATION_ID, and the run directory is that of \
NETDATA_RUN_DIR or the first usual one of the agent that can be read.";

/// Arguments of `call`.
#[derive(Args, Debug)]
#[command(after_help = exit::TABLE, after_long_help = format!("{DETAILS}\n\n{}", exit::TABLE))]
pub(crate) struct CallArgs {
    /// What to ask
    #[arg(value_parser = AskedParser)]
    service: Asked,

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

    /// Prints the reply as JSON, in the shape that `serve --data` reads
    #[arg(long)]
    json: bool,
}

/// Asks, and prints the reply.
pub(crate) fn run(args: &CallArgs) -> Result<(), Failed> {
    if let Some(file) = &args.schema {
        return schema::call(&schema::Question {
            file,
            service: args.service.name(),
            keys: keys::read(&args.keys)?,
            endpoint: &args.endpoint,
            token: &args.token,
            timeout: Duration::from_millis(args.timeout.get().into()),
            json: args.json,
        });
    }
    match args.service.known()? {
        ServiceName::CgroupsSnapshot => ask::<CgroupsSnapshot>(args),
        ServiceName::CgroupsLookup => ask::<CgroupsLookup>(args),
        ServiceName::AppsLookup => ask::<AppsLookup>(args),
        ServiceName::Increment => ask::<Increment>(args),
        ServiceName::StringReverse => ask::<StringReverse>(args),
    }
}

fn ask<S: Question>(args: &CallArgs) -> Result<(), Failed> {
    let keys = S::keys(keys::read(&args.keys)?)?;
    let endpoint = args.endpoint.endpoint(args.service.known()?)?;
    let auth_token = args.endpoint.token(&args.token, &endpoint)?;
    let call = Call {
        endpoint,
        config: ClientConfig {
            supported_profiles: args.endpoint.profiles(),
            preferred_profiles: PROFILE_SHM_HYBRID,
            auth_token,
            max_logical_lookup_items: MAX_KEYS,
            ..ClientConfig::default()
        },
        deadline: Instant::now() + Duration::from_millis(args.timeout.get().into()),
    };
    let begun = Instant::now();
    let (reply, session) = call.perform::<S>(&keys)?;
    let took = begun.elapsed();
    if args.json {
        return exit::printed(print_json(&reply));
    }
    exit::printed(print_text(&reply))?;
    // A closed stderr takes nothing from the reply.
    let _ = writeln!(
        io::stderr(),
        "{}{}",
        reply.summary(),
        transport_and_time(session, took)
    );
    Ok(())
}

/// One call, with all it takes to make it again.
struct Call {
    endpoint: Endpoint,
    config: ClientConfig,
    deadline: Instant,
}

impl Call {
    /// Asks until there is an answer or an error that asking again cannot cure.
    fn perform<S: Question>(
        &self,
        keys: &S::Keys,
    ) -> Result<(S::Document, Option<SessionStatus>), Failed> {
        let mut ceilings = RESPONSE_CEILINGS.iter();
        let mut changes = 0;
        let wait = Wait::until(self.deadline);
        let mut client = self.client(ceilings.next());
        loop {
            self.connect(&mut client, &wait)?;
            let error = match S::ask(&mut client, keys, &wait) {
                Ok(reply) => return Ok((reply, client.status().session)),
                Err(error) => error,
            };
            match error.code() {
                ErrorCode::OVERFLOW if ceilings.len() > 0 => client = self.client(ceilings.next()),
                ErrorCode::GENERATION_MISMATCH if changes < MAX_GENERATION_RETRIES => changes += 1,
                _ => return Err(error.into()),
            }
        }
    }

    fn client(&self, ceiling: Option<&u32>) -> AnyClient {
        let config = ClientConfig {
            max_response_payload_bytes: ceiling.copied().unwrap_or_default(),
            ..self.config.clone()
        };
        AnyClient::new(self.endpoint.run_dir(), self.endpoint.service(), &config)
    }

    /// Gets a session.
    fn connect(&self, client: &mut AnyClient, wait: &Wait<'_>) -> Result<(), Failed> {
        client.refresh(wait);
        if client.ready() {
            return Ok(());
        }
        let Some(error) = client.open_error() else {
            return Err(Failed::new(
                Exit::NoSession,
                format!("{}: lost", self.endpoint),
            ));
        };
        let (exit, why) = (Exit::of_open(error), chain(error));
        let endpoint = self.endpoint.to_string();
        Err(if why.contains(&endpoint) {
            Failed::new(exit, why)
        } else {
            Failed::new(exit, format!("{endpoint}: {why}"))
        })
    }
}

/// What carried the data, and how long it took.
fn transport_and_time(session: Option<SessionStatus>, took: Duration) -> String {
    match session {
        Some(session) => format!("{}, {took:.1?}", profile::carrier_and_name(&session)),
        None => format!("{took:.1?}"),
    }
}

fn print_json(reply: &impl Serialize) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    serde_json::to_writer_pretty(&mut out, reply)?;
    out.write_all(b"\n")?;
    out.flush()
}

fn print_text(reply: &impl Print) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    reply.print(&mut out)?;
    out.flush()
}

impl From<AskError> for Failed {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Call(error) => Self::caused_by(Exit::of_failure(error.failure()), &error),
            AskError::Item(error) => Self::caused_by(Exit::Protocol, &error),
        }
    }
}
