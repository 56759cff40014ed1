//! Builders of the replies of lookups.

use std::fmt::Write;

use super::codec;
use super::item::{bare, of_key_bytes, status, unset};
use super::names::{Go, local};
use super::types::{self, go_name};
use super::words::{get, put_all};
use crate::model::{Field, KeyForm, LookupKind, Type};

/// The builder of a lookup.
pub(super) fn write(out: &mut String, go: &Go<'_>, kind: &LookupKind) {
    let asked = kind.key.named().map(|field| {
        let value = of_key_bytes(go, kind, field, "asked");
        format!(", {}: {value}", go_name(field))
    });
    let asked = asked.collect::<String>() + &unset(go, kind);
    let (fixed, plus) = bare(kind);
    let size = if plus {
        format!("{fixed}+len(asked)")
    } else {
        fixed.to_string()
    };
    let (status, same) = (status(go, kind), same(go, kind));
    let (encoder, last) = (bare_encoder(go, kind), last_status(go, kind));
    let names: [(&str, &str); 6] = [
        ("$bareEncoder", &encoder),
        ("$last", &last),
        ("$asked", &asked),
        ("$same", &same),
        ("$size", &size),
        ("$Status", &status),
    ];
    out.push_str(&go.fill(BUILDER, &names));
}

/// The statuses that an item without data may have, as a condition on `status`: not `known`, which may
/// demand data.
fn last_status(go: &Go<'_>, kind: &LookupKind) -> String {
    let values = kind
        .status()
        .values
        .iter()
        .filter(|value| value.number != 0);
    let values = values.map(|value| types::enum_constant(go, kind.status(), &value.name));
    values.collect::<Vec<_>>().join(", ")
}

/// What writes an item that holds only a status, without looking at what is not there.
fn bare_encoder(go: &Go<'_>, kind: &LookupKind) -> String {
    let len = codec::length(go, &kind.item, "");
    let text_key = kind.form() == KeyForm::Text;
    let (mut places, mut ends, mut next) = (String::new(), String::new(), len.clone());
    let mut is_constant = true;
    for text in kind.item.texts() {
        let place = local(text) + "At";
        let _ = if is_constant {
            writeln!(places, "const {place} = {next}")
        } else {
            writeln!(places, "{place} := {next}")
        };
        if text_key && text.key {
            let _ = writeln!(ends, "copy(dst[{place}:], asked)");
            next = format!("{place} + len(asked)");
            is_constant = false;
        } else {
            let _ = writeln!(ends, "dst[{place}] = 0");
            next = format!("{place} + 1");
        }
    }
    let values = |field: &Field| written_bare(go, kind, field);
    format!(
        "{places}b := dst[:{len}]\n{}{ends}",
        put_all(&kind.item, &values, "b")
    )
}

/// What is written of a field of an item that holds only a status, for the key in `asked`.
fn written_bare(go: &Go<'_>, kind: &LookupKind, field: &Field) -> Option<String> {
    if field.is("status") {
        return Some("status".to_owned());
    }
    if !field.key {
        return (field.unset != 0).then(|| types::unset(go, &go.item(), field));
    }
    if kind.form() == KeyForm::Text {
        return Some("len(asked)-1".to_owned());
    }
    let of_key = kind.key.named().find(|key| key.is(field.label()))?;
    Some(match of_key.form {
        Type::Chars(size) | Type::Bytes(size) => {
            format!("asked[{}:{}]", of_key.offset, of_key.offset + size)
        }
        _ => of_key_bytes(go, kind, of_key, "asked"),
    })
}

/// Whether the key in `asked` is that of `item`, as a condition.
fn same(go: &Go<'_>, kind: &LookupKind) -> String {
    let key = match (kind.form(), kind.alone()) {
        (KeyForm::Text, Some(field)) => {
            return format!(
                "len(asked) > 0 && string(asked[:len(asked)-1]) == string(item.{}.Bytes())",
                go_name(field)
            );
        }
        (KeyForm::Ip, Some(field)) => {
            return format!(
                "len(asked) > 0 && {} == item.{}",
                of_key_bytes(go, kind, field, "asked"),
                go_name(field)
            );
        }
        _ => &kind.key,
    };
    let fields = key
        .named()
        .map(|field| format!("{} == item.{}", get(go, field, "asked"), go_name(field)));
    let fields: Vec<String> = fields.collect();
    format!("len(asked) == {} && {}", key.size, fields.join(" && "))
}

const BUILDER: &str = "
// $Builder takes an item for each key of a request.
type $Builder struct {
	protocol.LookupBuilder[$Key, $Item, *$Item]
}

// Add adds the item of the next key. Whether the item itself or a placeholder was written is not the
// handler's concern. It fails with [protocol.ErrOverflow] where the answer cannot start, with
// [protocol.ErrBadLayout] for another key or an item that may not be sent, with [protocol.ErrBadItemCount]
// beyond the last key. The first error is kept and decides how the request ends.
func (b *$Builder) Add(item $Item) error {
	return b.Push(&item)
}

// Push adds the item of the next key from where it is, without a copy of it. It fails as Add does.
func (b *$Builder) Push(item *$Item) error {
	asked := b.NextKey()
	same := $same
	dst := b.OpenItem(len(asked), same, uint16(item.Status), item.size())
	if dst == nil {
		return b.Err()
	}
	return b.CloseItem(dst, item.encode(dst))
}

// AddBare adds an item without data for the next key. It fails as Add does.
func (b *$Builder) AddBare(status $Status) error {
	asked := b.NextKey()
	dst := b.OpenItem(len(asked), true, uint16(status), $size)
	if dst == nil {
		return b.Err()
	}
	switch status {
	case $last:
		encodeBare$PItem(dst, status, asked)
		return b.CloseItem(dst, nil)
	default:
		item := $Item{Status: status$asked}
		return b.CloseItem(dst, item.encode(dst))
	}
}

// encodeBare$PItem writes the item for the key asked that holds only a status to dst.
func encodeBare$PItem(dst []byte, status $Status, asked []byte) {
	$bareEncoder}
";
