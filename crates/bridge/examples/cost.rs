//! What the bridge costs: a question through it, beside a bare query of zenoh and a local call, in turn in one run; and what
//! many hosts cost, in one process.
//!
//! ```text
//! cargo run --release --example cost                     the three, side by side, over TCP and over QUIC
//! cargo run --release --example cost -- quic 8           eight turns of them, over QUIC
//! cargo run --release --example cost -- load 100 10      100 exporters and 10 importers
//! ```
//!
//! All is in one process over loopback. QUIC is as the program has it: certificates on both sides, and lists of who may what, for
//! the bridge and for the bare query alike. TCP is without either.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use netipc::service::increment::{self, Increment};
use netipc::{Client, ClientConfig, Server, ServerConfig};
use netipc_bridge::allow::{Askers, Lists};
use netipc_bridge::config::{Mode, Net};
use netipc_bridge::export::{Export, ExportConfig};
use netipc_bridge::import::{Import, ImportConfig};
use netipc_bridge::keys;
use netipc_bridge::limits::Limits;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use zenoh::{Session, Wait};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Questions of one turn.
const TURN: usize = 200;
const TURNS: usize = 25;
const PLACE: &str = "127.0.0.1:27447";
/// The service, what zenoh is asked alone beside it, the host and who asks.
const SERVICE: &str = "increment";
const BARE: &str = "bare";
const HOST: &str = "host";
const VIEWER: &str = "viewer";

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        [] => cost("tcp", TURNS).and_then(|()| cost("quic", TURNS)),
        [over @ ("tcp" | "quic"), turns] => cost(over, turns.parse()?),
        ["load", exporters, importers] => load(exporters.parse()?, importers.parse()?),
        _ => Err("no arguments, or: tcp|quic TURNS, or: load EXPORTERS IMPORTERS".into()),
    }
}

/// A session without certificates.
fn open(listen: bool, routed: Option<Mode>) -> Result<Session> {
    let net = Net {
        mode: routed,
        plain: true,
        ..Net::default()
    };
    open_at("tcp", listen, net, &Lists::default())
}

fn open_at(protocol: &str, listen: bool, net: Net, lists: &Lists) -> Result<Session> {
    let place = vec![format!("{protocol}/{PLACE}")];
    let (listen, connect) = if listen {
        (place, Vec::new())
    } else {
        (Vec::new(), place)
    };
    let net = Net {
        connect,
        listen,
        lease_ms: 4000,
        ..net
    };
    Ok(netipc_bridge::open(net.zenoh(lists)?)?)
}

/// The sessions of importer and exporter, with certificates of an authority of their own, and what lists allow.
fn open_certified(dir: &Path) -> Result<(Session, Session)> {
    let mut params = CertificateParams::new([])?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate()?;
    fs::write(dir.join("ca.pem"), params.self_signed(&key)?.pem())?;
    let issuer = Issuer::new(params, key);
    let net = |name: &str| -> Result<Net> {
        let [certificate, key] =
            ["certificate", "key"].map(|end| dir.join(format!("{name}-{end}.pem")));
        let mut params = CertificateParams::new(["127.0.0.1".to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, name);
        let pair = KeyPair::generate()?;
        fs::write(&certificate, params.signed_by(&pair, &issuer)?.pem())?;
        fs::write(&key, pair.serialize_pem())?;
        Ok(Net {
            tls_ca: Some(dir.join("ca.pem")),
            tls_certificate: Some(certificate),
            tls_key: Some(key),
            ..Net::default()
        })
    };
    let services = [SERVICE, BARE].map(str::to_owned);
    let askers = Askers::parse(&[VIEWER.to_owned()])?;
    let of_export = Lists::of_export(HOST, &services, &askers, &[], false);
    let mut of_import = Lists::default();
    for service in &services {
        of_import.import(VIEWER, HOST, service, &[HOST.to_owned()]);
    }
    Ok((
        open_at("quic", true, net(VIEWER)?, &of_import)?,
        open_at("quic", false, net(HOST)?, &of_export)?,
    ))
}

/// The run directory of a host, and a provider in it.
fn provide(dir: &Path) -> Result<Arc<Server<Increment>>> {
    fs::create_dir_all(dir)?;
    let server = Server::with_workers(
        dir,
        "increment",
        ServerConfig::default(),
        increment::handler(),
        4,
    );
    let server = Arc::new(server);
    server.bind()?;
    let running = Arc::clone(&server);
    thread::spawn(move || running.run());
    Ok(server)
}

fn export(session: &Session, host: &str, run_dir: &Path) -> Result<Export> {
    let config = ExportConfig {
        host: host.into(),
        services: vec![SERVICE.into()],
        run_dir: run_dir.into(),
        auth_token: 0,
        askers: Askers::parse(&[VIEWER.into()])?,
        everyone: false,
        limits: Limits {
            rate: u32::MAX,
            ..Limits::default()
        },
    };
    Ok(Export::begin(session, config)?)
}

fn import(session: &Session, host: &str, run_dir: &Path) -> Result<Import> {
    let config = ImportConfig {
        asker: VIEWER.into(),
        run_dir: run_dir.into(),
        auth_token: 0,
        timeout: Duration::from_secs(10),
        workers: 64,
        request_bytes: 0,
    };
    let endpoint = format!("increment.{host}");
    Ok(Import::begin(
        session,
        host,
        "increment",
        &endpoint,
        config,
    )?)
}

/// A client of an endpoint that comes.
fn client(run_dir: &Path, endpoint: &str) -> Client<Increment> {
    let mut client = Client::new(run_dir, endpoint, ClientConfig::default());
    while !client.ready() {
        client.refresh();
        thread::sleep(Duration::from_millis(1));
    }
    client
}

/// How long each of some questions takes.
fn times(mut ask: impl FnMut() -> Result<()>) -> Result<Vec<Duration>> {
    let one = |_| {
        let began = Instant::now();
        ask().map(|()| began.elapsed())
    };
    (0..TURN).map(one).collect()
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times
        .get(times.len() / 2)
        .map_or(0.0, Duration::as_secs_f64)
        * 1e6
}

fn cost(over: &str, turns: usize) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let (far, near) = (dir.path().join("far"), dir.path().join("near"));
    let server = provide(&far)?;
    fs::create_dir_all(&near)?;
    let (importer, exporter) = if over == "quic" {
        open_certified(dir.path())?
    } else {
        (open(true, None)?, open(false, None)?)
    };
    let export = export(&exporter, HOST, &far)?;
    let import = import(&importer, HOST, &near)?;
    // What zenoh does alone, with as many bytes.
    let key = keys::asked(HOST, BARE, VIEWER);
    let answered = key.clone();
    let bare = exporter
        .declare_queryable(keys::offered(HOST, BARE))
        .callback(move |query| {
            let _ = query
                .reply(&answered, vec![0_u8; 8])
                .attachment(&[0_u8; 40][..])
                .wait();
        })
        .wait()?;
    let mut through = client(&near, "increment.host");
    let mut local = client(&far, "increment");
    let query = || query(&importer, &key);
    // It is heard of a moment later.
    while query().is_err() {
        thread::sleep(Duration::from_millis(1));
    }
    let (mut bridge, mut zenoh, mut call) = (Vec::new(), Vec::new(), Vec::new());
    // The first turn warms up.
    for turn in 0..=turns {
        let times = (
            times(|| Ok(through.call(&1).map(drop)?))?,
            times(query)?,
            times(|| Ok(local.call(&1).map(drop)?))?,
        );
        if turn > 0 {
            bridge.extend(times.0);
            zenoh.extend(times.1);
            call.extend(times.2);
        }
    }
    tell(over, [bridge, zenoh, call].map(median));
    drop((import, export, bare));
    server.stop();
    Ok(())
}

/// What zenoh is asked alone.
fn query(session: &Session, key: &str) -> Result<()> {
    let replies = session
        .get(key)
        .payload(&[0_u8; 8][..])
        .attachment(&[0_u8; 40][..])
        .wait()?;
    replies
        .recv()?
        .into_result()
        .map_err(|error| format!("{error:?}"))?;
    Ok(())
}

fn tell(over: &str, [bridge, zenoh, call]: [f64; 3]) {
    println!("over {over}:");
    println!("a question through the bridge   {bridge:8.1} us");
    println!("a bare query of zenoh           {zenoh:8.1} us");
    println!("a local call                    {call:8.1} us");
    println!(
        "the bridge / (query + call)     {:8.2}",
        bridge / (zenoh + call)
    );
}

type Exporting = (Export, Session, Arc<Server<Increment>>);
type Importing = (Vec<Import>, Session, PathBuf);

fn load(exporters: usize, importers: usize) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let _router = open(true, Some(Mode::Router))?;
    let before = Usage::now()?;
    let begin = |number| begin_export(dir.path(), number);
    let exporting: Vec<Exporting> = (0..exporters).map(begin).collect::<Result<_>>()?;
    println!("each idle exporter, with its provider and its link at the router:");
    before.tell_each(exporters)?;

    let before = Usage::now()?;
    let begin = |number| begin_imports(dir.path(), number, exporters);
    let importing: Vec<Importing> = (0..importers).map(begin).collect::<Result<_>>()?;
    // Every importer has every host.
    let clients = importing.iter().map(|(_, _, near)| {
        let of = |host| client(near, &format!("increment.host-{host}"));
        (0..exporters).map(of).collect::<Vec<_>>()
    });
    let clients: Vec<_> = clients.collect();
    println!("each import of one service of one host, with a client:");
    before.tell_each(exporters * importers)?;

    tell_idle(exporters)?;
    ask_all(clients)?;
    drop(importing);
    for (export, session, server) in exporting {
        server.stop();
        drop((export, session));
    }
    Ok(())
}

fn begin_export(dir: &Path, number: usize) -> Result<Exporting> {
    let host = format!("host-{number}");
    let far = dir.join(&host);
    let server = provide(&far)?;
    let session = open(false, Some(Mode::Client))?;
    Ok((export(&session, &host, &far)?, session, server))
}

fn begin_imports(dir: &Path, number: usize, hosts: usize) -> Result<Importing> {
    let near = dir.join(format!("viewer-{number}"));
    fs::create_dir_all(&near)?;
    let session = open(false, Some(Mode::Client))?;
    let begin = |host| import(&session, &format!("host-{host}"), &near);
    let imports = (0..hosts).map(begin).collect::<Result<_>>()?;
    Ok((imports, session, near))
}

/// What everything takes while nobody asks.
fn tell_idle(exporters: usize) -> Result<()> {
    let (began, before) = (Instant::now(), Usage::now()?.cpu);
    thread::sleep(Duration::from_secs(10));
    let share = (Usage::now()?.cpu - before).as_secs_f64() / began.elapsed().as_secs_f64();
    println!("all of it idle: {:.2} % of a processor", share * 100.0);
    println!(
        "  or {:.0} us a second for each exporter",
        share * 1e6 / exporters.max(1) as f64
    );
    Ok(())
}

/// Every importer asks every host, in a thread of its own.
fn ask_all(clients: Vec<Vec<Client<Increment>>>) -> Result<()> {
    const ROUNDS: usize = 20;
    let asked = ROUNDS * clients.iter().map(Vec::len).sum::<usize>();
    let (began, before) = (Instant::now(), Usage::now()?.cpu);
    let threads = clients.into_iter().map(|mut clients| {
        thread::spawn(move || {
            let mut times = Vec::new();
            for _ in 0..ROUNDS {
                for client in &mut clients {
                    let began = Instant::now();
                    if client.call(&1).is_ok() {
                        times.push(began.elapsed());
                    }
                }
            }
            times
        })
    });
    let threads: Vec<_> = threads.collect();
    let times = threads.into_iter().filter_map(|thread| thread.join().ok());
    let times: Vec<Duration> = times.flatten().collect();
    let (took, cpu) = (began.elapsed(), Usage::now()?.cpu - before);
    let answered = times.len();
    println!("{answered} of {asked} questions answered:");
    println!("  {:.0} a second", answered as f64 / took.as_secs_f64());
    println!(
        "  {:.1} us of a processor each",
        cpu.as_secs_f64() * 1e6 / answered.max(1) as f64
    );
    println!("  {:.0} us is the median", median(times));
    Ok(())
}

/// What this process takes.
struct Usage {
    kib: u64,
    threads: u64,
    cpu: Duration,
}

impl Usage {
    /// What each of `count` has added since.
    fn tell_each(&self, count: usize) -> Result<()> {
        let (now, count) = (Self::now()?, count.max(1) as u64);
        println!("  {} KiB", now.kib.saturating_sub(self.kib) / count);
        let threads = now.threads.saturating_sub(self.threads) * 10 / count;
        println!("  {}.{} threads", threads / 10, threads % 10);
        Ok(())
    }

    fn now() -> Result<Self> {
        let status = fs::read_to_string("/proc/self/status")?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.split_whitespace().next()?.parse().ok())
                .unwrap_or_default()
        };
        let stat = fs::read_to_string("/proc/self/stat")?;
        // Behind the name in brackets; in hundredths of a second.
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        let ticks = |at: usize| {
            fields
                .get(at)
                .and_then(|field| field.parse::<u64>().ok())
                .unwrap_or_default()
        };
        Ok(Self {
            kib: field("VmRSS:"),
            threads: field("Threads:"),
            cpu: Duration::from_millis((ticks(11) + ticks(12)) * 10),
        })
    }
}
