//! Where the shared secret of an endpoint comes from. The library never looks for it: that is the
//! program's part.

use std::env;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::exit::{Exit, Failed};

const VARIABLE: &str = "NETIPC_AUTH_TOKEN";
/// Longer than any token with the white space around it.
const MAX_FILE_BYTES: u64 = 256;

/// Where to take the token from; without any the token is 0, which is no secret.
#[derive(Args, Debug)]
pub(crate) struct TokenArgs {
    /// Shared secret of the endpoint, decimal or 0x hex; others on this machine can see it in the
    /// list of processes, so prefer a file or NETIPC_AUTH_TOKEN [default: 0]
    #[arg(long, value_name = "N", value_parser = parse)]
    auth_token: Option<u64>,

    /// File that holds the shared secret; comes before NETIPC_AUTH_TOKEN
    #[arg(long, value_name = "FILE", conflicts_with = "auth_token")]
    auth_token_file: Option<PathBuf>,
}

impl TokenArgs {
    /// The token from the argument, else from the file, else from the environment, where one is given.
    pub(crate) fn token(&self) -> Result<Option<u64>, Failed> {
        match (self.auth_token, &self.auth_token_file) {
            (Some(token), _) => Ok(Some(token)),
            (None, Some(path)) => from_file(path).map(Some),
            (None, None) => from_environment(),
        }
    }
}

impl TokenArgs {
    /// Where the token comes from, where one is given.
    pub(crate) fn source(&self) -> &'static str {
        match (self.auth_token, &self.auth_token_file) {
            (Some(_), _) => "--auth-token",
            (None, Some(_)) => "--auth-token-file",
            (None, None) => VARIABLE,
        }
    }
}

fn from_file(path: &Path) -> Result<u64, Failed> {
    let wrong = |what: &str| {
        let path = path.display();
        Failed::new(Exit::Usage, format!("the auth token file {path} {what}"))
    };
    let text = read(path).map_err(|error| wrong(&format!("cannot be read: {error}")))?;
    // The content is not shown: it may be half of a secret.
    let token = parse(text.trim()).ok();
    token.ok_or_else(|| wrong("does not hold a decimal or 0x hex number of 64 bits"))
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(MAX_FILE_BYTES)
        .read_to_string(&mut text)?;
    Ok(text)
}

fn from_environment() -> Result<Option<u64>, Failed> {
    let Some(value) = env::var_os(VARIABLE) else {
        return Ok(None);
    };
    let token = value.to_str().and_then(|text| parse(text.trim()).ok());
    token.map(Some).ok_or_else(|| {
        let what = "is not a decimal or 0x hex number of 64 bits";
        Failed::new(Exit::Usage, format!("{VARIABLE} {what}"))
    })
}

fn parse(text: &str) -> Result<u64, String> {
    let (digits, radix) = match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(hex) => (hex, 16),
        None => (text, 10),
    };
    // The standard parser takes a sign; a token has none.
    if digits.starts_with(['+', '-']) {
        Err("a token has no sign".into())
    } else {
        u64::from_str_radix(digits, radix).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_decimal_or_hex() {
        for (text, token) in [
            ("0", 0),
            ("18446744073709551615", u64::MAX),
            ("0xDEADBEEFcafebabe", 0xdead_beef_cafe_babe),
            ("0X10", 16),
        ] {
            assert_eq!(parse(text), Ok(token), "{text}");
        }
        for text in [
            "",
            "0x",
            "+1",
            "-1",
            "0x+1",
            "1e3",
            "18446744073709551616",
            "deadbeef",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn files_may_end_in_a_newline() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "0x2a\r\n").unwrap();
        assert_eq!(from_file(&path).unwrap(), 42);
        std::fs::write(&path, "half-a-secret\n").unwrap();
        let failed = from_file(&path).unwrap_err();
        assert_eq!(failed.exit(), Exit::Usage);
        assert!(!failed.to_string().contains("half"), "{failed}");
    }
}
