//! `netipc watch`: what a service answers, again and again, and what changes.

mod model;
mod rows;
mod screen;

use std::time::{Duration, Instant};

use clap::Args;
use netipc::transport::{Abort, Wait};
use netipc_schema::codec::Message;

use crate::asking::Asker;
use crate::exit::{self, Failed};
use crate::json::since_1970;
use crate::question::{Question, QuestionArgs};
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
    #[command(flatten)]
    question: QuestionArgs,

    /// Prints lines, also on a terminal
    #[arg(long)]
    lines: bool,

    /// Prints a JSON object a line
    #[arg(long)]
    json: bool,
}

/// Asks until somebody quits.
pub(crate) fn run(args: &WatchArgs) -> Result<(), Failed> {
    let Question {
        schema,
        endpoint,
        config,
        request,
    } = args.question.question()?;
    let pace = Pace {
        interval: args.question.interval,
        count: args.question.count,
    };
    let timeout = args.question.timeout();
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
    Polled {
        time: since_1970(),
        took,
        outcome,
        state: asker.client().state(),
        carrier: asker.carrier(),
        sessions: asker.sessions(),
    }
}
