//! C99, over `netipc/netipc_made.h` alone: a header and a source.
//!
//! ```text
//! text       the style: comments and long lines
//! types      names, enums, flags, structs
//! codec      structs as bytes; rules: what may be in them
//! kinds      what only lookups, snapshots and values have, from *.in
//! cache      the cache of a snapshot
//! enricher   the enricher of a lookup
//! guards     what functions do with NULL
//! ```

mod cache;
mod codec;
mod enricher;
mod guards;
mod kinds;
mod rules;
mod text;
mod types;

use std::fmt::Write;

use crate::doc;
use crate::model::Schema;

/// The header and the source of a service, and their names.
pub(super) fn files(schema: &Schema, file: &str) -> [(String, String); 2] {
    let p = types::prefix(schema);
    let parts = kinds::parts(schema);
    let labels = types::labels(schema);
    let header = header(schema, file, labels.as_deref(), &parts.header);
    let source = source(schema, file, labels.is_some(), &parts.source);
    let named = |text: String| {
        let layout = schema.layout.unwrap_or_default().to_string();
        let text = text
            .replace("@p@", &p)
            .replace("@P@", &p.to_ascii_uppercase())
            .replace("@layout@", &layout);
        text::wrapped(&text)
    };
    [
        (format!("{p}.h"), named(header)),
        (format!("{p}.c"), named(source)),
    ]
}

fn header(schema: &Schema, file: &str, labels: Option<&str>, body: &str) -> String {
    let mut out = format!(
        "/**\n * \\file @p@.h\n * {}: {}\n *\n{} *\n \
         * Compile @p@.c into your program, and link it with libnetipc.\n \
         * Made from {file} by \"netipc schema generate\": change that file, not this one.\n */\n\
         #ifndef @P@_H\n#define @P@_H\n\n#include <netipc/netipc_made.h>\n\n\
         #ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n\
         /** Number of the method on the wire. */\n#define @P@_METHOD UINT16_C({:#06x})\n\
         /** Usual name of the endpoint. */\n#define @P@_SERVICE \"{}\"\n\n",
        schema.name,
        schema.about.replace("*/", "* /"),
        pictures(schema),
        schema.method,
        schema.name
    );
    out.push_str(&types::names(schema));
    out.push_str(labels.unwrap_or_default());
    out.push_str(body);
    out.push_str("\n#ifdef __cplusplus\n}\n#endif\n\n#endif /* @P@_H */\n");
    out
}

/// The bytes of each part, as a picture.
fn pictures(schema: &Schema) -> String {
    let mut out = String::new();
    doc::pictures(schema, &schema.parts(), |line| {
        let _ = writeln!(out, "{} *   {line}", text::AS_IT_IS);
    });
    out
}

fn source(schema: &Schema, file: &str, labels: bool, body: &str) -> String {
    let mut text = types::name_functions(schema);
    if labels {
        text.push_str(types::LABEL);
    }
    text.push_str(body);
    format!(
        "/* @p@.h says what this is.\n \
         * Made from {file} by \"netipc schema generate\": change that file, not this one. */\n\
         #include \"@p@.h\"\n\n#include <stdlib.h>\n#include <string.h>\n\n{}",
        guards::added(&text)
    )
}
