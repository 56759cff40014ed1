//! Asks a provider: a handshake, then one call, and tells what goes wrong by its true cause.

use std::time::{Duration, Instant};

use netipc::connection::{Agreed, Connection};
use netipc::protocol::PROFILE_BASELINE;
use netipc::transport::link::{ConnectError, LinkError, LinkKind};
use netipc::transport::{Endpoint, NativeTransport, Wait};
use netipc::untyped::AnyClient;
use netipc::{ClientConfig, Failure, HandshakeError, OpenError, chain};
use netipc_schema::live::{AskError, ask as ask_by_schema};

use super::DoctorArgs;
use super::finding::{Asked, Cause, Finding, Report, run_as};
use super::provider::{holders, shortages, show, silent, small_files};
use super::shm::Obstacle;
use super::system::{is_another_type, own_uid};
use crate::exit::Failed;
use crate::inspect::{self, RunDir};
use crate::{harmless, netdata, profile, schema};

/// Bytes of an answer that clients ask for at first.
const USUAL_RESPONSE: u32 = 64 * 1024;

/// Somebody who listens, and how to ask.
struct Provider<'a> {
    args: &'a DoctorArgs,
    dir: &'a RunDir,
    seen: &'a inspect::Endpoint,
    endpoint: Endpoint,
    config: ClientConfig,
    /// Where the token comes from.
    token_of: &'static str,
    /// Why it could not do with shared memory, as far as it says so.
    without_shm: Vec<String>,
}

fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Asks, and tells what is wrong.
pub(super) fn ask(
    args: &DoctorArgs,
    dir: &RunDir,
    seen: &inspect::Endpoint,
    without_shm: Vec<String>,
    report: &mut Report,
) {
    let Ok(endpoint) = Endpoint::new(&dir.path, &seen.service) else {
        // Told with the run directory.
        return;
    };
    let (token, token_of) = match token(args, &endpoint) {
        Ok(token) => token,
        Err(failed) => {
            return report.add(Finding::new(
                Cause::TokenInvalid,
                failed.sentence().to_owned(),
            ));
        }
    };
    let config = ClientConfig {
        supported_profiles: args.profile_bits(),
        auth_token: token,
        ..ClientConfig::default()
    };
    let provider = Provider {
        args,
        dir,
        seen,
        endpoint,
        config,
        token_of,
        without_shm,
    };
    provider.shake_hands(report);
}

/// The token, and where it comes from.
fn token(args: &DoctorArgs, endpoint: &Endpoint) -> Result<(u64, &'static str), Failed> {
    match args.token.token()? {
        Some(token) => Ok((token, args.token.source())),
        None if args.netdata => Ok((netdata::token_of(endpoint)?, "the agent (--netdata)")),
        None => Ok((0, "nowhere: without one it is 0")),
    }
}

impl Provider<'_> {
    fn wait(&self) -> Wait<'static> {
        Wait::timeout(self.args.timeout())
    }

    fn connect(&self, profiles: u32) -> Result<Connection, OpenError> {
        let config = ClientConfig {
            supported_profiles: profiles,
            // What clients ask for at first.
            max_response_payload_bytes: USUAL_RESPONSE,
            ..self.config.clone()
        };
        Connection::connect(
            &NativeTransport::default(),
            &self.endpoint,
            config.proposal(),
            &self.wait(),
        )
    }

    fn shake_hands(&self, report: &mut Report) {
        let begun = Instant::now();
        match self.connect(self.config.supported_profiles) {
            Ok(session) => {
                let took = begun.elapsed();
                if took > self.args.slow() {
                    report.add(self.slow_handshake(took));
                }
                let (agreed, kind) = (*session.agreed(), session.info().kind);
                drop(session);
                report.asked.push(Asked {
                    endpoint: self.endpoint.to_string(),
                    transport: profile::carrier_and_name_of(kind, agreed.profile),
                    handshake_us: microseconds(took),
                    call_us: None,
                });
                self.look_at_profiles(&agreed, kind, report);
                self.call(report);
            }
            Err(error) => report.add(self.refused(&error)),
        }
    }

    fn slow_handshake(&self, took: Duration) -> Finding {
        let what = format!("{}: the handshake took {took:.1?}", self.endpoint);
        Finding::new(Cause::SlowHandshake, what)
            .all_evidence(self.seen.listeners.iter().map(show))
            .all_evidence(shortages(self.seen))
            .advice("look whether that process, or the machine, is short of processor time")
    }

    /// Why there is no session.
    fn refused(&self, error: &OpenError) -> Finding {
        let (at, why) = (&self.endpoint, chain(error));
        let finding = |cause, what: String| Finding::new(cause, format!("{at}: {what}"));
        match error {
            OpenError::Connect(ConnectError::NotFound { .. }) => {
                finding(Cause::StaleSocket, "nobody listens any more".to_owned())
                    .stale(&self.dir.path, &self.seen.service, &self.seen.path)
            }
            OpenError::Connect(ConnectError::Denied { .. }) => finding(Cause::PermissionDenied, why)
                .evidence(format!("the socket belongs to {} and has mode {}", self.seen.file.user, self.seen.file.mode))
                .advice(run_as(&self.seen.file.user)),
            OpenError::Connect(ConnectError::UntrustedServer { .. }) => finding(Cause::ServerNotTrusted, why)
                .all_evidence(self.seen.listeners.iter().map(show))
                .advice("run both as one user, or let the server's user own the run directory with mode 0755"),
            OpenError::Connect(ConnectError::Interrupted { .. }) | OpenError::Link(LinkError::Timeout) => {
                silent(self.args, self.dir, self.seen)
            }
            OpenError::OtherUser { server, own } => finding(
                Cause::UserRefused,
                format!("its server, of user {server}, refused this process of user {own}"),
            )
            .all_evidence(self.seen.listeners.iter().map(show))
            .advice(format!("{}, or let the server allow user {own}", run_as(&self.user(*server)))),
            OpenError::Connect(ConnectError::Io { source, .. }) if is_another_type(source) => {
                finding(Cause::WrongSocketType, "somebody listens there with a socket of another type".to_owned())
                    .all_evidence(self.seen.listeners.iter().map(show))
                    .evidence("endpoints of NetIPC are packet sockets (SOCK_SEQPACKET); its protocol is another one, or an older one")
                    .advice("give that program another path, or upgrade it")
            }
            OpenError::Handshake(error) => self.turned_down(error),
            OpenError::Link(LinkError::Disconnected | LinkError::Reset(_)) => finding(Cause::ConnectionLost, why)
                .evidence("it hung up during the handshake, without an answer")
                .all_evidence(shortages(self.seen))
                .advice("look at the log of its process"),
            _ => finding(Cause::ConnectionLost, why).all_evidence(shortages(self.seen)),
        }
    }

    /// A user of the server's processes, by name where they are shown.
    fn user(&self, uid: u32) -> String {
        let mut servers = self.seen.listeners.iter();
        let server = servers.find(|server| server.uid == uid);
        match (server, uid) {
            (Some(server), _) => server.user.clone(),
            (None, 0) => "root".to_owned(),
            (None, uid) => format!("user {uid}"),
        }
    }

    /// What a server's answer to our HELLO says.
    fn turned_down(&self, error: &HandshakeError) -> Finding {
        let (at, why) = (&self.endpoint, chain(error));
        let finding = |cause, what: String| Finding::new(cause, format!("{at}: {what}"));
        match error {
            HandshakeError::AuthFailed => self.token_refused(),
            HandshakeError::NoProfile { .. } => self.no_profile(),
            HandshakeError::Incompatible { .. } => finding(Cause::VersionMismatch, why)
                .all_evidence(self.seen.listeners.iter().map(show))
                .evidence(
                    "this program speaks version 1 of the protocol, with layout 1 of the handshake",
                )
                .advice("upgrade the older of both"),
            HandshakeError::Rejected { .. } => finding(Cause::SessionsTaken, why)
                .all_evidence(holders(self.seen))
                .advice(
                    "raise its workers (`netipc serve --workers N`), or end one of those clients",
                ),
            HandshakeError::LimitExceeded => {
                let ours = self.config.proposal();
                finding(Cause::LimitExceeded, why)
                    .evidence(format!(
                        "asked for were requests of up to {} bytes and {} items",
                        ours.request.payload_bytes, ours.request.batch_items
                    ))
                    .all_evidence(self.seen.listeners.iter().map(show))
                    .advice("raise the request limits of the server, or lower those of the client")
            }
            _ => finding(Cause::MalformedAnswer, why)
                .all_evidence(self.seen.listeners.iter().map(show))
                .advice("look what serves there: it does not speak the protocol as it should"),
        }
    }

    fn token_refused(&self) -> Finding {
        let what = format!("{}: its server refused the token", self.endpoint);
        let mut finding = Finding::new(Cause::TokenRefused, what);
        let uid = own_uid().map_or_else(String::new, |uid| format!(" of user {uid}"));
        let refused = format!(
            "refused was process {}{uid}, this program",
            std::process::id()
        );
        finding = finding
            .evidence(refused)
            .evidence(format!("the token came from {}", self.token_of))
            .all_evidence(
                self.seen
                    .listeners
                    .iter()
                    .map(|server| format!("refused by {}", show(server))),
            );
        let by_agent = self
            .seen
            .listeners
            .iter()
            .any(|server| netdata::has_token(server.pid));
        finding.advice(if by_agent && !self.args.netdata {
            "its server was started by an agent: --netdata takes the token from there"
        } else {
            "use the token that the server was started with: --auth-token-file or NETIPC_AUTH_TOKEN"
        })
    }

    fn no_profile(&self) -> Finding {
        let what = format!("{}: no transport profile in common", self.endpoint);
        let ours = profile::list(self.config.supported_profiles);
        let mut finding =
            Finding::new(Cause::NoCommonProfile, what).evidence(format!("offered was {ours}"));
        if let Ok(session) = self.connect(profile::all()) {
            let theirs = profile::list(session.agreed().server_supported.0);
            finding = finding.evidence(format!("the server takes {theirs}"));
        }
        finding.advice("let the server offer the baseline, which every client can use, or the client what the server takes")
    }

    /// Why sessions go over the socket where shared memory is wanted.
    fn look_at_profiles(&self, agreed: &Agreed, kind: LinkKind, report: &mut Report) {
        let theirs = agreed.server_supported.0;
        let wants_shm = self.config.supported_profiles & !PROFILE_BASELINE != 0;
        let over_socket = |session: &&inspect::Session| session.transport == Some("socket");
        let others = self.seen.sessions.iter().filter(over_socket).count();
        let at = &self.endpoint;
        let is_told = !self.without_shm.is_empty();
        if !wants_shm && !is_told {
            small_files(self.seen, report);
        }
        let is_over_socket = wants_shm && kind != LinkKind::SharedMemory;
        if is_over_socket || is_told {
            let obstacle = self.obstacle(wants_shm);
            let how = if is_over_socket {
                "shared memory was offered, and the session went over the socket"
            } else {
                "sessions that wanted shared memory went over the socket"
            };
            let what = format!("{at}: {how}: {}", obstacle.what());
            let told = self.without_shm.iter();
            let finding =
                Finding::new(Cause::SocketInsteadOfShm, what)
                    .all_evidence(told.map(|why| format!("its provider says: {why}")))
                    .all_evidence(is_over_socket.then(|| {
                        format!("the server says that it takes {}", profile::list(theirs))
                    }))
                    .all_evidence(shortages(self.seen))
                    .all_evidence(self.seen.listeners.iter().map(show));
            report.add(finding.advice(obstacle.advice()));
        } else if theirs & !PROFILE_BASELINE != 0 && others > 0 {
            let what = format!(
                "{at}: it offers {}, and has sessions over the socket",
                profile::list(theirs)
            );
            let finding = Finding::new(Cause::NotSeen, what).evidence(format!("{others} of them"));
            report.add(finding.advice("`netipc doctor --profiles baseline,shm` tries shared memory; some clients do not want it"));
        }
    }

    /// What keeps it from shared memory. Asked for the baseline alone, a server names all that it is configured for; asked for more,
    /// what it could prepare.
    fn obstacle(&self, wants_shm: bool) -> Obstacle {
        let configured = wants_shm
            .then(|| self.connect(PROFILE_BASELINE).ok())
            .flatten();
        let configured = configured.map(|session| session.agreed().server_supported.0);
        let common = configured.map(|bits| bits & self.config.supported_profiles);
        if common.is_some_and(|common| common & !PROFILE_BASELINE == 0) {
            Obstacle::Configuration
        } else {
            Obstacle::of(&self.without_shm, self.dir, self.seen)
        }
    }

    fn call(&self, report: &mut Report) {
        let read = schema::read_all(&self.args.schema).unwrap_or_default();
        let mut known = read.iter().chain(schema::built_in());
        let Some(schema) = known.find(|schema| schema.name == self.seen.service) else {
            let what = format!("{}: what it answers: give --schema FILE", self.endpoint);
            return report.add(Finding::new(Cause::NotSeen, what));
        };
        let Some(request) = harmless::request(schema) else {
            let what = format!(
                "{}: what it answers: no request can be made up for it",
                self.endpoint
            );
            return report.add(Finding::new(Cause::NotSeen, what));
        };
        let wait = self.wait();
        let mut client = AnyClient::new(&self.dir.path, &self.seen.service, &self.config);
        client.refresh(&wait);
        if !client.ready() {
            let lost = || Finding::new(Cause::ConnectionLost, format!("{}: lost", self.endpoint));
            return report.add(
                client
                    .open_error()
                    .map_or_else(lost, |error| self.refused(error)),
            );
        }
        let begun = Instant::now();
        let answer = ask_by_schema(schema, &mut client, &request, &wait);
        let took = begun.elapsed();
        if let (Ok(_), Some(asked)) = (&answer, report.asked.last_mut()) {
            asked.call_us = Some(microseconds(took));
        }
        match answer {
            Err(error) => report.add(self.failed(&error, took)),
            Ok(_) if took > self.args.slow() => {
                let what = format!("{}: the answer took {took:.1?}", self.endpoint);
                let finding = Finding::new(Cause::SlowHandler, what)
                    .all_evidence(self.seen.listeners.iter().map(show));
                report.add(finding.advice("look what its handler waits for"));
            }
            Ok(_) => {}
        }
    }

    /// Why there is no answer.
    fn failed(&self, error: &AskError, took: Duration) -> Finding {
        let why = chain(error);
        let servers = self.seen.listeners.iter().map(show);
        let finding = |cause| Finding::new(cause, why.clone()).all_evidence(servers.clone());
        match error {
            AskError::Answer { .. } => finding(Cause::MalformedAnswer)
                .advice("correct the provider: the page of the service in docs/services has the rules"),
            AskError::Call(error) => match error.failure() {
                Failure::Timeout => finding(Cause::NoAnswer)
                    .evidence(format!("the handshake was done, and {took:.1?} went by"))
                    .advice("look what its handler waits for"),
                Failure::HandlerFailed => finding(Cause::HandlerFailed)
                    .advice("look at the provider's log: its handler failed, or served an item with a bad field"),
                Failure::Protocol(_) => finding(Cause::MalformedAnswer)
                    .advice("correct the provider: the page of the service in docs/services has the rules"),
                Failure::Unsupported => finding(Cause::VersionMismatch)
                    .evidence("somebody serves another kind of service under this name")
                    .advice("give the service its own name"),
                Failure::Lost(_) => finding(Cause::SessionsTaken)
                    .evidence("it hung up after the handshake, as deployed servers do that have no session left")
                    .all_evidence(holders(self.seen))
                    .advice("raise its workers, or end one of those clients"),
                Failure::Reconnect(error) => self.refused(error),
                _ => finding(Cause::ConnectionLost),
            },
            _ => finding(Cause::ConnectionLost),
        }
    }
}
