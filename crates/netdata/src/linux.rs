//! The environment of other processes.

use std::fs;

use crate::token::{INVOCATION_VARIABLES, TokenError, token_of_invocation};

/// The token of the agent that started process `pid`: for a program of the operator that wants to ask what that process
/// serves. Root and the process's own user may ask.
///
/// # Errors
/// Why there is no such token.
pub fn auth_token_of_process(pid: u32) -> Result<u64, TokenError> {
    let environment = fs::read(format!("/proc/{pid}/environ"))
        .map_err(|source| TokenError::Process { pid, source })?;
    for name in INVOCATION_VARIABLES {
        let value = environment.split(|&byte| byte == 0).find_map(|entry| {
            entry
                .strip_prefix(name.as_bytes())?
                .strip_prefix(b"=")
                .filter(|value| !value.is_empty())
        });
        if let Some(value) = value {
            return token_of_invocation(&String::from_utf8_lossy(value));
        }
    }
    Err(TokenError::NotSetIn { pid })
}
