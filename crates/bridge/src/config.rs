//! How the program talks to other hosts: where, as whom, and with whom.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::allow::Lists;
use crate::error::Error;
use crate::keys;

/// The most bytes of one message from another host: the largest answer or request, and room for headers. Zenoh drops what
/// is longer, and goes on.
const MAX_MESSAGE_BYTES: u64 = crate::limits::MAX_PAYLOAD_BYTES as u64 + (64 << 10);

/// Milliseconds in which a link takes a message from its queue, before it is given up: zenoh's, and more with a longer lease.
/// Larger messages on slower links would end them.
const TAKING_MS: u64 = 5000;

const CONNECT: &str = "connect/endpoints";
const LISTEN: &str = "listen/endpoints";

/// Where other hosts are, and who this one is to them.
#[derive(Args, Clone, Debug, Default)]
pub struct Net {
    /// Where a peer or a router listens, such as quic/10.0.0.1:7447; more than once for several
    #[arg(long, value_name = "ENDPOINT")]
    pub connect: Vec<String>,

    /// Where to listen, such as quic/0.0.0.0:7447; without it nobody can connect here
    #[arg(long, value_name = "ENDPOINT")]
    pub listen: Vec<String>,

    /// The authority whose certificates are believed, as PEM
    #[arg(long, value_name = "FILE")]
    pub tls_ca: Option<PathBuf>,

    /// The certificate of this side, as PEM; its common name is who it is to others
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_certificate: Option<PathBuf>,

    /// The key of that certificate, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub tls_key: Option<PathBuf>,

    /// A router that is trusted to say who asks and who answers, by the common name of its certificate
    #[arg(long, value_name = "NAME")]
    pub via: Vec<String>,

    /// A configuration of zenoh, JSON5, that the options here are put on top of
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// How this side takes part [default: client where there is --via and no --listen, else peer]
    #[arg(long, value_enum)]
    pub mode: Option<Mode>,

    /// Milliseconds of silence after which a host counts as gone
    #[arg(long, value_name = "MS", default_value_t = 4000, value_parser = clap::value_parser!(u64).range(100..))]
    pub lease_ms: u64,

    /// Speaks TCP without certificates: whoever reaches the port is believed whatever it says. For trials
    #[arg(long)]
    pub plain: bool,
}

/// How a side takes part in zenoh.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Mode {
    /// Connects and listens, and passes nothing on. Routers pass nothing from one peer to another.
    Peer,
    /// Connects to one router: the first that it reaches, in the order in which it is told of them.
    Client,
    /// Passes on what others say.
    #[value(skip)]
    Router,
}

impl Mode {
    const fn word(self) -> &'static str {
        match self {
            Self::Peer => "peer",
            Self::Client => "client",
            Self::Router => "router",
        }
    }
}

impl Net {
    /// Zenoh's configuration, which lets pass what `lists` say.
    ///
    /// # Errors
    /// [`Error::Usage`], [`Error::Zenoh`]: files that are no configuration, and anything that would let strangers in.
    pub fn zenoh(&self, lists: &Lists) -> Result<zenoh::Config, Error> {
        let mut config = match &self.config {
            Some(path) => zenoh::Config::from_file(path).map_err(Error::zenoh(format!(
                "the configuration {}",
                path.display()
            )))?,
            None => zenoh::Config::default(),
        };
        if get(&config, "access_control/enabled") == "true" {
            return Err(Error::Usage(
                "access_control of --config would take the place of the lists that the program makes: leave it \
                 out, and use --allow and --via"
                    .into(),
            ));
        }
        self.put_places(&mut config)?;
        let mut put = |key: &str, value: serde_json::Value| {
            config
                .insert_json5(key, &value.to_string())
                .map_err(Error::zenoh(format!("the configuration's {key}")))
        };
        put("mode", json!(self.mode().word()))?;
        for (key, value) in self.fixed() {
            put(key, value)?;
        }
        if let (Some(ca), Some(certificate), Some(key)) =
            (&self.tls_ca, &self.tls_certificate, &self.tls_key)
        {
            put("transport/link/tls", tls(ca, certificate, key))?;
        }
        if !self.plain {
            put("access_control", lists.to_json())?;
            secure(&config)?;
        }
        if self.places(&config) == 0 {
            return Err(Error::Usage(
                "no other host can be reached: say where one listens with --connect quic/HOST:PORT, or where to listen \
                 with --listen, or name endpoints in the file of --config"
                    .into(),
            ));
        }
        Ok(config)
    }

    /// Says where to connect and listen: what zenoh would do where it was not told is left out.
    fn put_places(&self, config: &mut zenoh::Config) -> Result<(), Error> {
        let untold = zenoh::Config::default();
        for (key, endpoints) in [(CONNECT, &self.connect), (LISTEN, &self.listen)] {
            if !endpoints.is_empty() || get(config, key) == get(&untold, key) {
                config
                    .insert_json5(key, &json!(endpoints).to_string())
                    .map_err(Error::zenoh(format!("the configuration's {key}")))?;
            }
        }
        Ok(())
    }

    /// How many endpoints a configuration names for a side of this kind.
    fn places(&self, config: &zenoh::Config) -> usize {
        let count = |key| {
            let endpoints = serde_json::from_str(&get(config, key)).unwrap_or_default();
            let endpoints = match endpoints {
                serde_json::Value::Object(by_mode) => by_mode.get(self.mode().word()).cloned(),
                all => Some(all),
            };
            let endpoints = endpoints.as_ref().and_then(serde_json::Value::as_array);
            endpoints.map_or(0, Vec::len)
        };
        count(CONNECT) + count(LISTEN)
    }

    /// Whether a side with this name may be told by its certificate. Trials have none.
    ///
    /// # Errors
    /// [`Error::Usage`].
    pub fn peer(&self, what: &str, name: &str) -> Result<String, Error> {
        if self.plain {
            keys::name(what, name)
        } else {
            keys::certified(what, name)
        }
    }

    fn mode(&self) -> Mode {
        let to_routers = !self.via.is_empty() && self.listen.is_empty();
        let usual = if to_routers { Mode::Client } else { Mode::Peer };
        self.mode.unwrap_or(usual)
    }

    /// What holds whatever the configuration says: nothing is found by itself, absent hosts are waited for in the
    /// background, and a message has a bound.
    fn fixed(&self) -> [(&'static str, serde_json::Value); 13] {
        // A client that waits for the first router waits for that one for ever: it tries each once, and `open` again.
        let is_client = self.mode() == Mode::Client;
        let connect_ms = if is_client { 0 } else { -1 };
        [
            ("scouting/multicast/enabled", json!(false)),
            ("scouting/gossip/enabled", json!(false)),
            ("open/return_conditions/connect_scouted", json!(false)),
            ("open/return_conditions/declares", json!(false)),
            ("connect/timeout_ms", json!(connect_ms)),
            ("connect/exit_on_failure", json!(false)),
            (
                "connect/retry",
                json!({ "period_init_ms": 100, "period_max_ms": 2000, "period_increase_factor": 2 }),
            ),
            ("transport/link/tx/lease", json!(self.lease_ms)),
            (
                "transport/link/tx/queue/congestion_control/block/wait_before_close",
                json!(self.lease_ms.max(TAKING_MS) * 1000),
            ),
            (
                "transport/link/rx/max_message_size",
                json!(MAX_MESSAGE_BYTES),
            ),
            ("adminspace/enabled", json!(false)),
            // One queue and one stream for each host, not eight: all questions are alike.
            ("transport/unicast/qos/enabled", json!(false)),
            // A host that is gone does not say no, and who ends waits for the attempt.
            ("transport/unicast/open_timeout", json!(3000)),
        ]
    }
}

fn tls(ca: &Path, certificate: &Path, key: &Path) -> serde_json::Value {
    json!({
        "root_ca_certificate": ca,
        "listen_certificate": certificate, "listen_private_key": key,
        "connect_certificate": certificate, "connect_private_key": key,
        "enable_mtls": true,
        "verify_name_on_connect": true,
        "close_link_on_expiration": true,
    })
}

/// Holds that every link is QUIC with mutual TLS.
fn secure(config: &zenoh::Config) -> Result<(), Error> {
    let endpoints = get(config, CONNECT) + &get(config, LISTEN);
    // What stands behind it would be taken before what the program says, of names and certificates.
    if endpoints.contains('#') {
        return Err(Error::Usage(
            "an endpoint has a configuration of its own behind `#`: leave it out, or give --plain for a trial among \
             trusted programs"
                .into(),
        ));
    }
    let protocols = endpoints
        .split('"')
        .filter(|part| part.contains('/'))
        .filter_map(|endpoint| endpoint.split('/').next());
    for protocol in protocols {
        // Zenoh 1.10 reads and writes a link of TLS over TCP at the same time, which its TLS does not bear: under
        // load it loses links. QUIC has the same TLS inside, and a lock.
        if protocol != "quic" {
            return Err(Error::Usage(format!(
                "an endpoint is {protocol}/...: use quic/..., or --plain for a trial among trusted programs"
            )));
        }
    }
    if get(config, "transport/link/tls/enable_mtls") != "true" {
        return Err(Error::Usage(
            "there are no certificates: give --tls-ca, --tls-certificate and --tls-key, or --plain for a trial \
             among trusted programs"
                .into(),
        ));
    }
    Ok(())
}

/// A part of the configuration as JSON, where there is one.
fn get(config: &zenoh::Config, key: &str) -> String {
    config.get_json(key).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(connect: &str) -> Net {
        Net {
            connect: vec![connect.into()],
            lease_ms: 1000,
            ..Net::default()
        }
    }

    #[test]
    fn without_certificates_nothing_starts() {
        for endpoint in ["quic/127.0.0.1:1", "tls/127.0.0.1:1", "tcp/127.0.0.1:1"] {
            let error = net(endpoint).zenoh(&Lists::default()).unwrap_err();
            assert_eq!(error.exit_status(), 2, "{error}");
            assert!(error.to_string().contains("--plain"), "{error}");
        }
    }

    #[test]
    fn endpoints_without_tls_are_refused_also_in_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("zenoh.json5");
        std::fs::write(
            &path,
            "{ listen: { endpoints: { peer: ['tcp/0.0.0.0:7447'] } },
               transport: { link: { tls: { enable_mtls: true } } } }",
        )
        .unwrap();
        let net = Net {
            config: Some(path.clone()),
            lease_ms: 1000,
            ..Net::default()
        };
        let error = net.zenoh(&Lists::default()).unwrap_err();
        assert!(error.to_string().contains("tcp/"), "{error}");
        std::fs::write(&path, "{ access_control: { enabled: true } }").unwrap();
        let error = net.zenoh(&Lists::default()).unwrap_err();
        assert!(error.to_string().contains("access_control"), "{error}");
    }

    #[test]
    fn a_configuration_without_endpoints_is_told_so_and_listens_nowhere() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("zenoh.json5");
        let with = |text: &str, connect: &[&str], mode| {
            std::fs::write(&path, text).unwrap();
            let net = Net {
                config: Some(path.clone()),
                connect: connect.iter().map(|&place| place.to_owned()).collect(),
                mode: Some(mode),
                plain: true,
                lease_ms: 1000,
                ..Net::default()
            };
            net.zenoh(&Lists::default())
        };
        let of_routers = "{ listen: { endpoints: { router: ['tcp/127.0.0.1:1'] } } }";
        for text in ["{}", "{ connect: { endpoints: [] } }", of_routers] {
            for mode in [Mode::Peer, Mode::Client] {
                let error = with(text, &[], mode).unwrap_err();
                assert_eq!(error.exit_status(), 2, "{text}");
                assert!(error.to_string().contains("--connect"), "{text}: {error}");
            }
        }
        assert!(with(of_routers, &[], Mode::Router).is_ok());
        // Zenoh alone would listen at every address.
        let config = with("{}", &["tcp/127.0.0.1:1"], Mode::Peer).unwrap();
        assert_eq!(get(&config, LISTEN), "[]");
        let config = with(of_routers, &["tcp/127.0.0.1:2"], Mode::Router).unwrap();
        assert!(get(&config, LISTEN).contains("tcp/127.0.0.1:1"));
        let net = Net {
            plain: true,
            ..Net::default()
        };
        let error = net.zenoh(&Lists::default()).unwrap_err();
        assert!(error.to_string().contains("--connect"), "{error}");
    }

    #[test]
    fn endpoints_with_a_configuration_of_their_own_are_refused() {
        let net = net("quic/127.0.0.1:1#verify_name_on_connect=false");
        let error = net.zenoh(&Lists::default()).unwrap_err();
        assert!(error.to_string().contains("behind `#`"), "{error}");
    }

    #[test]
    fn a_trial_needs_no_certificates() {
        let net = Net {
            plain: true,
            ..net("tcp/127.0.0.1:1")
        };
        let config = net.zenoh(&Lists::default()).unwrap();
        assert_eq!(get(&config, "scouting/multicast/enabled"), "false");
    }
}
