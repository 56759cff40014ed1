//! Where things are in zenoh: key expressions.
//!
//! ```text
//! netipc/{host}/{service}/{asker}           asked here; `{host}` is `*` where everyone is asked
//! netipc/{host}/{service}/*                 declared by the exporter: whoever may ask it, the lists say
//! netipc/{host}/{service}/@claim/{claim}    the exporter's token, alive as long as it is
//! ```
//!
//! The asker is part of the key, so that each hop can hold it against the certificate of who sends it. A part that
//! begins with `@` is matched by no `*`: no question reaches a claim.

use crate::error::Error;

/// Every host, where one is named.
pub const EVERYONE: &str = "*";

/// A name of a host, a service or an asker, as it may stand in a key: that of an endpoint, too.
///
/// # Errors
/// [`Error::Usage`], where it has anything but ASCII letters, digits, `.`, `_` and `-`.
///
/// ```
/// assert!(netipc_bridge::keys::name("host", "web-1.example").is_ok());
/// assert!(netipc_bridge::keys::name("host", "a/b").is_err());
/// ```
pub fn name(what: &str, name: &str) -> Result<String, Error> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let is_valid = !matches!(name, "" | "." | "..") && name.bytes().all(plain);
    if is_valid && name.len() <= 200 {
        return Ok(name.to_owned());
    }
    Err(Error::Usage(format!(
        "{name:?} is no name of a {what}: use letters, digits, `.`, `_` and `-`"
    )))
}

/// A name that certificates are held against: of a host, an asker or a router.
///
/// Zenoh believes the public authorities beside our own where it connects. They sign names of the public network, which
/// have a dot, and no others.
///
/// # Errors
/// [`Error::Usage`], as for [`name`], and where it has a dot.
///
/// ```
/// assert!(netipc_bridge::keys::certified("host", "web-1").is_ok());
/// assert!(netipc_bridge::keys::certified("host", "web-1.example").is_err());
/// ```
pub fn certified(what: &str, given: &str) -> Result<String, Error> {
    if given.contains('.') {
        return Err(Error::Usage(format!(
            "{given:?} is no name of a {what} with certificates: zenoh believes the public authorities beside \
             --tls-ca, and they sign names with a dot: use one without, or --plain for a trial among trusted programs"
        )));
    }
    name(what, given)
}

/// What an exporter declares.
#[must_use]
pub fn offered(host: &str, service: &str) -> String {
    format!("netipc/{host}/{service}/*")
}

/// What an importer asks.
#[must_use]
pub fn asked(host: &str, service: &str, asker: &str) -> String {
    format!("netipc/{host}/{service}/{asker}")
}

/// The token of a claim.
#[must_use]
pub fn claim(host: &str, service: &str, claim: u64) -> String {
    format!("netipc/{host}/{service}/@claim/{claim:016x}")
}

/// The tokens of all claims.
#[must_use]
pub fn claims(host: &str, service: &str) -> String {
    format!("netipc/{host}/{service}/@claim/*")
}

/// Host, service and asker of a key that was asked.
#[must_use]
pub fn parse_asked(key: &str) -> Option<(&str, &str, &str)> {
    let mut parts = key.split('/');
    let parsed = match (parts.next()?, parts.next()?, parts.next()?, parts.next()?) {
        ("netipc", host, service, asker) => (host, service, asker),
        _ => return None,
    };
    parts.next().is_none().then_some(parsed)
}

/// Host, service and claim of a token's key.
#[must_use]
pub fn parse_claim(key: &str) -> Option<(&str, &str, u64)> {
    let (front, claim) = key.split_once("/@claim/")?;
    let mut parts = front.split('/');
    let ("netipc", host, service) = (parts.next()?, parts.next()?, parts.next()?) else {
        return None;
    };
    let is_hex = claim.len() == 16 && claim.bytes().all(|byte| byte.is_ascii_hexdigit());
    let are_names = name("host", host).is_ok() && name("service", service).is_ok();
    if parts.next().is_some() || !is_hex || !are_names {
        return None;
    }
    let claim = u64::from_str_radix(claim, 16).ok()?;
    Some((host, service, claim))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_say_what_they_were_made_of() {
        assert_eq!(
            parse_asked(&asked("web", "apps-lookup", "viewer")),
            Some(("web", "apps-lookup", "viewer"))
        );
        assert_eq!(
            parse_claim(&claim("web", "apps-lookup", 0xab)),
            Some(("web", "apps-lookup", 0xab))
        );
        for key in ["", "netipc/a/b", "other/a/b/c", "netipc/a/b/c/d"] {
            assert_eq!(parse_asked(key), None, "{key}");
        }
        for key in [
            "netipc/a/b/@claim/",
            "netipc/a/b/@claim/1",
            "netipc/a/b/@claim/+00000000000000a",
            "netipc/a/@claim/000000000000000a",
            "netipc/a/b/c/@claim/000000000000000a",
            "netipc/a\"b/c/@claim/000000000000000a",
            "netipc/a/b c/@claim/000000000000000a",
        ] {
            assert_eq!(parse_claim(key), None, "{key}");
        }
    }

    #[test]
    fn names_that_would_mean_more_than_themselves_are_refused() {
        for bad in [
            "", ".", "..", "*", "**", "a*", "@x", "a/b", "$a", "a?b", "a#b", "h\u{e4}",
        ] {
            assert!(name("host", bad).is_err(), "{bad}");
        }
        assert_eq!(name("host", "db-1.example_x").unwrap(), "db-1.example_x");
    }

    #[test]
    fn names_that_public_authorities_sign_are_refused() {
        for bad in ["web.example", ".", "..", "web.", "10.0.0.1", "", "*"] {
            assert!(certified("host", bad).is_err(), "{bad}");
        }
        assert_eq!(certified("host", "db-1_x").unwrap(), "db-1_x");
    }
}
