//! Serves raw messages, one client at a time: `level1_server [RUN_DIR [CLIENTS]]`; 0 is for ever.

use std::env;
use std::error::Error;
use std::time::Duration;

use netipc::connection::{Acceptor, Connection, ConnectionError, Message};
use netipc::transport::{Endpoint, NativeTransport, Wait};
use netipc::wire::{Decode, MethodCode, Status};
use netipc::{ServerConfig, chain};

// region server
/// Answers one request: bytes in, bytes out.
fn answer(request: &Message<'_>) -> Result<[u8; 8], Status> {
    if request.header().code != MethodCode::INCREMENT.0 {
        return Err(Status::UNSUPPORTED);
    }
    match u64::decode(request.payload()) {
        Ok(number) if request.items().is_none() => Ok((number + 1).to_le_bytes()),
        _ => Err(Status::BAD_ENVELOPE),
    }
}

/// Answers a client until it hangs up.
fn serve(session: &mut Connection) -> Result<(), ConnectionError> {
    loop {
        let wait = Wait::timeout(Duration::from_secs(5));
        let header = match session.receive(&Wait::forever()) {
            Ok(header) => header,
            Err(error) => {
                // A request that breaks a rule of the session is answered before it ends.
                session.answer_violation(&error, &wait);
                return Err(error);
            }
        };
        match session.message().as_ref().map(answer) {
            Some(Ok(payload)) => session.send(header.answer(Status::OK), &payload, &wait)?,
            Some(Err(status)) => session.send(header.answer(status), &[], &wait)?,
            None => {}
        }
    }
}
// endregion

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let run_dir = arguments.next().unwrap_or_else(|| "/tmp/example".into());
    let enough: u64 = arguments.next().map_or(Ok(0), |clients| clients.parse())?;
    let config = ServerConfig {
        supported_profiles: 3, // socket, shm
        auth_token: 42,
        ..ServerConfig::default()
    };
    let endpoint = Endpoint::new(run_dir, "level1")?;
    let mut acceptor = Acceptor::bind(&NativeTransport::new(), &endpoint, &config)?;
    println!("READY");
    let mut served = 0;
    while enough == 0 || served < enough {
        served += 1;
        // Where one client gets no session, the next may.
        let ended = match acceptor.accept(&Wait::forever()) {
            Ok(mut session) => serve(&mut session).map_err(|error| chain(&error)),
            Err(error) => Err(chain(&error)),
        };
        if let Err(why) = ended {
            eprintln!("client {served}: {why}");
        }
    }
    Ok(())
}
