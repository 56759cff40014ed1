//! The headers, generated from the sources and comments of `crates/capi`.
//!
//! cbindgen turns each source file into C. The pieces go where `headers/*.h.in` name their files,
//! those of `made` by `@made/name@`, together with the errors, and assertions that hold C compilers to the layouts of the sources.

mod names;
mod piece;
mod source;
mod text;

use std::path::PathBuf;

pub use self::names::functions;
use self::piece::Piece;
use crate::{Error, tool, workspace};

/// The headers: the second includes the first, the next two the second, and the last is for itself.
pub const NAMES: [&str; 5] = [
    "netipc_protocol.h",
    "netipc_service.h",
    "netipc_transport.h",
    "netipc_any.h",
    "netipc_netdata.h",
];

/// The header that is written by hand: what code of C has in common that is made from schemas. It defines
/// its functions, and includes the fourth.
pub const WRITTEN: &str = "netipc_made.h";

/// Where the committed headers are.
#[must_use]
pub fn directory() -> PathBuf {
    workspace().join("crates/capi/include/netipc")
}

/// Writes the headers.
///
/// # Errors
/// A source cannot be read or is not what the generator understands, or a header cannot be written.
pub fn write() -> Result<(), Error> {
    for (name, text) in NAMES.iter().zip(generate()?) {
        tool::put(&directory().join(name), text.as_bytes(), 0o644)?;
    }
    Ok(())
}

/// Compares the committed headers with what the sources say.
///
/// # Errors
/// As for [`write`](fn@write), and where they differ.
pub fn check() -> Result<(), Error> {
    let mut report = Vec::new();
    for (name, text) in NAMES.iter().zip(generate()?) {
        let path = directory().join(name);
        report.extend(difference(name, &tool::read(&path)?, &text));
    }
    match report.is_empty() {
        true => Ok(()),
        false => Err(Error::Stale {
            report: report.join("\n"),
        }),
    }
}

/// The headers, as they should be.
///
/// # Errors
/// A source cannot be read or is not what the generator understands.
pub fn generate() -> Result<[String; 5], Error> {
    let capi = workspace().join("crates/capi/src");
    let errors = source::errors(&workspace().join("crates/netipc/src/error.rs"))?;
    let pieces = |header: &str| piece::all(&capi.join(header));
    // What each service adds.
    let with_made = |header: &str| {
        let made = pieces(&format!("{header}/made"))?.into_iter();
        let made = made.map(|piece| Piece {
            name: format!("made/{}", piece.name),
            ..piece
        });
        Ok::<_, Error>(pieces(header)?.into_iter().chain(made).collect::<Vec<_>>())
    };
    // Those of hand-written types, and those that made files say themselves.
    let layouts = |header: &str, pieces: &[Piece]| {
        let mut layouts = source::layouts(&capi.join("layout.rs"), header)?;
        layouts.extend(pieces.iter().flat_map(|piece| piece.layouts.clone()));
        Ok::<_, Error>(layouts)
    };
    let (protocol, service) = (with_made("protocol")?, with_made("service")?);
    let (transport, any) = (pieces("transport")?, pieces("any")?);
    Ok([
        text::protocol(&errors, &protocol, &layouts("protocol", &protocol)?)?,
        text::service(&service, &layouts("service", &service)?)?,
        text::transport(&transport, &layouts("transport", &transport)?)?,
        text::any(&any, &layouts("any", &any)?)?,
        text::netdata(&pieces("netdata")?)?,
    ])
}

/// Says where a committed header first differs from the generated one.
fn difference(name: &str, committed: &str, generated: &str) -> Option<String> {
    let mut committed = committed.lines();
    let mut generated = generated.lines();
    (1..).find_map(|number| match (committed.next(), generated.next()) {
        (None, None) => Some(None),
        (is, should) if is != should => Some(Some(format!(
            "{name} is not as generated from crates/capi/src, first in line {number}:\n  is:     {}\n  should: {}",
            is.unwrap_or("(the end)"),
            should.unwrap_or("(the end)"),
        ))),
        _ => None,
    })?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn difference_names_the_line() {
        assert_eq!(difference("a.h", "1\n2\n", "1\n2\n"), None);
        let report = difference("a.h", "1\n2\n", "1\n3\n").unwrap();
        assert!(
            report.contains("line 2:\n  is:     2\n  should: 3"),
            "{report}"
        );
        let report = difference("a.h", "1\n", "1\n3\n").unwrap();
        assert!(
            report.contains("line 2:\n  is:     (the end)\n  should: 3"),
            "{report}"
        );
    }
}
