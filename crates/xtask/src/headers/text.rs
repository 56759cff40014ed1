//! The frame of each header.

use std::path::Path;

use super::piece::Piece;
use super::source::{Code, Layout};
use crate::Error;

const PROTOCOL: &str = include_str!("protocol.h.in");
const SERVICE: &str = include_str!("service.h.in");
const NETDATA: &str = include_str!("netdata.h.in");
const TRANSPORT: &str = include_str!("transport.h.in");
const ANY: &str = include_str!("any.h.in");

/// `netipc_protocol.h`.
pub(crate) fn protocol(
    errors: &[Code],
    pieces: &[Piece],
    layouts: &[Layout],
) -> Result<String, Error> {
    let values = errors
        .iter()
        .map(|code| assert_value(&c_name(code), code.value.into()));
    let assertions = values.collect::<String>() + &assertions(pieces, layouts)?;
    let text = PROTOCOL
        .replace("@ERRORS@", &error_values(errors))
        .replace("@ASSERTIONS@", &assertions);
    place("protocol.h.in", text, pieces)
}

/// `netipc_service.h`.
pub(crate) fn service(pieces: &[Piece], layouts: &[Layout]) -> Result<String, Error> {
    let text = SERVICE.replace("@ASSERTIONS@", &assertions(pieces, layouts)?);
    place("service.h.in", text, pieces)
}

/// `netipc_transport.h`.
pub(crate) fn transport(pieces: &[Piece], layouts: &[Layout]) -> Result<String, Error> {
    let text = TRANSPORT.replace("@ASSERTIONS@", &assertions(pieces, layouts)?);
    place("transport.h.in", text, pieces)
}

/// `netipc_any.h`.
pub(crate) fn any(pieces: &[Piece], layouts: &[Layout]) -> Result<String, Error> {
    let text = ANY.replace("@ASSERTIONS@", &assertions(pieces, layouts)?);
    place("any.h.in", text, pieces)
}

/// `netipc_netdata.h`.
pub(crate) fn netdata(pieces: &[Piece]) -> Result<String, Error> {
    place("netdata.h.in", NETDATA.to_owned(), pieces)
}

/// Puts each piece where `@name@` stands.
fn place(template: &str, mut text: String, pieces: &[Piece]) -> Result<String, Error> {
    let problem = |problem| Error::Source {
        path: Path::new("crates/xtask/src/headers").join(template),
        problem,
    };
    for piece in pieces {
        let mark = format!("@{}@", piece.name);
        if !text.contains(&mark) {
            return Err(problem(format!(
                "has no {mark} for what {}.rs declares",
                piece.name
            )));
        }
        text = text.replace(&mark, &piece.text);
    }
    match text.lines().find(|line| line.starts_with('@')) {
        Some(mark) => Err(problem(format!(
            "has {mark}, but no file declares anything there"
        ))),
        None => Ok(text),
    }
}

/// The values of `nipc_error_t`, which is a plain number in Rust: C may write anything into it.
fn error_values(errors: &[Code]) -> String {
    let value = |code: &Code| {
        let (doc, name, number) = (&code.doc, c_name(code), code.value);
        format!("    /** {doc} */\n    {name} = {number},")
    };
    errors.iter().map(value).collect::<Vec<_>>().join("\n")
}

fn c_name(code: &Code) -> String {
    match code.name.as_str() {
        "OK" => "NIPC_OK".into(),
        name => format!("NIPC_ERR_{name}"),
    }
}

/// What compilers are held to. Every type has a layout: nobody forgets one.
fn assertions(pieces: &[Piece], layouts: &[Layout]) -> Result<String, Error> {
    let has_none = |name: &&String| {
        name.ends_with("_t") && !layouts.iter().any(|layout| layout.name == **name)
    };
    let types = pieces.iter().flat_map(|piece| &piece.types);
    let missing: Vec<_> = types.filter(has_none).map(String::as_str).collect();
    if !missing.is_empty() {
        return Err(Error::Source {
            path: "crates/capi/src/layout.rs".into(),
            problem: format!("has no layout of {}", missing.join(", ")),
        });
    }
    let values = pieces.iter().flat_map(|piece| &piece.enum_values);
    let values = values
        .map(|(name, value)| assert_value(name, *value))
        .collect::<String>();
    let layouts = layouts.iter().map(assert_layout).collect::<String>();
    Ok(format!(
        "{values}\n#if UINTPTR_MAX > 0xffffffffu\n{layouts}#endif\n"
    ))
}

fn assert_value(name: &str, value: u64) -> String {
    format!("NIPC_STATIC_ASSERT({name} == {value}, \"{name}\");\n")
}

fn assert_layout(layout: &Layout) -> String {
    let Layout { name, size, fields } = layout;
    let fields = fields.iter().map(|(field, offset)| {
        format!("NIPC_STATIC_ASSERT(offsetof({name}, {field}) == {offset}, \"{name}.{field}\");\n")
    });
    format!("NIPC_STATIC_ASSERT(sizeof({name}) == {size}, \"{name}\");\n")
        + &fields.collect::<String>()
}
