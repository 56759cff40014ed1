//! Keys of lookups.

use std::fmt::Write;

use super::names::Go;
use super::rules;
use super::types::{go_name, write_fields};
use super::words::{expect, get, of_struct, put_all};
use crate::model::{Field, KeyForm, LookupKind, Type};

/// The key of a lookup.
pub(super) fn write(out: &mut String, go: &Go<'_>, kind: &LookupKind) {
    out.push_str("\n// Key is what is looked up.\ntype Key struct {\n");
    write_fields(out, go, kind.key.named());
    let same = kind.key.named().map(|field| {
        let name = go_name(field);
        match field.form {
            Type::Text => format!("k.{name}.Equal(other.{name})"),
            _ => format!("k.{name} == other.{name}"),
        }
    });
    let same = same.collect::<Vec<_>>().join(" && ");
    let _ = write!(
        out,
        "}}\n\n// Same tells whether both are the same key.\nfunc (k Key) Same(other Key) bool {{ return {same} }}\n"
    );
    let layout = go.schema.layout.unwrap_or(1);
    if layout != 1 {
        let _ = write!(
            out,
            "\n// LookupLayout returns the layout of requests and replies.\nfunc (*Key) LookupLayout() uint16 {{ return {layout} }}\n"
        );
    }
    match (kind.form(), kind.alone()) {
        (KeyForm::Text, Some(field)) => text(out, go, kind, field),
        (KeyForm::Ip, Some(field)) => {
            let names = [
                ("$Name", go_name(field)),
                ("$label", field.label().to_owned()),
            ];
            fill(out, go, IP, &names);
            check_all(out, go, kind);
        }
        _ => fixed(out, go, kind),
    }
}

fn fill(out: &mut String, go: &Go<'_>, template: &str, names: &[(&str, String)]) {
    let names: Vec<(&str, &str)> = names
        .iter()
        .map(|(word, name)| (*word, name.as_str()))
        .collect();
    out.push_str(&go.fill(template, &names));
}

/// The loop over the keys of a request.
fn check_all(out: &mut String, go: &Go<'_>, kind: &LookupKind) {
    fill(
        out,
        go,
        CHECK_ALL,
        &[("$shortest", kind.shortest().to_string())],
    );
}

const CHECK_ALL: &str = "
// CheckAll fails unless every item of list is a key.
func (Key) CheckAll(list protocol.Packed) error {
	check := protocol.ListRules{MinLen: $shortest, Ordered: true}.Checker(list)
	for entries := list.Directory(); len(entries) >= protocol.EntryLen; entries = entries[protocol.EntryLen:] {
		s := protocol.ReadSpan(entries)
		if !check.Passes(s) {
			return check.Refuse(s)
		}
		if err := checkKey(list.At(s)); err != nil {
			return err
		}
	}
	return nil
}
";

fn text(out: &mut String, go: &Go<'_>, kind: &LookupKind, field: &Field) {
    let (name, label, min) = (go_name(field), field.label(), field.min.unwrap_or(0));
    let names = [("$Name", name.clone()), ("$label", label.to_owned())];
    if (min, field.max) == (1, None) && !field.nul {
        fill(out, go, TEXT_AS_IN_MODULE, &names);
        return;
    }
    let mut broken = Vec::new();
    if min > 0 {
        broken.push(format!("length < {min}"));
    }
    if let Some(max) = field.max {
        broken.push(format!("length > {max}"));
    }
    let bounds = |length: &str| {
        if broken.is_empty() {
            return String::new();
        }
        format!(
            "if length := {length}; {} {{\n\
             return protocol.NewWireError(protocol.ErrBadLayout, \"{label} length\", {min}, uint64(length))\n}}\n",
            broken.join(" || ")
        )
    };
    let mut names = names.to_vec();
    names.push(("$boundsOfValue", bounds(&format!("k.{name}.Len()"))));
    names.push(("$boundsOfBytes", bounds("len(bytes) - 1")));
    fill(out, go, TEXT, &names);
    check_all(out, go, kind);
}

const TEXT_AS_IN_MODULE: &str = "
// Size returns the bytes on the wire.
func (k Key) Size() int { return k.$Name.Len() + 1 }

// Encode writes the key to dst, which has exactly Size bytes. It fails with [protocol.ErrBadLayout] for an
// empty text, or one with a NUL.
func (k Key) Encode(dst []byte) error {
	return protocol.TextKey{CStringView: k.$Name}.Encode(dst)
}

// Read returns the key in bytes that were checked.
func (Key) Read(key protocol.Valid[Key]) Key {
	bytes := key.Bytes()
	return Key{$Name: protocol.CString(bytes[:max(len(bytes), 1)-1])}
}

// CheckAll fails unless every item of list is a key.
func (Key) CheckAll(list protocol.Packed) error { return protocol.TextKey{}.CheckAll(list) }
";

const TEXT: &str = "
// Size returns the bytes on the wire.
func (k Key) Size() int { return k.$Name.Len() + 1 }

// Encode writes the key to dst, which has exactly Size bytes.
func (k Key) Encode(dst []byte) error {
	$boundsOfValuereturn protocol.PutText(dst, k.$Name, \"$label\")
}

// Read returns the key in bytes that were checked.
func (Key) Read(key protocol.Valid[Key]) Key {
	bytes := key.Bytes()
	return Key{$Name: protocol.CString(bytes[:max(len(bytes), 1)-1])}
}

// checkKey fails unless bytes are a key.
func checkKey(bytes []byte) error {
	span := protocol.Span{Len: uint32(max(len(bytes), 1) - 1)}
	if err := protocol.CheckText(bytes, 0, span, \"$label\"); err != nil {
		return err
	}
	if err := protocol.CheckNoNul(protocol.TextAt(bytes, span), \"$label\"); err != nil {
		return err
	}
	$boundsOfBytesreturn nil
}
";

const IP: &str = "
// Size returns the bytes on the wire.
func (k Key) Size() int { return k.$Name.BitLen() / 8 }

// Encode writes the key to dst, which has exactly Size bytes. It fails with [protocol.ErrBadLayout] for none.
func (k Key) Encode(dst []byte) error {
	switch {
	case k.$Name.Is4():
		address := k.$Name.As4()
		copy(dst, address[:])
	case k.$Name.Is6():
		address := k.$Name.As16()
		copy(dst, address[:])
	default:
		return protocol.NewWireError(protocol.ErrBadLayout, \"$label\", 16, 0)
	}
	return nil
}

// Read returns the key in bytes that were checked.
func (Key) Read(key protocol.Valid[Key]) Key { return readKey(key.Bytes()) }

func readKey(bytes []byte) Key {
	address, _ := netip.AddrFromSlice(bytes)
	return Key{$Name: address}
}

// checkKey fails unless bytes are a key.
func checkKey(bytes []byte) error {
	if len(bytes) != 4 && len(bytes) != 16 {
		return protocol.NewWireError(protocol.ErrBadLayout, \"$label length\", 16, uint64(len(bytes)))
	}
	return nil
}
";

fn fixed(out: &mut String, go: &Go<'_>, kind: &LookupKind) {
    let rules = rules::of_fields(go, &kind.key);
    let fields = kind
        .key
        .named()
        .map(|field| format!("{}: {}", go_name(field), get(go, field, "bytes")));
    let expected = kind
        .key
        .fields
        .iter()
        .map(|field| expect(field, "bytes", "return "));
    let (checked, end) = if rules.is_empty() {
        (String::new(), "nil".to_owned())
    } else {
        (
            "if err := k.check(); err != nil {\nreturn err\n}\n".to_owned(),
            "readKey(bytes).check()".to_owned(),
        )
    };
    let names = [
        ("$len", kind.key.size.to_string()),
        ("$checked", checked),
        ("$puts", put_all(&kind.key, &of_struct("k"), "dst")),
        ("$fields", fields.collect::<Vec<_>>().join(", ")),
        ("$expected", expected.collect()),
        ("$end", end),
    ];
    fill(out, go, FIXED, &names);
    check_all(out, go, kind);
    if !rules.is_empty() {
        let _ = write!(
            out,
            "\n// check tells which rule of the schema the key breaks.\nfunc (v Key) check() error {{\n{rules}return nil\n}}\n"
        );
    }
}

const FIXED: &str = "
const keyLen = $len

// Size returns the bytes on the wire.
func (k Key) Size() int { return keyLen }

// Encode writes the key to dst, which has exactly Size bytes.
func (k Key) Encode(dst []byte) error {
	$checked$putsreturn nil
}

// Read returns the key in bytes that were checked; that of no bytes is empty.
func (Key) Read(key protocol.Valid[Key]) Key { return readKey(key.Bytes()) }

func readKey(bytes []byte) Key {
	if len(bytes) != keyLen {
		return Key{}
	}
	return Key{$fields}
}

// checkKey fails unless bytes are a key.
func checkKey(bytes []byte) error {
	if len(bytes) != keyLen {
		return protocol.NewWireError(protocol.ErrBadLayout, \"$service key length\", keyLen, uint64(len(bytes)))
	}
	$expectedreturn $end
}
";
