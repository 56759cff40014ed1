//! Requests and responses that are one number or one text, by the names that integrations know.

use super::super::names::lower_sentence;
use super::names::Go;
use crate::model::{Record, Type};

/// The type of the value, and its bytes.
pub(super) fn write(out: &mut String, go: &Go<'_>, name: &str, record: &Record) {
    let template = if is_text(record) { TEXT } else { NUMBER };
    let about = lower_sentence(&go.schema.about);
    let names = [("$Type", name), ("$about", about.as_str())];
    out.push_str(&go.fill(template, &names));
}

/// The package of the service, whose other parts are `rest`.
pub(super) fn service(go: &Go<'_>, record: &Record, rest: &str) -> String {
    let (value, codec) = if is_text(record) {
        ("[]byte", TEXT_CODEC)
    } else {
        ("uint64", NUMBER_CODEC)
    };
    let names = [("$Value", value), ("$Type", go.plain().unwrap_or_default())];
    go.fill(&format!("{rest}{codec}"), &names)
}

fn is_text(record: &Record) -> bool {
    record.named().any(|field| field.form == Type::Text)
}

const NUMBER: &str = "
// $Type is a request and a response of `$service`: $about
type $Type uint64

const numberLen = 8

// Encode$P writes a request or a response to dst; it returns its length. It fails with
// [protocol.ErrOverflow] where there is no room.
func Encode$P(dst []byte, n uint64) (int, error) { return protocol.Encode(dst, $Type(n)) }

// Decode$P reads a request or a response. Bytes behind the first 8 are not looked at. It fails with
// [protocol.ErrTruncated].
func Decode$P(payload []byte) (uint64, error) {
	if len(payload) < numberLen {
		return 0, protocol.NewWireError(protocol.ErrTruncated, \"number\", numberLen, uint64(len(payload)))
	}
	return binary.LittleEndian.Uint64(payload), nil
}

// Size returns the bytes on the wire.
func (n $Type) Size() int { return numberLen }

// Encode writes the number to dst, which has exactly Size bytes.
func (n $Type) Encode(dst []byte) error {
	binary.LittleEndian.PutUint64(dst, uint64(n))
	return nil
}
";

const TEXT: &str = "
// $Type is a request and a response of `$service`: $about Unlike other strings it may hold NULs.
//
//	0           4       8
//	offset = 8  length  bytes NUL
type $Type struct{ protocol.CStringView }

const textHeaderLen = 8

// Encode$P writes a request or a response to dst; it returns its length. It fails with
// [protocol.ErrOverflow] where there is no room.
func Encode$P(dst, text []byte) (int, error) {
	return protocol.Encode(dst, $Type{protocol.CString(text)})
}

// Decode$P reads a request or a response. It fails with [protocol.ErrTruncated], [protocol.ErrBadLayout],
// [protocol.ErrOutOfBounds] or [protocol.ErrMissingNul].
func Decode$P(payload []byte) ($Type, error) {
	if len(payload) < textHeaderLen {
		return $Type{}, protocol.NewWireError(protocol.ErrTruncated, \"text\", textHeaderLen, uint64(len(payload)))
	}
	text := protocol.ReadSpan(payload)
	if text.Offset != textHeaderLen {
		return $Type{}, protocol.NewWireError(protocol.ErrBadLayout, \"text offset\", textHeaderLen, uint64(text.Offset))
	}
	if err := protocol.CheckText(payload, textHeaderLen, text, \"text\"); err != nil {
		return $Type{}, err
	}
	return $Type{protocol.TextAt(payload, text)}, nil
}

// Size returns the bytes on the wire.
func (t $Type) Size() int { return textHeaderLen + t.Len() + 1 }

// Encode writes the text to dst, which has exactly Size bytes.
func (t $Type) Encode(dst []byte) error {
	protocol.PutSpan(dst, textHeaderLen, t.Len())
	protocol.CopyText(dst[textHeaderLen:], t.Bytes())
	return nil
}
";

const NUMBER_CODEC: &str = "
var value = service.Codec[uint64]{
	Size: func(n uint64) int { return protocol.$Type(n).Size() },
	FixedSize: 8,
	Encode: protocol.Encode$P,
	Decode: protocol.Decode$P,
	EncodeBatch: protocol.EncodeNumbers,
	DecodeBatch: protocol.DecodeNumbers,
}
";

const TEXT_CODEC: &str = "
var value = service.Codec[[]byte]{
	Size: func(text []byte) int { return protocol.$Type{CStringView: protocol.CString(text)}.Size() },
	Encode: protocol.Encode$P,
	Decode: func(payload []byte) ([]byte, error) {
		view, err := protocol.Decode$P(payload)
		return view.Bytes(), err
	},
}
";
