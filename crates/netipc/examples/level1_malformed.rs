//! Sends what no peer should, and shows what comes back: `level1_malformed [RUN_DIR]`.

use std::env;
use std::error::Error;
use std::time::Duration;

use netipc::ClientConfig;
use netipc::connection::Connection;
use netipc::transport::link::LinkError;
use netipc::transport::{Endpoint, NativeTransport, Wait};
use netipc::wire::{Header, Kind, MethodCode};

// region malformed
/// Sends one packet as it is, in a session of its own, which it ends.
fn send_malformed(
    endpoint: &Endpoint,
    what: &str,
    packet: &[u8; Header::LEN],
) -> Result<(), Box<dyn Error>> {
    let config = ClientConfig {
        auth_token: 42,
        ..ClientConfig::default()
    };
    let wait = Wait::timeout(Duration::from_secs(2));
    let transport = NativeTransport::new();
    let mut session = Connection::connect(&transport, endpoint, config.proposal(), &wait)?;
    session.send_packet(packet, &[], &wait)?;
    let mut answer = [0; Header::LEN];
    match session.receive_packet(&mut answer, &wait) {
        Ok(_) => println!("{what}: status {}", Header::decode(&answer)?.status.0),
        Err(LinkError::Disconnected) => println!("{what}: no answer, and a hang-up"),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

fn malformed(endpoint: &Endpoint) -> Result<(), Box<dyn Error>> {
    let good = Header::request(MethodCode::INCREMENT, 1);
    let mut magic = good.encode();
    magic[..4].copy_from_slice(b"!!!!");
    let empty = Header::batch(MethodCode::INCREMENT, 1, 0);
    let large = Header {
        payload_len: 1 << 30,
        ..good
    };
    let response = Header {
        kind: Kind::RESPONSE,
        ..good
    };
    send_malformed(endpoint, "another magic number", &magic)?;
    send_malformed(endpoint, "a batch without items", &empty.encode())?;
    send_malformed(endpoint, "more than was agreed", &large.encode())?;
    send_malformed(endpoint, "a response to nothing", &response.encode())
}
// endregion

fn main() -> Result<(), Box<dyn Error>> {
    let run_dir = env::args().nth(1).unwrap_or_else(|| "/tmp/example".into());
    malformed(&Endpoint::new(run_dir, "level1")?)
}
