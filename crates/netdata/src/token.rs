//! The token that an agent gives its plugins.

use std::env::VarError;

use twox_hash::XxHash3_64;

/// The variables that hold the agent's invocation id; the first that is set counts. systemd sets the second.
pub const INVOCATION_VARIABLES: [&str; 2] = ["NETDATA_INVOCATION_ID", "INVOCATION_ID"];

/// The token of the agent that started this process, from its environment.
///
/// # Errors
/// [`TokenError::NotSet`] where no variable is set, else why its value is no invocation id.
pub fn auth_token() -> Result<u64, TokenError> {
    for name in INVOCATION_VARIABLES {
        match std::env::var(name) {
            Ok(id) if !id.is_empty() => return token_of_invocation(&id),
            Ok(_) | Err(VarError::NotPresent) => {}
            Err(VarError::NotUnicode(id)) => {
                return Err(TokenError::NotAnId {
                    id: id.to_string_lossy().into_owned(),
                });
            }
        }
    }
    Err(TokenError::NotSet)
}

/// The token that belongs to an invocation id, a UUID with or without dashes: XXH3 (64 bits, seed 0) of its 16 bytes.
///
/// # Errors
/// [`TokenError::NotAnId`].
pub fn token_of_invocation(id: &str) -> Result<u64, TokenError> {
    let bytes = uuid(id).ok_or_else(|| TokenError::NotAnId { id: id.to_owned() })?;
    Ok(XxHash3_64::oneshot(&bytes))
}

/// Where the dashes of a UUID stand.
const DASHES: [usize; 4] = [8, 13, 18, 23];

fn uuid(id: &str) -> Option<[u8; 16]> {
    let dashed = id.len() == 36
        && DASHES
            .iter()
            .all(|&at| id.as_bytes().get(at) == Some(&b'-'));
    let digits: String = if dashed {
        id.replace('-', "")
    } else {
        id.to_owned()
    };
    // `from_str_radix` would take a sign.
    let plain = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u128::from_str_radix(&digits, 16).ok().filter(|_| plain)?;
    Some(number.to_be_bytes())
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The environment names no agent.
    #[error(
        "neither NETDATA_INVOCATION_ID nor INVOCATION_ID is set: start the program from the agent, or pass its token"
    )]
    NotSet,
    /// A value is no UUID.
    #[error(
        "{id:?} is no invocation id: it needs 32 hexadecimal digits, with the dashes of a UUID or without"
    )]
    NotAnId {
        /// What was given.
        id: String,
    },
    /// The environment of a process cannot be read.
    #[error("cannot read the environment of process {pid}: root and its own user can")]
    Process {
        /// The process.
        pid: u32,
        /// What the system said.
        source: std::io::Error,
    },
    /// The environment of a process names no agent.
    #[error("process {pid} has neither NETDATA_INVOCATION_ID nor INVOCATION_ID in its environment")]
    NotSetIn {
        /// The process.
        pid: u32,
    },
}
