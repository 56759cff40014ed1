//! Asks three questions before it reads an answer: `level1_pipeline RUN_DIR SERVICE`, where
//! `level1_serve` serves.

use std::env;
use std::error::Error;
use std::time::Duration;

use netipc::ClientConfig;
use netipc::connection::Connection;
use netipc::transport::{Endpoint, NativeTransport, Wait};
use netipc::wire::{Header, MethodCode, Status};

// region pipeline
fn pipeline(run_dir: &str, service: &str) -> Result<(), Box<dyn Error>> {
    let wait = Wait::timeout(Duration::from_secs(30));
    let config = ClientConfig {
        max_request_payload_bytes: 262_144,
        max_response_payload_bytes: 262_144,
        auth_token: 1,
        ..ClientConfig::default()
    };
    let endpoint = Endpoint::new(run_dir, service)?;
    let transport = NativeTransport::new();
    let mut session = Connection::connect(&transport, &endpoint, config.proposal(), &wait)?;

    let questions = [
        (1, MethodCode(1001), b"first".to_vec()), // answered after the next
        (2, MethodCode(1000), b"second".to_vec()),
        (3, MethodCode(1000), vec![b'x'; 200_000]), // more than a packet: sent in chunks
    ];
    for (id, method, payload) in &questions {
        session.send(Header::request(*method, *id), payload, &wait)?;
    }
    for _ in &questions {
        let header = session.receive(&wait)?;
        let came = session.message().ok_or("no message")?.payload();
        // An answer to nothing that was asked has ended the session: the id is one of ours.
        let asked = questions.iter().find(|(id, ..)| *id == header.message_id);
        if header.status != Status::OK || asked.is_none_or(|(_, _, payload)| payload != came) {
            return Err(format!("another answer: {header:?}").into());
        }
        println!("answer {}: {} bytes", header.message_id, came.len());
    }
    Ok(())
}
// endregion

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [run_dir, service] = arguments.as_slice() else {
        return Err("usage: level1_pipeline RUN_DIR SERVICE".into());
    };
    pipeline(run_dir, service)
}
