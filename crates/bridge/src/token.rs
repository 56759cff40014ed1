//! Where the shared secret of local endpoints comes from: as for the program `netipc`.

use std::env;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use netipc_bridge::error::Error;

const VARIABLE: &str = "NETIPC_AUTH_TOKEN";
/// Longer than any token with the white space around it.
const MAX_FILE_BYTES: u64 = 256;

/// Where to take the token from; without any the token is 0, which is no secret.
#[derive(Args, Debug)]
pub(crate) struct TokenArgs {
    /// File that holds the shared secret of the local endpoints, decimal or 0x hex; comes before
    /// NETIPC_AUTH_TOKEN [default: 0, which is no secret]
    #[arg(long, value_name = "FILE")]
    auth_token_file: Option<PathBuf>,
}

impl TokenArgs {
    /// The token of the file, else of the environment, else 0.
    pub(crate) fn token(&self) -> Result<u64, Error> {
        if let Some(path) = &self.auth_token_file {
            return from_file(path);
        }
        let Some(value) = env::var_os(VARIABLE) else {
            return Ok(0);
        };
        let token = value.to_str().and_then(|text| parse(text.trim()));
        token.ok_or_else(|| no_token(VARIABLE))
    }
}

fn from_file(path: &Path) -> Result<u64, Error> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES).read_to_string(&mut text))
        .map_err(|source| Error::File {
            path: path.to_owned(),
            what: "the auth token cannot be read",
            source,
        })?;
    // The content is not shown: it may be half of a secret.
    parse(text.trim()).ok_or_else(|| no_token(&path.display().to_string()))
}

fn no_token(place: &str) -> Error {
    Error::Usage(format!(
        "{place} does not hold a decimal or 0x hex number of 64 bits"
    ))
}

fn parse(text: &str) -> Option<u64> {
    let (digits, radix) = match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(hex) => (hex, 16),
        None => (text, 10),
    };
    // The standard parser takes a sign; a token has none.
    let has_sign = digits.starts_with(['+', '-']);
    if has_sign {
        None
    } else {
        u64::from_str_radix(digits, radix).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_decimal_or_hex_and_never_shown() {
        for (text, token) in [
            ("0", Some(0)),
            ("0x2A", Some(42)),
            ("+1", None),
            ("", None),
            ("half", None),
        ] {
            assert_eq!(parse(text), token, "{text}");
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "0x2a\n").unwrap();
        assert_eq!(from_file(&path).unwrap(), 42);
        std::fs::write(&path, "half-a-secret\n").unwrap();
        let error = from_file(&path).unwrap_err().to_string();
        assert!(!error.contains("half"), "{error}");
    }
}
