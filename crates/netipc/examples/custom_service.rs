//! A sixth request kind: `ip-to-asn`, addresses in, the network that announces each out. It is made
//! from its schema; nothing in the library knows of it. Hand-written is only what it answers.
//!
//! ```text
//! netipc schema generate --lang rust --out src services/ip-to-asn.toml
//! ```
//!
//! Run it with `cargo run -p netipc --example custom_service`: it serves, asks and caches in one
//! process.

#[path = "../../generated/src/ip_to_asn.rs"]
mod ip_to_asn;

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;

use ip_to_asn::{
    IpToAsnCache, IpToAsnClient, IpToAsnHandler, IpToAsnItem, IpToAsnKey, IpToAsnServer,
    LookupStatus,
};
use netipc::{ClientConfig, ServerConfig};

fn main() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let config = ServerConfig::default();
    let server = Arc::new(IpToAsnServer::new(
        dir.path(),
        "ip-to-asn",
        config,
        networks(),
    ));
    server.bind()?;
    let running = Arc::clone(&server);
    let thread = std::thread::spawn(move || running.run());

    let addresses: [IpAddr; 2] = ["192.0.2.7".parse()?, "2001:db8::1".parse()?];
    let mut client = IpToAsnClient::new(dir.path(), "ip-to-asn", ClientConfig::default());
    client.refresh();
    for item in client.call(&addresses)?.iter() {
        let (address, status, asn) = (item.address, item.status, item.asn);
        println!("asked:  {address} {status} AS{asn} {}", item.organisation);
    }

    let mut cache = IpToAsnCache::of(client, addresses.to_vec());
    cache.refresh();
    server.stop();
    thread.join().expect("the server does not panic")?;
    if let Some(item) = cache.read().get(IpToAsnKey(addresses[0])) {
        println!("cached: {} {}", item.address, item.organisation);
    }
    Ok(())
}

/// Knows one network.
fn networks() -> IpToAsnHandler {
    IpToAsnHandler::new(|request, answer| {
        answer.set_generation(1);
        request
            .keys()
            .try_for_each(|IpToAsnKey(address)| match address {
                IpAddr::V4(v4) if v4.octets()[0] == 192 => answer.add(&IpToAsnItem {
                    status: LookupStatus::KNOWN,
                    asn: 64496,
                    address,
                    country: *b"XX",
                    organisation: "Example Networks".into(),
                }),
                _ => answer.add_bare(LookupStatus::UNKNOWN.0),
            })
    })
}
