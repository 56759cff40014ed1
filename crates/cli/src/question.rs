//! What `watch` and `record` ask again and again.

use std::ffi::OsString;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use netipc::ClientConfig;
use netipc::transport::Endpoint;
use netipc_schema::Schema;
use netipc_schema::codec::Message;

use crate::args::{EndpointArgs, seconds};
use crate::asking::{self, schema_of};
use crate::call::asked::AskedParser;
use crate::call::keys;
use crate::exit::Failed;
use crate::profile;
use crate::token::TokenArgs;

/// Arguments that name a question, and how often it is asked.
#[derive(Args, Debug)]
pub(crate) struct QuestionArgs {
    /// What to ask
    #[arg(value_parser = AskedParser)]
    service: String,

    /// What to ask for, as with `call`
    #[arg(value_name = "KEYS")]
    keys: Vec<OsString>,

    #[command(flatten)]
    endpoint: EndpointArgs,

    #[command(flatten)]
    token: TokenArgs,

    /// Seconds from one question to the next
    #[arg(short, long, value_name = "S", default_value = "1", value_parser = seconds)]
    pub(crate) interval: Duration,

    /// Asks so often, 0 for without end
    #[arg(short, long, value_name = "N", default_value = "0")]
    pub(crate) count: u32,

    /// Milliseconds that each answer may take
    #[arg(long, value_name = "MS", default_value = "5000")]
    timeout: NonZeroU32,

    /// What the service is, for one that the program was built without
    #[arg(long, value_name = "FILE.toml")]
    schema: Option<PathBuf>,
}

/// A question, and whom to ask.
pub(crate) struct Question {
    pub(crate) schema: Schema,
    pub(crate) endpoint: Endpoint,
    pub(crate) config: ClientConfig,
    pub(crate) request: Message,
}

impl QuestionArgs {
    /// Looks everything up that the arguments name.
    pub(crate) fn question(&self) -> Result<Question, Failed> {
        let schema = schema_of(self.schema.as_deref(), &self.service)?;
        let endpoint = self.endpoint.place.endpoint(&self.service)?;
        let keys = keys::read(&self.keys)?;
        let request = asking::request(&schema, keys.as_deref())?;
        let config = ClientConfig {
            supported_profiles: self.endpoint.profiles()?,
            preferred_profiles: profile::PREFERRED,
            auth_token: self.endpoint.place.token(&self.token, &endpoint)?,
            ..ClientConfig::default()
        };
        Ok(Question {
            schema,
            endpoint,
            config,
            request,
        })
    }

    /// How long each answer may take.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout.get().into())
    }
}
