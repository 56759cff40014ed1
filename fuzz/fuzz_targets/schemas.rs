//! Bytes to every service of `services/` by its schema, and text to the
//! checker of schemas.
#![no_main]

use libfuzzer_sys::fuzz_target;
use netipc_generated::services::SCHEMAS;
use netipc_schema::codec::Way;
use netipc_schema::{Kind, Schema, parse};

thread_local! {
    static READ: Vec<Schema> = SCHEMAS
        .iter()
        .map(|text| parse("services", text).expect("the services are checked"))
        .collect();
}

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        // Whatever stands in a file, it is read or told.
        let _ = parse("fuzzed.toml", text);
    }
    READ.with(|schemas| {
        for schema in schemas {
            for way in [Way::Request, Way::Response] {
                read(schema, way, data);
            }
        }
    });
});

/// What is accepted is written again, and says the same then.
fn read(schema: &Schema, way: Way, data: &[u8]) {
    let Ok(message) = schema.decode(way, data) else {
        return;
    };
    match schema.encode(way, &message) {
        Ok(bytes) => assert_eq!(schema.decode(way, &bytes), Ok(message)),
        // Readers of snapshots accept NULs, which writers refuse.
        Err(_) => assert!(matches!(schema.kind, Kind::Snapshot(_))),
    }
}
