//! Serves raw messages: `level1_serve RUN_DIR SERVICE [CONNECTIONS]`.
//!
//! Method 1000 is answered with its payload, a batch with its items. Method 1001 is answered the same,
//! after the next request: answers may come in any order.

use std::env;
use std::error::Error;
use std::time::Duration;

use netipc::connection::{AcceptError, Acceptor, Connection, ConnectionError, Message};
use netipc::transport::link::LinkError;
use netipc::transport::{Endpoint, NativeTransport, Wait};
use netipc::wire::{Header, Status};
use netipc::{ServerConfig, chain};

// region serve
const ECHO: u16 = 1000;
const LATER: u16 = 1001;

/// Sends what was asked for back, or that the method is not known.
fn answer(
    session: &mut Connection,
    header: Header,
    payload: &[u8],
    wait: &Wait<'_>,
) -> Result<(), ConnectionError> {
    if ![ECHO, LATER].contains(&header.code) {
        return session.send(header.answer(Status::UNSUPPORTED), &[], wait);
    }
    // The session has checked the directory of a batch.
    match Message::new(header, payload)
        .ok()
        .and_then(|request| request.items())
    {
        Some(items) => {
            let items: Vec<&[u8]> = items.iter().collect();
            session.send_batch(header.answer(Status::OK), &items, wait)
        }
        None => session.send(header.answer(Status::OK), payload, wait),
    }
}

/// Answers until the session ends, which it returns the reason of.
fn serve(session: &mut Connection) -> ConnectionError {
    let mut kept: Option<(Header, Vec<u8>)> = None;
    loop {
        let wait = Wait::timeout(Duration::from_secs(30));
        let header = match session.receive(&wait) {
            Ok(header) => header,
            Err(error) => {
                // A request that breaks a rule is answered before the session ends.
                session.answer_violation(&error, &wait);
                return error;
            }
        };
        // The payload is good until the next message comes.
        let payload = session
            .message()
            .map_or(&[][..], |message| message.payload())
            .to_vec();
        if header.code == LATER && kept.is_none() {
            kept = Some((header, payload));
            continue;
        }
        let ready = [(header, payload)];
        for (header, payload) in ready.into_iter().chain(kept.take()) {
            if let Err(error) = answer(session, header, &payload, &wait) {
                return error;
            }
        }
    }
}
// endregion

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (run_dir, service, connections) = match arguments.as_slice() {
        [run_dir, service] => (run_dir, service, u64::MAX),
        [run_dir, service, connections] => (run_dir, service, connections.parse()?),
        _ => return Err("usage: level1_serve RUN_DIR SERVICE [CONNECTIONS]".into()),
    };
    let config = ServerConfig {
        auth_token: 1,
        ..ServerConfig::default()
    };
    let endpoint = Endpoint::new(run_dir, service)?;
    let mut acceptor = Acceptor::bind(&NativeTransport::new(), &endpoint, &config)?;
    println!("listening");
    for _ in 0..connections {
        match acceptor.accept(&Wait::forever()) {
            Ok(mut session) => match serve(&mut session) {
                ConnectionError::Link(LinkError::Disconnected) => {}
                error => eprintln!("{}", chain(&error)),
            },
            Err(AcceptError::Link(LinkError::Disconnected)) => {}
            Err(error) => eprintln!("{}", chain(&error)),
        }
    }
    Ok(())
}
