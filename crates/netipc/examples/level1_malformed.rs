//! Breaks the rules on purpose and shows what comes back: `level1_malformed RUN_DIR SERVICE`, where
//! `level1_serve` serves.

use std::env;
use std::error::Error;
use std::time::Duration;

use netipc::connection::{Connection, Limits};
use netipc::transport::link::LinkError;
use netipc::transport::{Endpoint, NativeTransport, Wait};
use netipc::wire::{Header, MethodCode, Status};
use netipc::{ClientConfig, HandshakeError, OpenError};

const ECHO: MethodCode = MethodCode(1000);

// region malformed
fn connect(endpoint: &Endpoint, token: u64) -> Result<Connection, OpenError> {
    let config = ClientConfig {
        max_request_batch_items: 2,
        auth_token: token,
        ..ClientConfig::default()
    };
    Connection::connect(
        &NativeTransport::new(),
        endpoint,
        config.proposal(),
        &soon(),
    )
}

/// Sends a packet as it is, and tells what comes back.
fn send(
    endpoint: &Endpoint,
    what: &str,
    packet: impl FnOnce(&Limits) -> Vec<u8>,
) -> Result<(), Box<dyn Error>> {
    let mut session = connect(endpoint, 1)?;
    let packet = packet(session.limits());
    session.send_packet(&packet, &soon())?;
    let mut buf = [0; Header::LEN];
    let came = match session.receive_packet(&mut buf, &soon()) {
        Ok(len) => {
            let header = Header::decode(buf.get(..len).ok_or("a long answer")?)?;
            let next = session.receive_packet(&mut buf, &soon());
            if !matches!(next, Err(LinkError::Disconnected)) {
                return Err(format!("{what}: the session goes on: {next:?}").into());
            }
            header.status.to_string()
        }
        Err(LinkError::Disconnected) => "no answer".to_owned(),
        Err(error) => return Err(error.into()),
    };
    println!("{what}: {came}, and the session ends");
    Ok(())
}

fn encode(header: Header, payload_len: u32, payload: &[u8]) -> Vec<u8> {
    let header = Header {
        payload_len,
        ..header
    };
    [&header.encode()[..], payload].concat()
}
// endregion

/// Breaks no rule: the session goes on.
fn unknown_method(endpoint: &Endpoint) -> Result<(), Box<dyn Error>> {
    let mut session = connect(endpoint, 1)?;
    let mut ask = |method, id| {
        session.send(Header::request(method, id), &[], &soon())?;
        session.receive(&soon())
    };
    let unknown = ask(MethodCode(999), 1)?;
    let known = ask(ECHO, 2)?;
    if known.status != Status::OK {
        return Err(format!("after an unknown method: {}", known.status).into());
    }
    println!(
        "unknown method: {}, and the session goes on",
        unknown.status
    );
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [run_dir, service] = arguments.as_slice() else {
        return Err("usage: level1_malformed RUN_DIR SERVICE".into());
    };
    let endpoint = Endpoint::new(run_dir, service)?;
    match connect(&endpoint, 2) {
        Err(OpenError::Handshake(HandshakeError::AuthFailed)) => {
            println!("another token: {}", Status::AUTH_FAILED);
        }
        other => return Err(format!("another token: {other:?}").into()),
    }
    unknown_method(&endpoint)?;
    send(&endpoint, "batch that points outside", |_| {
        encode(Header::batch(ECHO, 1, 2), 16, &[0xff; 16])
    })?;
    send(&endpoint, "payload above the agreed limit", |limits| {
        encode(
            Header::request(ECHO, 1),
            limits.request.payload_bytes + 1,
            &[],
        )
    })?;
    send(&endpoint, "no envelope", |_| vec![0; Header::LEN])
}

fn soon() -> Wait<'static> {
    Wait::timeout(Duration::from_secs(30))
}
