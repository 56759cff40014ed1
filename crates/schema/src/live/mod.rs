//! Services at work, by their schema alone: asked, and answered from data.
//!
//! ```
//! use std::sync::Arc;
//! use std::thread;
//! use std::time::Duration;
//!
//! use netipc::transport::Wait;
//! use netipc::untyped::{AnyClient, AnyServer};
//! use netipc::{ClientConfig, ServerConfig};
//! use netipc_schema::codec::Way;
//! use netipc_schema::document::Style;
//! use netipc_schema::json::Json;
//! use netipc_schema::live::{Data, ask, handler};
//!
//! let schema = netipc_schema::load("../../services/ip-to-asn.toml")?;
//! let json: Json = serde_json::from_str(
//!     r#"{"items": [{"address": "192.0.2.7", "asn": 64500, "country": "NL"}]}"#,
//! )?;
//! let data = Data::from_json(&schema, &json)?;
//!
//! let dir = tempfile::tempdir()?;
//! let answers = handler(schema.clone(), data);
//! let config = ServerConfig::default();
//! let server = Arc::new(AnyServer::new(dir.path(), &schema.name, &config, 8, answers));
//! server.bind()?;
//! let running = Arc::clone(&server);
//! let thread = thread::spawn(move || running.run());
//!
//! let wait = Wait::timeout(Duration::from_secs(60));
//! let mut client = AnyClient::new(dir.path(), &schema.name, &ClientConfig::default());
//! client.refresh(&wait);
//! let keys: Json = serde_json::from_str(r#"{"addresses": ["192.0.2.7", "2001:db8::1"]}"#)?;
//! let keys = schema.from_json(Way::Request, &keys)?;
//! let response = ask(&schema, &mut client, &keys, &wait)?;
//! let json = schema.to_json(Way::Response, &response, Style::Names);
//! let Some(Json::List(items)) = json.get("items") else { panic!("no items") };
//! assert_eq!(items[0].get("asn"), Some(&Json::Number(64500)));
//! assert_eq!(items[1].get("status"), Some(&Json::from("unknown")));
//! # server.stop();
//! # thread.join().expect("the server does not panic")?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod ask;
mod data;
mod serve;

pub use ask::{AskError, ask};
pub use data::{Data, DataError};
pub use serve::handler;
