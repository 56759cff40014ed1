//! Two hosts in one process: certificates, sessions, an exporter and an importer.
#![allow(dead_code, reason = "every target uses a part")]

use std::io::Write;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use netipc_bridge::allow::{Askers, Lists};
use netipc_bridge::config::{Mode, Net};
use netipc_bridge::export::{Export, ExportConfig};
use netipc_bridge::import::{Import, ImportConfig};
use netipc_bridge::limits::Limits;
use netipc_bridge::status::Report;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
};
use tempfile::TempDir;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use zenoh::Session;

/// The host that exports.
pub(crate) const HOST: &str = "web-1";
/// Who asks.
pub(crate) const ASKER: &str = "viewer";
/// The service.
pub(crate) const SERVICE: &str = "svc";
/// Its endpoint where it is imported.
pub(crate) const IMPORTED: &str = "svc.web-1";
/// The secret on the exporter's side. The conformance suite's.
pub(crate) const TOKEN: u64 = netipc_conformance::service::TOKEN;
/// The longest that anything may take: it is there for hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `look` finds something.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "in vain for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Says what this machine has not got, past who keeps the output of tests that pass.
pub(crate) fn skipped(what: &str) {
    let _ = std::io::stderr().write_all(format!("SKIPPED {what}\n").as_bytes());
}

/// An authority, and the directory where its certificates are.
pub(crate) struct Authority {
    dir: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "tests");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(dir.path().join("ca.pem"), certificate.pem()).unwrap();
        Self {
            dir,
            issuer: Issuer::new(params, key),
        }
    }

    /// How `name` takes part: with a certificate of its own, on this machine.
    pub(crate) fn net(&self, name: &str) -> Net {
        let path = |end| self.dir.path().join(format!("{name}-{end}.pem"));
        let (certificate, key) = (path("certificate"), path("key"));
        if !key.exists() {
            let mut params = CertificateParams::new(addresses()).unwrap();
            params.distinguished_name.push(DnType::CommonName, name);
            params.extended_key_usages = vec![
                ExtendedKeyUsagePurpose::ServerAuth,
                ExtendedKeyUsagePurpose::ClientAuth,
            ];
            let pair = KeyPair::generate().unwrap();
            let signed = params.signed_by(&pair, &self.issuer).unwrap();
            std::fs::write(&certificate, signed.pem()).unwrap();
            std::fs::write(&key, pair.serialize_pem()).unwrap();
        }
        Net {
            tls_ca: Some(self.dir.path().join("ca.pem")),
            tls_certificate: Some(certificate),
            tls_key: Some(key),
            // A busy machine must not make hosts go.
            lease_ms: 60_000,
            ..Net::default()
        }
    }
}

/// What certificates of these tests are for: this machine, and the namespaces of the tests that make some.
fn addresses() -> Vec<String> {
    let namespaces = (1..=4).flat_map(|net| [1, 2].map(|host| format!("10.213.{net}.{host}")));
    [own_address().to_string()]
        .into_iter()
        .chain(namespaces)
        .collect()
}

/// An address of this machine that no other process of these tests uses.
fn own_address() -> Ipv4Addr {
    let [_, a, b, c] = process::id().to_be_bytes();
    Ipv4Addr::new(127, a.wrapping_add(1), b, c)
}

/// What the bridges of this process have logged.
static LOGGED: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Keeps what is logged.
struct Keep;

impl Write for Keep {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOGGED.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The lines of warnings and errors that the bridges of this process have logged.
pub(crate) fn logged() -> Vec<String> {
    let logged = LOGGED.lock().unwrap();
    let text = String::from_utf8_lossy(&logged);
    text.lines().map(str::to_owned).collect()
}

/// Keeps warnings and errors of the bridges, and tells what `RUST_LOG` asks for, where a test fails.
fn log() {
    let keep = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(|| Keep)
        .with_filter(Targets::new().with_target("netipc_bridge", LevelFilter::WARN));
    let wanted = std::env::var("RUST_LOG").ok();
    let told = wanted
        .and_then(|wanted| wanted.parse::<Targets>().ok())
        .map(|targets| {
            let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
            layer.with_filter(targets)
        });
    let _ = tracing_subscriber::registry()
        .with(keep)
        .with(told)
        .try_init();
}

/// A place that nobody else listens at, but for who listens on every address of the machine.
pub(crate) fn free_place(protocol: &str) -> String {
    static NEXT: AtomicU16 = AtomicU16::new(20_000);
    let port = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{protocol}/{}:{port}", own_address())
}

/// Joins the network, and listens, at a place that it gives.
pub(crate) fn open_listening(net: &Net, lists: &Lists) -> (Session, String) {
    log();
    // Where somebody listens on every address of the machine, the next port is as good.
    let mut attempts = 0;
    loop {
        let endpoint = free_place(if net.plain { "tcp" } else { "quic" });
        let listening = Net {
            listen: vec![endpoint.clone()],
            ..net.clone()
        };
        match netipc_bridge::open(listening.zenoh(lists).unwrap()) {
            Ok(session) => return (session, endpoint),
            Err(error) if attempts == 20 => panic!("{}", netipc::chain(&error)),
            Err(_) => attempts += 1,
        }
    }
}

/// Joins the network where `place` listens.
pub(crate) fn open_connecting(net: &Net, lists: &Lists, place: &str) -> Session {
    let connecting = Net {
        connect: vec![place.to_owned()],
        ..net.clone()
    };
    netipc_bridge::open(connecting.zenoh(lists).unwrap()).unwrap()
}

pub(crate) fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

/// Exports [`SERVICE`] of `run_dir` to [`ASKER`].
pub(crate) fn export_config(run_dir: &Path) -> ExportConfig {
    ExportConfig {
        host: HOST.into(),
        services: texts(&[SERVICE]),
        run_dir: run_dir.to_owned(),
        auth_token: TOKEN,
        askers: Askers::parse(&texts(&[ASKER])).unwrap(),
        everyone: false,
        limits: Limits {
            rate: 1_000_000,
            ..Limits::default()
        },
    }
}

/// The lists of an exporter that is reached without routers.
pub(crate) fn export_lists(config: &ExportConfig) -> Lists {
    Lists::of_export(
        &config.host,
        &config.services,
        &config.askers,
        &[],
        config.everyone,
    )
}

pub(crate) fn import_config(run_dir: &Path) -> ImportConfig {
    ImportConfig {
        asker: ASKER.into(),
        run_dir: run_dir.to_owned(),
        auth_token: TOKEN,
        timeout: Duration::from_secs(30),
        workers: 16,
        request_bytes: 0,
    }
}

/// The lists of an importer of [`SERVICE`] of [`HOST`].
pub(crate) fn import_lists() -> Lists {
    let mut lists = Lists::default();
    lists.import(ASKER, HOST, SERVICE, &texts(&[HOST]));
    lists
}

/// Two hosts, one of which imports what the other exports.
pub(crate) struct Pair {
    pub(crate) import: Import,
    pub(crate) importer: Session,
    pub(crate) exporting: Option<(Export, Session)>,
    pub(crate) authority: Authority,
    pub(crate) place: String,
    pub(crate) near: TempDir,
    /// The exporter's run directory, unless it is somebody else's.
    pub(crate) far: PathBuf,
    far_dir: Option<TempDir>,
}

impl Pair {
    /// Both with directories of their own.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut pair = Self::of(dir.path(), import_config);
        pair.far_dir = Some(dir);
        pair
    }

    /// One that exports what is in `far`; the importer listens.
    pub(crate) fn of(far: &Path, config: impl FnOnce(&Path) -> ImportConfig) -> Self {
        let (authority, near) = (Authority::new(), tempfile::tempdir().unwrap());
        let (importer, place) = open_listening(&authority.net(ASKER), &import_lists());
        let config = config(near.path());
        let import = Import::begin(&importer, HOST, SERVICE, IMPORTED, config).unwrap();
        let mut pair = Self {
            import,
            importer,
            exporting: None,
            authority,
            place,
            near,
            far: far.to_owned(),
            far_dir: None,
        };
        pair.export(export_config(far));
        pair
    }

    /// Begins to export, in place of whoever did.
    pub(crate) fn export(&mut self, config: ExportConfig) {
        self.exporting = None;
        // What is up until then is the one before.
        self.until_standing("absent");
        self.exporting = Some(self.another(config));
        self.until_standing("up");
    }

    /// Another exporter, in a session of its own.
    pub(crate) fn another(&self, config: ExportConfig) -> (Export, Session) {
        let net = self.authority.net(&config.host);
        let session = open_connecting(&net, &export_lists(&config), &self.place);
        (Export::begin(&session, config).unwrap(), session)
    }

    /// The exporter goes.
    pub(crate) fn stop_exporting(&mut self) {
        self.exporting = None;
    }

    /// Waits until the importer sees the host so, and the endpoint is there, or is not.
    pub(crate) fn until_standing(&self, standing: &str) {
        until(standing, || {
            let report = self.import.report();
            (report.services[0].standing == standing).then_some(())
        });
    }

    pub(crate) fn export_report(&self) -> Report {
        self.exporting.as_ref().unwrap().0.report()
    }

    /// A configuration of clients that ask here.
    pub(crate) fn client_config(&self) -> netipc::ClientConfig {
        netipc::ClientConfig {
            auth_token: TOKEN,
            ..netipc::ClientConfig::default()
        }
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        // An exporter that outlives who it is connected to tries again for a while.
        self.exporting = None;
    }
}

/// How `name` takes part through a router.
pub(crate) fn through_router(authority: &Authority, name: &str) -> Net {
    Net {
        via: texts(&["router"]),
        ..authority.net(name)
    }
}

/// A session that routes.
pub(crate) fn open_router(authority: &Authority, lists: &Lists) -> (Session, String) {
    let net = Net {
        mode: Some(Mode::Router),
        ..authority.net("router")
    };
    open_listening(&net, lists)
}
