//! `netipc watch`: what a service answers, again and again, and what changes.

mod model;
mod rows;
mod screen;

use std::ffi::OsString;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Args;
use netipc::ClientConfig;
use netipc::protocol::PROFILE_SHM_HYBRID;
use netipc::transport::{Abort, Wait};
use netipc_schema::codec::Message;

use crate::args::{EndpointArgs, seconds};
use crate::asking::{self, Asker, schema_of};
use crate::call::asked::AskedParser;
use crate::call::keys;
use crate::exit::{self, Failed};
use crate::token::TokenArgs;
use crate::tui::{self, Pace};
use model::Polled;
use rows::answer;
use screen::Watch;

const DETAILS: &str = "\
On a terminal there is a screen: state, transport, session and generation, how long answers take, and the items, of which those that \
came, went or changed are marked with `+`, `-` and `~` for five questions. Its keys: q quits, p pauses (nothing is asked then), / filters, \
s sorts, arrows and pages scroll. Where stdout is no terminal, or with --lines, each answer is a line, and each change one below it. \
With --json each answer is a line of JSON: `time` (seconds since 1970), `state`, `transport`, `took_us`, `sessions`, `head`, `items` \
(how many), `added`, `removed`, `changed` (keys; each field that changed with old and new value), `error`.

Examples:
  netipc watch cgroups-snapshot
  netipc watch apps-lookup 1 $$ --interval 0.5
  netipc watch cgroups-snapshot --lines --count 10
  netipc watch cgroups-snapshot --netdata --json | jq -c 'select(.added != [])'";

/// Arguments of `watch`.
#[derive(Args, Debug)]
#[command(after_help = exit::TABLE, after_long_help = format!("{DETAILS}\n\n{}", exit::TABLE))]
pub(crate) struct WatchArgs {
    /// What to ask
    #[arg(value_parser = AskedParser)]
    service: String,

    /// What to ask for, as with `call`
    #[arg(value_name = "KEYS")]
    keys: Vec<OsString>,

    #[command(flatten)]
    endpoint: EndpointArgs,

    #[command(flatten)]
    token: TokenArgs,

    /// Seconds from one question to the next
    #[arg(short, long, value_name = "S", default_value = "1", value_parser = seconds)]
    interval: Duration,

    /// Asks so often, 0 for without end
    #[arg(short, long, value_name = "N", default_value = "0")]
    count: u32,

    /// Milliseconds that each answer may take
    #[arg(long, value_name = "MS", default_value = "5000")]
    timeout: NonZeroU32,

    /// What the service is, for one that the program was built without
    #[arg(long, value_name = "FILE.toml")]
    schema: Option<PathBuf>,

    /// Prints lines, also on a terminal
    #[arg(long)]
    lines: bool,

    /// Prints a JSON object a line
    #[arg(long)]
    json: bool,
}

/// Asks until somebody quits.
pub(crate) fn run(args: &WatchArgs) -> Result<(), Failed> {
    let schema = schema_of(args.schema.as_deref(), &args.service)?;
    let endpoint = args.endpoint.place.endpoint(&args.service)?;
    let keys = keys::read(&args.keys)?;
    let request = asking::request(&schema, keys.as_deref())?;
    let config = ClientConfig {
        supported_profiles: args.endpoint.profiles()?,
        preferred_profiles: PROFILE_SHM_HYBRID,
        auth_token: args.endpoint.place.token(&args.token, &endpoint)?,
        ..ClientConfig::default()
    };
    let pace = Pace {
        interval: args.interval,
        count: args.count,
    };
    let timeout = Duration::from_millis(args.timeout.get().into());
    let screen = Watch::new(&schema, endpoint.to_string(), args.json);
    let mut asker = Asker::new(schema, endpoint, config);
    tui::follow(screen, pace, args.lines || args.json, |stop| {
        Ok(poll(&mut asker, &request, timeout, stop))
    })
}

/// Asks once.
fn poll(asker: &mut Asker, request: &Message, timeout: Duration, stop: &Abort) -> Polled {
    let begun = Instant::now();
    let response = asker.perform(request, &Wait::timeout(timeout).or_abort(stop));
    let took = begun.elapsed();
    let outcome = response
        .map(|response| answer(asker.schema(), &response))
        .map_err(|failed| failed.to_string());
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    Polled {
        time: since_1970.unwrap_or_default(),
        took,
        outcome,
        state: asker.client().state(),
        carrier: asker.carrier(),
        sessions: asker.sessions(),
    }
}
