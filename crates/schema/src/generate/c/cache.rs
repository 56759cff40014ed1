//! The cache of a snapshot, over that of `netipc/netipc_any.h`.

use std::fmt::Write;

use super::codec;
use super::kinds::Parts;
use super::types::{ident, structure};
use crate::model::{Field, Schema, SnapshotKind, Type};

/// What a header and a source get for it; nothing where the schema wants none.
pub(super) fn parts(schema: &Schema, kind: &SnapshotKind) -> Parts {
    let find = |name: &String| kind.item.named().find(|field| field.is(name));
    let keys: Vec<&Field> = kind.cache.iter().filter_map(find).collect();
    if keys.is_empty() {
        return Parts {
            header: String::new(),
            source: String::new(),
        };
    }
    let key = structure(schema, "key", "What a cache finds an item by.", &keys);
    let (mut of_item, mut of_key) = (String::new(), String::new());
    for (nth, field) in keys.iter().enumerate() {
        part_of_item(&mut of_item, nth, field);
        part_of_key(&mut of_key, nth, field);
    }
    let source = include_str!("cache.c.in")
        .replace("@parts_of_item@", &of_item)
        .replace("@parts_of_key@", &of_key)
        .replace("@key_parts@", &keys.len().to_string());
    Parts {
        header: include_str!("cache.h.in").replace("@key@", &key),
        source,
    }
}

/// A part is bytes of the item as they stand on the wire.
fn part_of_item(out: &mut String, nth: usize, field: &Field) {
    let at = field.offset;
    let (start, len) = match field.form {
        Type::Text => (
            format!("bytes + nipc_made_get_u32(bytes + {at})"),
            format!("nipc_made_get_u32(bytes + {})", at + 4),
        ),
        _ => (format!("bytes + {at}"), field.form.size().to_string()),
    };
    let _ = write!(
        out,
        "    parts[{nth}].ptr = {start};\n    parts[{nth}].len = {len};\n"
    );
}

fn part_of_key(out: &mut String, nth: usize, field: &Field) {
    let name = ident(field);
    if field.form == Type::Text {
        let _ = write!(
            out,
            "    parts[{nth}].ptr = key->{name}.ptr;\n    parts[{nth}].len = key->{name}.len;\n"
        );
        return;
    }
    let part = format!("part_{nth}");
    let mut alone = (*field).clone();
    alone.offset = 0;
    let written = codec::put(&alone, "key->")
        .replace("(out,", &format!("({part},"))
        .replace("out[0]", &format!("{part}[0]"));
    let size = field.form.size();
    let _ = write!(
        out,
        "    uint8_t {part}[{size}] = {{0}};\n{written}    parts[{nth}].ptr = {part};\n    \
         parts[{nth}].len = sizeof({part});\n"
    );
}
