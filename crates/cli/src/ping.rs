//! `netipc ping`: round trips of a live provider.

use std::io::{self, BufWriter, Write};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use netipc::connection::Connection;
use netipc::protocol::PROFILE_BASELINE;
use netipc::transport::{NativeTransport, Wait};
use netipc::untyped::AnyClient;
use netipc::wire::{Header, Kind, MethodCode, Status};
use netipc::{ClientConfig, chain};
use netipc_schema::live::ask;
use serde::Serialize;

use crate::args::{EndpointArgs, seconds};
use crate::asking::schema_of;
use crate::exit::{self, Exit, Failed};
use crate::json::{self, Stamped};
use crate::token::TokenArgs;
use crate::{harmless, profile, progress};

const DETAILS: &str = "\
It asks for a method that no service has, and a server answers that it does not serve it: the message goes all the way to the server's \
session and back, over what the handshake chose, and no handler runs. With --call the handler is asked as well: a lookup for no keys, a \
value for 1 or `netipc`, a snapshot for all of it.

It goes over the socket, unless --profiles says otherwise: deployed servers in Rust and Go do not notice that a client has left shared \
memory, and lose a worker until they are started again.

Examples:
  netipc ping cgroups-snapshot
  netipc ping apps-lookup --count 1000 --interval 0.01 --call --json
  netipc ping cgroups-snapshot --netdata
  netipc ping increment --profiles shm-ring";

/// A method that no service has.
const NO_METHOD: MethodCode = MethodCode(0xffff);

/// Arguments of `ping`.
#[derive(Args, Debug)]
#[command(after_help = exit::TABLE, after_long_help = format!("{DETAILS}\n\n{}", exit::TABLE))]
pub(crate) struct PingArgs {
    /// Whose round trips
    service: String,

    #[command(flatten)]
    endpoint: EndpointArgs,

    #[command(flatten)]
    token: TokenArgs,

    /// How many
    #[arg(short, long, value_name = "N", default_value = "10")]
    count: NonZeroU32,

    /// Seconds between the begin of one and the next
    #[arg(short, long, value_name = "S", default_value = "0.1", value_parser = seconds)]
    interval: Duration,

    /// Milliseconds that the handshake and each round trip may take
    #[arg(long, value_name = "MS", default_value = "5000")]
    timeout: NonZeroU32,

    /// Asks the handler as well
    #[arg(long)]
    call: bool,

    /// What the service is, for --call and one that the program was built without
    #[arg(long, value_name = "FILE.toml")]
    schema: Option<PathBuf>,

    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Report {
    service: String,
    endpoint: String,
    /// `socket (baseline)`, `shm (shm-hybrid)` ..
    transport: String,
    pid: Option<u32>,
    /// Whether the handler was asked.
    handler: bool,
    handshake_us: f64,
    count: usize,
    min_us: f64,
    median_us: f64,
    p99_us: f64,
    max_us: f64,
}

/// Measures, and prints what came out.
pub(crate) fn run(args: &PingArgs) -> Result<(), Failed> {
    let endpoint = args.endpoint.place.endpoint(&args.service)?;
    let config = ClientConfig {
        supported_profiles: args.endpoint.profiles_or(PROFILE_BASELINE),
        auth_token: args.endpoint.place.token(&args.token, &endpoint)?,
        ..ClientConfig::default()
    };
    let begun = Instant::now();
    let what = format!("asking {endpoint}");
    let mut trips = progress::during(&what, || {
        if args.call {
            Trips::of_calls(args, &config)
        } else {
            Trips::of_messages(args, &endpoint, &config)
        }
    })?;
    let handshake = begun.elapsed();
    let mut times = Vec::new();
    let mut next = Instant::now();
    progress::during(&"round trips", || {
        for _ in 0..args.count.get() {
            thread::sleep(next.saturating_duration_since(Instant::now()));
            next += args.interval;
            let begun = Instant::now();
            trips.make()?;
            times.push(begun.elapsed());
        }
        Ok(())
    })?;
    times.sort_unstable();
    let of = |share: f64| micros(quantile(&times, share));
    let report = Report {
        service: args.service.clone(),
        endpoint: endpoint.to_string(),
        transport: trips.carrier(),
        pid: trips.pid(),
        handler: args.call,
        handshake_us: micros(handshake),
        count: times.len(),
        min_us: of(0.0),
        median_us: of(0.5),
        p99_us: of(0.99),
        max_us: of(1.0),
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let printed = if args.json {
        json::print(&Stamped::now(&report), &mut out)
    } else {
        print(&report, &mut out)
    };
    exit::printed(printed.and_then(|()| out.flush()))
}

/// What goes forth and back.
enum Trips {
    /// A message that no handler sees.
    Messages {
        session: Box<Connection>,
        id: u64,
        timeout: Duration,
        endpoint: String,
    },
    /// A call.
    Calls {
        client: Box<AnyClient>,
        schema: Box<netipc_schema::Schema>,
        request: netipc_schema::codec::Message,
        timeout: Duration,
    },
}

impl Trips {
    fn of_messages(
        args: &PingArgs,
        endpoint: &netipc::transport::Endpoint,
        config: &ClientConfig,
    ) -> Result<Self, Failed> {
        let timeout = Duration::from_millis(args.timeout.get().into());
        let (transport, wait) = (NativeTransport::default(), Wait::timeout(timeout));
        let session = Connection::connect(&transport, endpoint, config.proposal(), &wait);
        let session = session.map_err(|error| exit::not_open(endpoint, &error))?;
        Ok(Self::Messages {
            session: Box::new(session),
            id: 0,
            timeout,
            endpoint: endpoint.to_string(),
        })
    }

    fn of_calls(args: &PingArgs, config: &ClientConfig) -> Result<Self, Failed> {
        let endpoint = args.endpoint.place.endpoint(&args.service)?;
        let schema = schema_of(args.schema.as_deref(), &args.service)?;
        let request = harmless::request(&schema).ok_or_else(|| {
            let sentence = format!(
                "no request of {} can be made up: leave --call out",
                schema.name
            );
            Failed::new(Exit::Usage, sentence)
        })?;
        let timeout = Duration::from_millis(args.timeout.get().into());
        let mut client = AnyClient::new(endpoint.run_dir(), endpoint.service(), config);
        client.refresh(&Wait::timeout(timeout));
        if let Some(error) = client.open_error() {
            return Err(exit::not_open(&endpoint, error));
        }
        Ok(Self::Calls {
            client: Box::new(client),
            schema: Box::new(schema),
            request,
            timeout,
        })
    }

    /// One round trip.
    fn make(&mut self) -> Result<(), Failed> {
        match self {
            Self::Messages {
                session,
                id,
                timeout,
                endpoint,
            } => {
                let wait = Wait::timeout(*timeout);
                *id += 1;
                let sent = session.send(Header::request(NO_METHOD, *id), &[], &wait);
                let answer = sent.and_then(|()| session.receive(&wait));
                let answer = answer.map_err(|error| {
                    let exit = Exit::of_code(error.code());
                    Failed::new(exit, format!("{endpoint}: {}", chain(&error)))
                })?;
                let why = unexpected(&answer, *id);
                why.map_or(Ok(()), |why| {
                    Err(Failed::new(Exit::Protocol, format!("{endpoint}: {why}")))
                })
            }
            Self::Calls {
                client,
                schema,
                request,
                timeout,
            } => {
                let answer = ask(schema, client, request, &Wait::timeout(*timeout));
                answer
                    .map(drop)
                    .map_err(|error| Failed::caused_by(Exit::of_code(error.code()), &error))
            }
        }
    }

    fn carrier(&self) -> String {
        match self {
            Self::Messages { session, .. } => {
                profile::carrier_and_name_of(session.info().kind, session.agreed().profile)
            }
            Self::Calls { client, .. } => {
                let session = client.session();
                session.map_or_else(String::new, |session| profile::carrier_and_name(&session))
            }
        }
    }

    fn pid(&self) -> Option<u32> {
        match self {
            Self::Messages { session, .. } => session.info().peer.pid,
            Self::Calls { client, .. } => client.session()?.peer.pid,
        }
    }
}

/// What is wrong with the answer to message `id` of a method that no service has.
fn unexpected(answer: &Header, id: u64) -> Option<String> {
    let Header {
        kind,
        code,
        status,
        message_id,
        ..
    } = *answer;
    if kind != Kind::RESPONSE || message_id != id {
        Some(format!(
            "the answer to message {id} is a {kind} with the id {message_id}"
        ))
    } else if code != NO_METHOD.0 || status != Status::UNSUPPORTED {
        Some(format!(
            "the answer to a method that nobody has, {:#06x}, is {status} of {code:#06x}",
            NO_METHOD.0
        ))
    } else {
        None
    }
}

/// The time that so large a share took at most, of times in their order.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "an index below the number of round trips"
)]
fn quantile(sorted: &[Duration], share: f64) -> Duration {
    let at = (sorted.len() as f64 * share).ceil() as usize;
    let at = at.clamp(1, sorted.len().max(1)) - 1;
    sorted.get(at).copied().unwrap_or_default()
}

fn micros(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e7).round() / 10.0
}

fn print(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let pid = report
        .pid
        .map_or_else(String::new, |pid| format!(", process {pid}"));
    writeln!(out, "{}: {}{pid}", report.endpoint, report.transport)?;
    let what = if report.handler {
        "calls"
    } else {
        "round trips"
    };
    writeln!(out, "handshake {:.1} µs", report.handshake_us)?;
    writeln!(
        out,
        "{} {what}: min {:.1} µs, median {:.1} µs, p99 {:.1} µs, max {:.1} µs",
        report.count, report.min_us, report.median_us, report.p99_us, report.max_us
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_something_else_are_no_round_trips() {
        let answer = |id, code, status| Header {
            kind: Kind::RESPONSE,
            code,
            status,
            ..Header::request(NO_METHOD, id)
        };
        let unsupported = Status::UNSUPPORTED;
        assert_eq!(unexpected(&answer(3, 0xffff, unsupported), 3), None);
        for (header, part) in [
            (answer(4, 0xffff, unsupported), "with the id 4"),
            (answer(3, 1, unsupported), "UNSUPPORTED of 0x0001"),
            (answer(3, 0xffff, Status::OK), "is OK of 0xffff"),
            (Header::request(NO_METHOD, 3), "is a REQUEST"),
        ] {
            let why = unexpected(&header, 3).unwrap_or_default();
            assert!(why.contains(part), "{why}");
        }
    }

    #[test]
    fn quantiles_are_times_that_were_measured() {
        let times: Vec<_> = (1..=100).map(Duration::from_micros).collect();
        for (share, micros) in [(0.0, 1), (0.5, 50), (0.99, 99), (1.0, 100)] {
            assert_eq!(quantile(&times, share), Duration::from_micros(micros));
        }
        assert_eq!(quantile(&times[..1], 0.99), Duration::from_micros(1));
        assert_eq!(quantile(&[], 0.5), Duration::ZERO);
    }
}
