//! The frame of each header.

use super::piece::Piece;
use super::source::{Code, Layout};

const PROTOCOL: &str = include_str!("protocol.h.in");
const SERVICE: &str = include_str!("service.h.in");

/// `netipc_protocol.h`.
pub(crate) fn protocol(errors: &[Code], pieces: &[Piece]) -> String {
    let values = errors
        .iter()
        .map(|code| assert_value(&c_name(code), code.value.into()));
    let assertions = values.collect::<String>() + &assertions(pieces);
    PROTOCOL
        .replace("@ERRORS@", &error_values(errors))
        .replace("@DECLARATIONS@", &declarations(pieces))
        .replace("@ASSERTIONS@", &assertions)
}

/// `netipc_service.h`.
pub(crate) fn service(pieces: &[Piece]) -> String {
    SERVICE
        .replace("@DECLARATIONS@", &declarations(pieces))
        .replace("@ASSERTIONS@", &assertions(pieces))
}

fn declarations(pieces: &[Piece]) -> String {
    let texts = pieces.iter().map(|piece| piece.text.as_str());
    texts.collect::<Vec<_>>().join("\n\n")
}

/// The values of `nipc_error_t`, which is a plain number in Rust: C may write anything into it.
fn error_values(errors: &[Code]) -> String {
    let value = |code: &Code| {
        let (doc, name, number) = (&code.doc, c_name(code), code.value);
        format!("    /**\n     * {doc}\n     */\n    {name} = {number},")
    };
    errors.iter().map(value).collect::<Vec<_>>().join("\n")
}

fn c_name(code: &Code) -> String {
    match code.name.as_str() {
        "OK" => "NIPC_OK".into(),
        name => format!("NIPC_ERR_{name}"),
    }
}

fn assertions(pieces: &[Piece]) -> String {
    let values = pieces.iter().flat_map(|piece| &piece.enum_values);
    let values = values
        .map(|(name, value)| assert_value(name, *value))
        .collect::<String>();
    let layouts = pieces.iter().flat_map(|piece| &piece.layouts);
    let layouts = layouts.map(assert_layout).collect::<String>();
    format!("{values}\n#if UINTPTR_MAX > 0xffffffffu\n{layouts}#endif\n")
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
