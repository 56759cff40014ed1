//! Items and replies of lookups, and what makes the item one of its key.

use std::fmt::Write;

use super::codec;
use super::names::Go;
use super::types::{self, go_name, go_type};
use super::words::get;
use crate::model::{Field, KeyForm, LookupKind};

/// The types of a lookup, and their bytes.
pub(super) fn write(out: &mut String, go: &Go<'_>, kind: &LookupKind) {
    out.push_str(&go.fill(REPLY, &[]));
    requests(out, go, kind);
    types::write_record(out, go, &go.item(), &kind.item);
    codec::write(out, go, &go.item(), &kind.item);
    of_its_key(out, go, kind);
}

const REPLY: &str = "
// $Request is the keys of a request.
type $Request = protocol.LookupRequest[$Key]

// $Reply is the items of a reply, in the order of the keys.
type $Reply struct {
	protocol.LookupResponse[$Key, $Item, *$Item]
}

// $DecodeRequest reads a request, as [protocol.DecodeLookupRequest] does.
func $DecodeRequest(payload []byte) ($Request, error) {
	return protocol.DecodeLookupRequest[$Key](payload)
}

// $DecodeReply reads a reply, as [protocol.DecodeLookupResponse] does.
func $DecodeReply(payload []byte) (reply $Reply, err error) {
	err = reply.Decode(payload)
	return reply, err
}

// Item returns item i. Every item was validated when the reply came. It fails with [protocol.ErrOutOfBounds]
// beyond the last.
func (r *$Reply) Item(i uint32) (item $Item, err error) {
	err = r.Read(i, &item)
	return item, err
}

// Read reads item i to where it is wanted. It takes less time than Item, which copies a large item,
// and fails as that does.
func (r *$Reply) Read(i uint32, item *$Item) error {
	bytes := r.Bytes(int(i))
	if bytes == nil {
		return r.NoItem(i)
	}
	item.read(bytes)
	return nil
}

// Items returns every item, in order.
func (r *$Reply) Items() iter.Seq2[int, $Item] {
	list := r.List()
	return func(yield func(int, $Item) bool) {
		var item $Item
		for i := range list.Len() {
			item.read(list.Get(i))
			if !yield(i, item) {
				return
			}
		}
	}
}
";

/// The function that encodes a request, for those who have no client.
fn requests(out: &mut String, go: &Go<'_>, kind: &LookupKind) {
    let name = kind.plural.replace('-', "_");
    let (argument, _) = super::service::argument(go, kind);
    let (form, made) = match (go.is_library(), kind.form()) {
        (false, _) => ("[]Key".to_owned(), "protocol.EncodeLookupRequest"),
        (true, KeyForm::Text) => (format!("[]{argument}"), "protocol.EncodeTextKeys"),
        (true, _) => (format!("[]{argument}"), "protocol.EncodeNumberKeys"),
    };
    let _ = write!(
        out,
        "\n// Encode{prefix}Request writes the request for {plain} to dst; it returns its length. It fails with\n\
         // [protocol.ErrOverflow] where there is no room, with [protocol.ErrBadLayout] for what cannot be a key.\n\
         func Encode{prefix}Request(dst []byte, {keys} {form}) (int, error) {{\nreturn {made}(dst, {keys})\n}}\n",
        prefix = go.prefix(),
        plain = if go.is_library() {
            name.as_str()
        } else {
            "keys"
        },
        keys = if go.is_library() {
            name.as_str()
        } else {
            "keys"
        },
    );
}

/// The value of a field of the key in the bytes of one.
pub(super) fn of_key_bytes(go: &Go<'_>, kind: &LookupKind, field: &Field, bytes: &str) -> String {
    match kind.form() {
        KeyForm::Text => format!("protocol.CString({bytes}[:len({bytes})-1])"),
        KeyForm::Ip => format!("readKey({bytes}).{}", go_name(field)),
        KeyForm::One | KeyForm::Several => get(go, field, bytes),
    }
}

/// The bytes of an item that holds only a status: those whatever the key is, and whether its key, as it
/// stands in a request, comes on top.
pub(super) fn bare(kind: &LookupKind) -> (usize, bool) {
    let text_key = kind.form() == KeyForm::Text;
    let texts = kind
        .item
        .texts()
        .filter(|text| !(text_key && text.key))
        .count();
    (kind.item.size + texts, text_key)
}

/// The fields of an item without data, but status and key.
pub(super) fn unset(go: &Go<'_>, kind: &LookupKind) -> String {
    let mut out = String::new();
    for field in kind
        .item
        .named()
        .filter(|field| field.unset != 0 && !field.key)
    {
        let constant = types::unset(go, &go.item(), field);
        let _ = write!(out, ", {}: {constant}", go_name(field));
    }
    out
}

/// The type of the status.
pub(super) fn status(go: &Go<'_>, kind: &LookupKind) -> String {
    let status = kind.item.named().next();
    status.map(|field| go_type(go, field)).unwrap_or_default()
}

fn of_its_key(out: &mut String, go: &Go<'_>, kind: &LookupKind) {
    let named: Vec<&Field> = kind.key.named().collect();
    let (key, of_key): (String, String) = match (go.is_library(), kind.form(), kind.alone()) {
        (true, KeyForm::Text, Some(field)) => {
            let name = go_name(field);
            (
                format!("protocol.TextKey{{v.{name}}}"),
                format!("{name}: key.CStringView"),
            )
        }
        (true, _, Some(field)) => {
            let name = go_name(field);
            (
                format!("protocol.NumberKey(v.{name})"),
                format!("{name}: {}(key)", go_type(go, field)),
            )
        }
        _ => {
            let fields = |from: &str| {
                let fields = named
                    .iter()
                    .map(|field| format!("{0}: {from}{0}", go_name(field)));
                fields.collect::<Vec<_>>().join(", ")
            };
            (format!("Key{{{}}}", fields("v.")), fields("key."))
        }
    };
    let (fixed, plus) = bare(kind);
    let mut statuses = kind.status().values.iter();
    let unset_status = statuses
        .find(|value| value.number == kind.unset_status())
        .map_or_else(String::new, |value| {
            types::enum_constant(go, kind.status(), &value.name)
        });
    let likely = kind.item.typical.map_or("bare".to_owned(), |bytes| {
        format!("protocol.KeyedSize{{Fixed: {bytes}}}")
    });
    let names = [
        ("$key", key),
        ("$ofKey", of_key + &unset(go, kind)),
        ("$Status", status(go, kind)),
        ("$UnsetNumber", kind.unset_status().to_string()),
        ("$Unset", unset_status),
        (
            "$bare",
            format!("{fixed}{}", if plus { ", PlusKey: true" } else { "" }),
        ),
        ("$likely", likely),
        ("$exceeded", kind.exceeded().to_string()),
        ("$oversized", kind.oversized().to_string()),
        ("$Len", codec::length(go, &kind.item, "")),
        ("$check", codec::checker(go, &kind.item, "")),
    ];
    let mut names: Vec<(&str, &str)> = names
        .iter()
        .map(|(word, name)| (*word, name.as_str()))
        .collect();
    names.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
    out.push_str(&go.fill(ITEM, &names));
}

const ITEM: &str = "
// New$PItem returns the item for key in which nothing is set: there is no data, and its status is
// [$Unset].
func New$PItem(key $Key) $Item { return $Item{}.Bare(key, $UnsetNumber) }

// Key returns the key that this answers.
func (v *$Item) Key() $Key { return $key }

// StatusCode returns the status.
func (v *$Item) StatusCode() uint16 { return uint16(v.Status) }

// Bare returns the item for key that holds only a status.
func ($Item) Bare(key $Key, status uint16) $Item {
	return $Item{Status: $Status(status), $ofKey}
}

// Read makes it the item that was decoded before; that of no bytes is empty.
func (v *$Item) Read(item protocol.Valid[$Item]) {
	if len(item.Bytes()) == 0 {
		*v = $Item{}
		return
	}
	v.read(item.Bytes())
}

// CheckAll fails unless every item of list is one, in order.
func (*$Item) CheckAll(list protocol.Packed) error {
	check := protocol.ListRules{MinLen: $Len, Ordered: true}.Checker(list)
	for entries := list.Directory(); len(entries) >= protocol.EntryLen; entries = entries[protocol.EntryLen:] {
		s := protocol.ReadSpan(entries)
		if !check.Passes(s) {
			return check.Refuse(s)
		}
		if err := $check(list.At(s)); err != nil {
			return err
		}
	}
	return nil
}

// Rules returns what is the same for all items.
func (*$Item) Rules() protocol.LookupRules {
	bare := protocol.KeyedSize{Fixed: $bare}
	return protocol.LookupRules{Exceeded: $exceeded, Oversized: $oversized, Bare: bare, Likely: $likely}
}
";
