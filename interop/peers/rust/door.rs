//! How clients come to their sessions: those that are turned down first.

use netipc::service::cgroups::CgroupsCache;
use netipc::service::increment::Increment;
use netipc::{Client, ClientConfig, ClientState};

use super::check::{connected, refresh};
use super::{Options, Wrong, same};

/// `--door`: somebody with another token is turned down.
const WRONG_TOKEN: u8 = 1;
/// `--door`: somebody is turned down while another client has the only place.
const FULL: u8 = 2;

/// Expects whoever comes first to be turned down, a cache or a client; then the door is open.
pub(super) fn pass(options: &Options, cached: bool) -> Result<(), Wrong> {
    let refused = match cached {
        true => cache_is_refused,
        false => client_is_refused,
    };
    let config = options.client_config();
    match options.door {
        WRONG_TOKEN => {
            let auth_token = options.token + 1;
            let stranger = ClientConfig {
                auth_token,
                ..config
            };
            refused(options, stranger, ClientState::AuthFailed)
        }
        FULL => {
            let _first = connected::<Increment>(options)?;
            refused(options, config, ClientState::Disconnected)
        }
        door => same("the door", door, 0),
    }
}

fn client_is_refused(
    options: &Options,
    config: ClientConfig,
    state: ClientState,
) -> Result<(), Wrong> {
    let mut client = Client::<Increment>::new(&options.run_dir, &options.service, config);
    refresh(&mut client);
    same("the state at the door", client.state(), state)?;
    let told = client.open_error().is_some();
    same("whether the refusal has a reason", told, true)
}

fn cache_is_refused(
    options: &Options,
    config: ClientConfig,
    state: ClientState,
) -> Result<(), Wrong> {
    let mut cache = CgroupsCache::new(&options.run_dir, &options.service, config);
    same("a refresh at the door", cache.refresh(), false)?;
    same("the state at the door", cache.client_status().state, state)?;
    same("whether there is something to read", cache.ready(), false)
}
