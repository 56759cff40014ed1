//! Which checks there are, and how their verdict is told.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use netipc::service::Service;
use netipc::transport::link::LinkKind;
use netipc::{Client, ClientStatus, ErrorCode, OpenError};
use netipc_interop::known_lookups;
use serde_json::json;

use super::{Options, Wrong, calls, door, enricher, lives, name_of, same};

/// The longest that anything may take, on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

macro_rules! checks {
    ($($lookup:ident: $service:path;)+) => {
        /// What is checked.
        #[derive(Clone, Copy, ValueEnum)]
        pub(crate) enum Check {
            Increment,
            IncrementBatch,
            IncrementPipelined,
            StringReverse,
            CgroupsSnapshot,
            $($lookup,)+
            Cache,
            Enricher,
            WrongToken,
            Capacity,
            Restart,
            Killed,
        }

        fn perform(check: Check, options: &Options) -> Result<Carried, Wrong> {
            match check {
                Check::Increment => calls::increments(options),
                Check::IncrementBatch => calls::increment_batch(options),
                Check::IncrementPipelined => calls::increments_pipelined(options),
                Check::StringReverse => calls::text_reversed(options),
                Check::CgroupsSnapshot => calls::snapshot(options),
                $(Check::$lookup => calls::items_found::<$service>(options),)+
                Check::Cache => lives::cache_survives(options),
                Check::Enricher => enricher::survives(options),
                Check::WrongToken => lives::wrong_token_heals(options),
                Check::Capacity => lives::second_client_waits_its_turn(options),
                Check::Restart => lives::restart_costs_a_retry(options),
                Check::Killed => lives::death_ends_a_call(options),
            }
        }
    };
}

known_lookups!(checks);

/// What carried the calls of a check, and how many there were.
pub(super) struct Carried {
    kind: LinkKind,
    profile: u32,
    calls: u64,
}

/// What peers call it, on every platform.
const fn called(kind: LinkKind) -> &'static str {
    match kind {
        LinkKind::SharedMemory => "shm",
        _ => "socket",
    }
}

/// Checks, and tells the verdict in one line.
pub(super) fn run(check: Check, options: &Options) -> ExitCode {
    let cached = matches!(check, Check::Cache);
    let result = door::pass(options, cached).and_then(|()| perform(check, options));
    let name = name_of(&check);
    let (verdict, code) = match result {
        Ok(Carried {
            kind,
            profile,
            calls,
        }) => (
            json!({"check": name, "ok": true, "detail": "", "transport": called(kind), "profile": profile, "calls": calls}),
            ExitCode::SUCCESS,
        ),
        Err(wrong) => (
            json!({"check": name, "ok": false, "detail": wrong.to_string(), "transport": "none", "profile": 0, "calls": 0}),
            ExitCode::FAILURE,
        ),
    };
    println!("{verdict}");
    code
}

/// A client of the server that there is.
pub(super) fn connected<S: Service>(options: &Options) -> Result<Client<S>, Wrong> {
    let mut client = client(options);
    refresh(&mut client);
    ready(&client).map(|()| client)
}

/// Refreshes, again where a handshake took too long, as it may on a busy machine.
pub(super) fn refresh<S: Service>(client: &mut Client<S>) {
    let until = Instant::now() + PATIENCE;
    loop {
        client.refresh();
        let code = client.open_error().map(OpenError::code);
        if client.ready() || code != Some(ErrorCode::TIMEOUT) || Instant::now() > until {
            return;
        }
    }
}

/// A client that has not connected yet.
pub(super) fn client<S: Service>(options: &Options) -> Client<S> {
    Client::new(&options.run_dir, &options.service, options.client_config())
}

/// Expects that calls can be made.
pub(super) fn ready<S: Service>(client: &Client<S>) -> Result<(), Wrong> {
    match client.ready() {
        true => Ok(()),
        false => Err(Wrong(format!("there is no session: {:?}", client.status()))),
    }
}

/// What carries the session of a client, which must be what was asked for.
pub(super) fn carried(status: &ClientStatus, options: &Options) -> Result<Carried, Wrong> {
    let Some(session) = status.session else {
        return Err(Wrong(format!("there is no session: {status:?}")));
    };
    let expected = match options.profile {
        1 if cfg!(windows) => LinkKind::Pipe,
        1 => LinkKind::Socket,
        _ => LinkKind::SharedMemory,
    };
    same("the data plane", session.transport, expected)?;
    same("the selected profile", session.profile.0, options.profile)?;
    Ok(Carried {
        kind: session.transport,
        profile: session.profile.0,
        calls: status.counters.calls,
    })
}

/// Wants something of whoever has started both peers. Without waiting until it is done.
pub(super) fn wish(what: &str) -> Result<(), Wrong> {
    let mut out = io::stdout().lock();
    writeln!(out, "DO {what}")?;
    Ok(out.flush()?)
}

/// Waits until a wish is fulfilled.
pub(super) fn fulfilled() -> Result<(), Wrong> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    same("the line", line.as_str(), "DONE\n")
}

/// Wants something, and waits until it is done.
pub(super) fn want(what: &str) -> Result<(), Wrong> {
    wish(what)?;
    fulfilled()
}
