//! Request, reply and builder of snapshots.

use std::fmt::Write;

use super::codec;
use super::names::{Go, local};
use super::rules;
use super::types::{self, go_name, go_type, write_fields};
use super::words::{expect, of_struct, put_all, read};
use crate::model::{Field, Record, SnapshotKind, Type};

/// The types of a snapshot, and their bytes.
pub(super) fn write(out: &mut String, go: &Go<'_>, kind: &SnapshotKind) {
    let header = header(kind);
    let rules = rules::of_fields(go, &header);
    let mut fields = String::new();
    write_fields(&mut fields, go, header.named());
    let reads = header.fields.iter().map(|field| {
        let expected = expect(field, "b", "return $Reply{}, ");
        if field.has_value() {
            expected + &read(go, field, "b", "reply.")
        } else {
            expected
        }
    });
    let (checked, checked_to_send) = if rules.is_empty() {
        ("", "")
    } else {
        (
            "if err := reply.check(); err != nil {\nreturn $Reply{}, err\n}\n",
            "if err := b.header.check(); err != nil {\nreturn 0, err\n}\n",
        )
    };
    let (parameters, values) = set_header(go, &header);
    let names = [
        ("$reads", reads.collect::<String>()),
        ("$checkedToSend", checked_to_send.to_owned()),
        ("$checked", checked.to_owned()),
        ("$fields", fields),
        ("$puts", put_all(&header, &of_struct("b.header"), "front")),
        ("$size", kind.response.size.to_string()),
        ("$generationAt", (kind.response.size - 8).to_string()),
        ("$layout", go.schema.layout.unwrap_or(1).to_string()),
        ("$len", codec::length(go, &kind.item, "")),
        ("$check", codec::checker(go, &kind.item, "")),
        ("$parameters", parameters),
        ("$values", values),
    ];
    let names: Vec<(&str, &str)> = names
        .iter()
        .map(|(word, name)| (*word, name.as_str()))
        .collect();
    out.push_str(&go.fill(REQUEST, &names));
    out.push_str(&go.fill(REPLY, &names));
    if !rules.is_empty() {
        let _ = write!(
            out,
            "\n// check tells which rule of the schema the header breaks.\nfunc (v *{}) check() error {{\n{rules}return nil\n}}\n",
            go.header()
        );
    }
    types::write_record(out, go, &go.item(), &kind.item);
    codec::write(out, go, &go.item(), &kind.item);
    out.push_str(&go.fill(ITEM, &names));
    out.push_str(&go.fill(BUILDER, &names));
    out.push_str(&go.fill(&add(go, &kind.item), &names));
}

/// The fields between the number of items and the generation.
pub(super) fn header(kind: &SnapshotKind) -> Record {
    let own = |field: &&Field| !["layout", "item_count", "generation"].contains(&field.label());
    let fields = kind.response.fields.iter().skip(3).filter(own);
    Record {
        fields: fields.cloned().collect(),
        ..Record::default()
    }
}

/// What `SetHeader` takes besides the generation, and the header that it makes of it.
fn set_header(go: &Go<'_>, header: &Record) -> (String, String) {
    if !go.is_library() {
        return ("header $Header".to_owned(), "header".to_owned());
    }
    let mut parameters = Vec::new();
    let mut values = Vec::new();
    for field in header.named() {
        parameters.push(format!("{} {}", local(field), go_type(go, field)));
        values.push(format!("{}: {}", go_name(field), local(field)));
    }
    (
        parameters.join(", "),
        format!("$Header{{{}}}", values.join(", ")),
    )
}

/// `Add`, of an item or, as integrations know it, of its fields.
fn add(go: &Go<'_>, item: &Record) -> String {
    if !go.is_library() {
        return ADD_ITEM.to_owned();
    }
    let mut parameters = Vec::new();
    let mut values = Vec::new();
    for field in item.named() {
        let (name, text) = (local(field), field.form == Type::Text);
        let form = if text {
            "[]byte".to_owned()
        } else {
            go_type(go, field)
        };
        parameters.push(format!("{name} {form}"));
        let value = if text {
            format!("protocol.CString({name})")
        } else {
            name
        };
        values.push(format!("{}: {value}", go_name(field)));
    }
    ADD_FIELDS
        .replace("$all", &parameters.join(", "))
        .replace("$made", &values.join(", "))
}

const REQUEST: &str = "
// $PHeaderLen is the bytes in front of the directory of a snapshot.
const $PHeaderLen = $size

// $Request asks for the snapshot. It has no fields of its own.
type $Request struct{}

// Encode$PRequest writes the request to dst; it returns its length. It fails with [protocol.ErrOverflow]
// where there is no room.
func Encode$PRequest(dst []byte) (int, error) { return protocol.Encode(dst, $Request{}) }

// $DecodeRequest reads a request. It fails with [protocol.ErrTruncated] or [protocol.ErrBadLayout].
func $DecodeRequest(payload []byte) ($Request, error) {
	if len(payload) < 4 {
		return $Request{}, protocol.NewWireError(protocol.ErrTruncated, \"$service request\", 4, uint64(len(payload)))
	}
	if found := binary.LittleEndian.Uint32(payload); found != $layout {
		return $Request{}, protocol.NewWireError(protocol.ErrBadLayout, \"layout and reserved\", $layout, uint64(found))
	}
	return $Request{}, nil
}

// Size returns the bytes on the wire.
func ($Request) Size() int { return 4 }

// Encode writes the request to dst, which has exactly Size bytes.
func ($Request) Encode(dst []byte) error {
	binary.LittleEndian.PutUint32(dst, $layout)
	return nil
}
";

const REPLY: &str = "
// $Header is what a snapshot says besides its items.
type $Header struct {
$fields
}

// $Reply is a snapshot as it came. An item is validated when it is asked for, so that a corrupt one spoils
// only itself.
type $Reply struct {
	$Header
	// ItemCount is the number of items.
	ItemCount uint32
	// Generation changes when the server's data does.
	Generation uint64

	payload []byte
	list protocol.Packed
}

// $DecodeReply reads a snapshot and checks its directory; items are checked on access. It fails with
// [protocol.ErrTruncated], [protocol.ErrBadLayout], [protocol.ErrBadAlignment] or [protocol.ErrOutOfBounds].
func $DecodeReply(payload []byte) (reply $Reply, err error) {
	if len(payload) < $PHeaderLen {
		return reply, protocol.NewWireError(protocol.ErrTruncated, \"snapshot header\", $PHeaderLen, uint64(len(payload)))
	}
	b := payload[:$PHeaderLen]
	if found := binary.LittleEndian.Uint32(b); found != $layout {
		return reply, protocol.NewWireError(protocol.ErrBadLayout, \"layout and reserved\", $layout, uint64(found))
	}
	$reads$checkedcount := binary.LittleEndian.Uint32(b[4:])
	list, err := protocol.ParsePacked(payload, $PHeaderLen, count, protocol.ListRules{MinLen: $len})
	if err != nil {
		return $Reply{}, err
	}
	reply.ItemCount, reply.Generation = count, binary.LittleEndian.Uint64(b[$generationAt:])
	reply.payload, reply.list = payload, list
	return reply, nil
}

// Len returns the number of items.
func (r *$Reply) Len() int { return r.list.Len() }

// Item returns item i. It fails with what is wrong with the item, or with [protocol.ErrOutOfBounds] beyond the last.
func (r *$Reply) Item(i uint32) (item $Item, err error) {
	err = r.Read(i, &item)
	return item, err
}

// Read makes item what Item returns, without a copy of it. It fails as Item does, and leaves item alone then.
func (r *$Reply) Read(i uint32, item *$Item) error {
	if i >= r.ItemCount {
		return protocol.NewWireError(protocol.ErrOutOfBounds, \"item index\", uint64(r.ItemCount), uint64(i))
	}
	bytes := r.list.At(protocol.ReadSpan(r.list.Directory()[int(i)*protocol.EntryLen:]))
	if err := $check(bytes); err != nil {
		return err
	}
	item.read(bytes)
	return nil
}

// Validate checks every item at once; it fails with what is wrong with the first bad one.
func (r *$Reply) Validate() error {
	var item $Item
	for i := range r.ItemCount {
		if err := r.Read(i, &item); err != nil {
			return err
		}
	}
	return nil
}

// Payload returns the whole snapshot.
func (r *$Reply) Payload() []byte { return r.payload }

// List returns the packed items, which are not validated.
func (r *$Reply) List() protocol.Packed { return r.list }
";

const ITEM: &str = "
// Decode$PItem reads and validates an item. It fails with [protocol.ErrTruncated], [protocol.ErrBadLayout],
// [protocol.ErrOutOfBounds] or [protocol.ErrMissingNul].
func Decode$PItem(bytes []byte) (item $Item, err error) {
	if err = $check(bytes); err == nil {
		item.read(bytes)
	}
	return item, err
}

// Read$PItem reads an item that was decoded before: nothing is looked at twice. That of no bytes is empty.
func Read$PItem(valid protocol.Valid[$Item]) (item $Item) {
	if bytes := valid.Bytes(); len(bytes) > 0 {
		item.read(bytes)
	}
	return item
}
";

const BUILDER: &str = "
// $Builder takes the items of a snapshot.
//
// Overflow is sticky: a snapshot that did not fit is answered as such, and the client comes back with room for
// more. It is never sent as if it were whole, unless the handler says so.
type $Builder struct {
	list protocol.PackedWriter
	header $Header
	generation uint64
	err error
}

// Start begins a snapshot of at most len(buf) bytes and forgets what was there before. It fails with
// [protocol.ErrOverflow] where not even the header fits.
func (b *$Builder) Start(buf []byte) error {
	list, err := protocol.NewGrowingPackedWriter(buf, $PHeaderLen)
	*b = $Builder{list: list, err: err}
	return err
}

// SetHeader sets what the snapshot says besides its items, and the generation of the data: zeros unless set, at any
// time.
func (b *$Builder) SetHeader($parameters, generation uint64) {
	b.header, b.generation = $values, generation
}

// ItemCount returns the items so far.
func (b *$Builder) ItemCount() int { return b.list.Len() }

// Err returns what went wrong first, if anything.
func (b *$Builder) Err() error { return b.err }

// AcceptTruncated sends the items that fitted, as if they were all.
func (b *$Builder) AcceptTruncated() {
	if b.list.Cap() >= $PHeaderLen && errors.Is(b.err, protocol.ErrOverflow) {
		b.err = nil
	}
}

// Finish ends the snapshot; it returns its length. It fails with the first error that was met.
func (b *$Builder) Finish() (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	$checkedToSendfront, length := b.list.Finish()
	binary.LittleEndian.PutUint32(front[0:], $layout)
	binary.LittleEndian.PutUint32(front[4:], uint32(b.list.Len()))
	$putsbinary.LittleEndian.PutUint64(front[$generationAt:], b.generation)
	return length, nil
}

func (b *$Builder) push(item *$Item) error {
	if b.err != nil {
		return b.err
	}
	size := item.size()
	dst, err := b.list.Open(size)
	if err == nil {
		err = item.encode(dst)
	}
	if err != nil {
		b.err = err
		return err
	}
	b.list.Commit(size)
	return nil
}
";

const ADD_ITEM: &str = "
// Add adds an item. It fails with [protocol.ErrOverflow] where it does not fit, with [protocol.ErrBadLayout] where it
// may not be sent. The first error is kept and decides how the request ends.
func (b *$Builder) Add(item $Item) error { return b.push(&item) }
";

const ADD_FIELDS: &str = "
// Add adds an item of these fields. It fails as Push does.
func (b *$Builder) Add($all) error {
	return b.push(&$Item{$made})
}

// Push adds an item. It fails with [protocol.ErrOverflow] where it does not fit, with [protocol.ErrBadLayout] where it
// may not be sent. The first error is kept and decides how the request ends.
func (b *$Builder) Push(item $Item) error { return b.push(&item) }
";
