//! Sends three requests at once and takes the answers by their ids: `level1_pipeline [RUN_DIR]`.

use std::env;
use std::error::Error;
use std::time::Duration;

use netipc::ClientConfig;
use netipc::connection::Connection;
use netipc::protocol::PROFILE_BASELINE;
use netipc::transport::{Endpoint, NativeTransport, Wait};
use netipc::wire::{Decode, Header, MethodCode, Status};

// region pipeline
fn pipeline(run_dir: &str) -> Result<(), Box<dyn Error>> {
    // A shared region carries one message at a time each way: who pipelines takes the socket.
    let config = ClientConfig {
        supported_profiles: PROFILE_BASELINE,
        auth_token: 42,
        ..ClientConfig::default()
    };
    let wait = Wait::timeout(Duration::from_secs(2));
    let (transport, endpoint) = (NativeTransport::new(), Endpoint::new(run_dir, "level1")?);
    let mut session = Connection::connect(&transport, &endpoint, config.proposal(), &wait)?;
    for id in 1..=3 {
        let number: u64 = 100 * id;
        let request = Header::request(MethodCode::INCREMENT, id);
        session.send(request, &number.to_le_bytes(), &wait)?;
    }
    for _ in 1..=3 {
        let answer = session.receive(&wait)?;
        if answer.status != Status::OK {
            return Err(format!("answer to {}: {}", answer.message_id, answer.status).into());
        }
        let message = session.message().ok_or("there is no message")?;
        let number = u64::decode(message.payload())?;
        println!("answer to {}: {number}", answer.message_id);
    }
    Ok(())
}
// endregion

fn main() -> Result<(), Box<dyn Error>> {
    let run_dir = env::args().nth(1);
    pipeline(run_dir.as_deref().unwrap_or("/tmp/example"))
}
