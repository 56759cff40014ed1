//! What is fuzzed. What there is one of for each kind is made from the schemas.

mod builders;
mod handshake;
mod hostile;
mod lists;
#[cfg(target_os = "linux")]
mod regions;
mod server;
mod services;
mod sessions;

use netipc_schema::{Schema, parse};

use crate::corpus::vectors;
use crate::{Seen, Target};

/// Every target.
#[must_use]
pub fn targets() -> Vec<Target> {
    let schemas = schemas();
    let mut all = vec![
        Target::new("header", vectors("codec.json", "header"), handshake::header),
        Target::new(
            "chunk-header",
            vectors("codec.json", "chunk_header"),
            handshake::chunk_header,
        ),
        Target::new("hello", handshakes("hello"), handshake::hello),
        Target::new("ack", handshakes("hello_ack"), handshake::ack),
        Target::new("directory", lists::directories(), lists::directory),
        Target::new("labels", lists::label_tables(), lists::labels),
        Target::new("texts", lists::text_spans(), lists::texts),
        Target::new("schema-text", schema_texts(), schema_text),
        Target::new("session-pair", sessions::operations(), sessions::pair),
        Target::new("session-client", sessions::operations(), hostile::client),
        Target::new("session-server", sessions::operations(), hostile::server),
        Target::new(
            "server-packets",
            server::conversations(&schemas),
            server::packets,
        ),
    ];
    #[cfg(target_os = "linux")]
    all.extend(regions::targets());
    for schema in &schemas {
        all.extend(services::targets(schema));
        all.extend(builders::target(schema));
    }
    all
}

/// The services that code was made for.
fn schemas() -> Vec<Schema> {
    let texts = netipc_generated::services::SCHEMAS.iter();
    texts
        .map(|text| parse("services", text).expect("the services are checked"))
        .collect()
}

/// Golden payloads of a handshake, and whole packets.
fn handshakes(types: &str) -> Vec<Vec<u8>> {
    let mut seeds = vectors("codec.json", types);
    seeds.extend(vectors("handshake.json", ""));
    seeds
}

fn schema_texts() -> Vec<Vec<u8>> {
    netipc_generated::services::SCHEMAS
        .iter()
        .map(|text| text.as_bytes().to_vec())
        .collect()
}

/// Whatever stands in a file, it is read or told.
fn schema_text(bytes: &[u8]) -> Seen {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Seen::of("no text");
    };
    match parse("fuzzed.toml", text) {
        Ok(schema) => {
            let written = schema.to_toml();
            let again = parse("again.toml", &written).expect("what was written can be read");
            assert_eq!(again.to_toml(), written);
            Seen::of("read")
        }
        // Numbers and names of the text are left out.
        Err(error) => {
            let text = error.to_string();
            let words: String = text
                .chars()
                .filter(|c| c.is_ascii_lowercase())
                .take(24)
                .collect();
            Seen::of(words)
        }
    }
}
