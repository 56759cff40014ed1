//! Keys and items of lookups; request, reply and builder of snapshots.

use std::fmt::Write;

use super::codec::{expect, get, put, rules_of_fields};
use super::service::argument;
use super::types::{go_name, go_type, write_fields};
use crate::model::{Field, KeyForm, LookupKind, Record, Schema, SnapshotKind, Type};

/// The key of a lookup, and what makes the item one of it.
pub(super) fn write_lookup(out: &mut String, schema: &Schema, kind: &LookupKind) {
    out.push_str("\n// Key is what is looked up.\ntype Key struct {\n");
    write_fields(out, kind.key.named());
    out.push_str("}\n");
    let same: Vec<String> = kind
        .key
        .named()
        .map(|field| {
            let name = go_name(field);
            match field.form {
                Type::Text => format!("k.{name}.Equal(other.{name})"),
                _ => format!("k.{name} == other.{name}"),
            }
        })
        .collect();
    let _ = write!(
        out,
        "\n// Same tells whether both are the same key.\nfunc (k Key) Same(other Key) bool {{ return {} }}\n",
        same.join(" && ")
    );
    match (kind.form(), kind.alone()) {
        (KeyForm::Text, Some(field)) => text_key(out, field),
        (KeyForm::Ip, Some(field)) => ip_key(out, field),
        _ => fixed_key(out, schema, &kind.key),
    }
    let _ = write!(
        out,
        "\n// CheckAll fails unless every item of list is a key.\nfunc (Key) CheckAll(list protocol.Packed) error {{\n\
         return list.Check(protocol.ListRules{{MinLen: {}, Ordered: true}}, checkKey)\n}}\n",
        kind.shortest()
    );
    item(out, kind);
    if kind.cached {
        cache(out, kind);
    }
}

fn text_key(out: &mut String, field: &Field) {
    let (name, label, min) = (go_name(field), field.label(), field.min.unwrap_or(0));
    let mut broken = Vec::new();
    if min > 0 {
        broken.push(format!("length < {min}"));
    }
    if let Some(max) = field.max {
        broken.push(format!("length > {max}"));
    }
    let bounds = if broken.is_empty() {
        String::new()
    } else {
        format!(
            "if length := {{length}}; {} {{\n\
             return protocol.NewWireError(protocol.ErrBadLayout, \"{label} length\", {min}, uint64(length))\n}}\n",
            broken.join(" || ")
        )
    };
    let _ = write!(
        out,
        "\n// Size returns the bytes on the wire.\nfunc (k Key) Size() int {{ return k.{name}.Len() + 1 }}\n\
         \n// Encode writes the key to dst, which has exactly Size bytes.\nfunc (k Key) Encode(dst []byte) error {{\n{}\
         return protocol.PutText(dst, k.{name}, \"{label}\")\n}}\n\
         \n// Read returns the key in bytes that were checked.\nfunc (Key) Read(key protocol.Valid[Key]) Key {{\n\
         bytes := key.Bytes()\nreturn Key{{{name}: protocol.CString(bytes[:max(len(bytes), 1)-1])}}\n}}\n\
         \n// checkKey fails unless bytes are a key.\nfunc checkKey(bytes []byte) error {{\n\
         span := protocol.Span{{Len: uint32(max(len(bytes), 1) - 1)}}\n\
         if err := protocol.CheckText(bytes, 0, span, \"{label}\"); err != nil {{\nreturn err\n}}\n\
         if err := protocol.CheckNoNul(protocol.TextAt(bytes, span), \"{label}\"); err != nil {{\nreturn err\n}}\n{}return nil\n}}\n",
        bounds.replace("{length}", &format!("k.{name}.Len()")),
        bounds.replace("{length}", "len(bytes) - 1"),
    );
}

fn ip_key(out: &mut String, field: &Field) {
    let (name, label) = (go_name(field), field.label());
    let _ = write!(
        out,
        "\n// Size returns the bytes on the wire.\nfunc (k Key) Size() int {{ return k.{name}.BitLen() / 8 }}\n\
         \n// Encode writes the key to dst, which has exactly Size bytes. It fails with [protocol.ErrBadLayout] for none.\n\
         func (k Key) Encode(dst []byte) error {{\nif !k.{name}.IsValid() {{\n\
         return protocol.NewWireError(protocol.ErrBadLayout, \"{label}\", 16, 0)\n}}\ncopy(dst, k.{name}.AsSlice())\n\
         return nil\n}}\n\
         \n// Read returns the key in bytes that were checked.\nfunc (Key) Read(key protocol.Valid[Key]) Key {{\n\
         address, _ := netip.AddrFromSlice(key.Bytes())\nreturn Key{{{name}: address}}\n}}\n\
         \n// checkKey fails unless bytes are a key.\nfunc checkKey(bytes []byte) error {{\n\
         if len(bytes) != 4 && len(bytes) != 16 {{\n\
         return protocol.NewWireError(protocol.ErrBadLayout, \"{label} length\", 16, uint64(len(bytes)))\n}}\nreturn nil\n}}\n"
    );
}

fn fixed_key(out: &mut String, schema: &Schema, key: &Record) {
    let size = key.size;
    let rules = rules_of_fields(key);
    let _ = write!(
        out,
        "\nconst keyLen = {size}\n\n// Size returns the bytes on the wire.\nfunc (k Key) Size() int {{ return keyLen }}\n\
         \n// Encode writes the key to dst, which has exactly Size bytes.\nfunc (k Key) Encode(dst []byte) error {{\n{}",
        if rules.is_empty() {
            ""
        } else {
            "if err := k.check(); err != nil {\nreturn err\n}\n"
        }
    );
    for field in &key.fields {
        out.push_str(&put(field, "k."));
    }
    out.push_str("return nil\n}\n");
    let fields: Vec<String> = key
        .named()
        .map(|field| format!("{}: {}", go_name(field), get(field, "bytes")))
        .collect();
    let _ = write!(
        out,
        "\n// Read returns the key in bytes that were checked.\nfunc (Key) Read(key protocol.Valid[Key]) Key {{\n\
         return readKey(key.Bytes())\n}}\n\
         \nfunc readKey(bytes []byte) Key {{\nif len(bytes) != keyLen {{\nreturn Key{{}}\n}}\nreturn Key{{{}}}\n}}\n\
         \n// checkKey fails unless bytes are a key.\nfunc checkKey(bytes []byte) error {{\nif len(bytes) != keyLen {{\n\
         return protocol.NewWireError(protocol.ErrBadLayout, \"{} key length\", keyLen, uint64(len(bytes)))\n}}\n",
        fields.join(", "),
        schema.name
    );
    for field in &key.fields {
        out.push_str(&expect(field, "bytes"));
    }
    if rules.is_empty() {
        out.push_str("return nil\n}\n");
        return;
    }
    let _ = write!(
        out,
        "return readKey(bytes).check()\n}}\n\n// check tells which rule of the schema the key breaks.\n\
         func (v Key) check() error {{\n{rules}return nil\n}}\n"
    );
}

fn item(out: &mut String, kind: &LookupKind) {
    let keys: Vec<String> = kind
        .key
        .named()
        .map(|field| format!("{0}: v.{0}", go_name(field)))
        .collect();
    let mut bare: Vec<String> = kind
        .key
        .named()
        .map(|field| format!("{0}: key.{0}", go_name(field)))
        .collect();
    for field in kind
        .item
        .named()
        .filter(|field| field.unset != 0 && !field.key)
    {
        bare.push(format!("{0}: {0}Unset", go_name(field)));
    }
    let status = kind.item.named().next().map(go_type).unwrap_or_default();
    let text_key = kind.form() == KeyForm::Text;
    // The text of the key is the key as it stands in a request, with its NUL.
    let texts = kind
        .item
        .texts()
        .filter(|text| !(text_key && text.key))
        .count();
    let fixed = kind.item.size + texts;
    let plus = if text_key { ", PlusKey: true" } else { "" };
    let likely = kind.item.typical.map_or("bare".to_owned(), |bytes| {
        format!("protocol.KeyedSize{{Fixed: {bytes}}}")
    });
    let _ = write!(
        out,
        "\n// Key returns the key that this answers.\nfunc (v *Item) Key() Key {{ return Key{{{}}} }}\n\
         \n// StatusCode returns the status.\nfunc (v *Item) StatusCode() uint16 {{ return uint16(v.Status) }}\n\
         \n// Bare returns the item for key that holds only a status.\nfunc (*Item) Bare(key Key, status uint16) Item {{\n\
         return Item{{Status: {status}(status), {}}}\n}}\n\
         \n// Read makes it the item that was checked before.\nfunc (v *Item) Read(item protocol.Valid[Item]) {{ *v = readItem(item.Bytes()) }}\n\
         \n// CheckAll fails unless every item of list is one, in order.\nfunc (*Item) CheckAll(list protocol.Packed) error {{\n\
         return list.Check(protocol.ListRules{{MinLen: itemLen, Ordered: true}}, checkItem)\n}}\n\
         \n// Rules returns what is the same for all items.\nfunc (*Item) Rules() protocol.LookupRules {{\n\
         bare := protocol.KeyedSize{{Fixed: {fixed}{plus}}}\n\
         return protocol.LookupRules{{Exceeded: {}, Oversized: {}, Bare: bare, Likely: {likely}}}\n}}\n",
        keys.join(", "),
        bare.join(", "),
        kind.exceeded(),
        kind.oversized(),
    );
}

fn cache(out: &mut String, kind: &LookupKind) {
    let (named, _) = argument(kind);
    let field = kind.alone().map(go_name).unwrap_or_default();
    let (comparable, of_item) = match (kind.form(), kind.alone()) {
        (KeyForm::Text, Some(_)) => ("string".to_owned(), format!("item.{field}.String()")),
        (_, Some(one)) => (go_type(one), format!("item.{field}")),
        _ => ("Key".to_owned(), "item.Key()".to_owned()),
    };
    let same = match kind.form() {
        KeyForm::Text => format!("string(found.{field}.Bytes()) == key"),
        _ => format!("{} == key", of_item.replace("item.", "found.")),
    };
    let _ = write!(
        out,
        "\n// Cache keeps what was found for the keys of interest.\ntype Cache = service.Cache[{comparable}, Item]\n\
         \n// NewCache returns a cache around client, which is the cache's own from now on, that looks up keys.\n\
         func NewCache(client *Client, keys []{named}) *Cache {{\nreturn service.NewLookupCache(client, keys, cachedItems)\n}}\n\
         \nvar cachedItems = service.CachedItems[{comparable}, Item]{{\n\
         Decode: func(bytes []byte) (Item, error) {{\nif err := checkItem(bytes); err != nil {{\nreturn Item{{}}, err\n}}\n\
         return readItem(bytes), nil\n}},\n\
         View: func(item protocol.Valid[Item]) Item {{ return readItem(item.Bytes()) }},\n\
         Key: func(item Item) {comparable} {{ return {of_item} }},\n\
         // The cache hashes keys itself.\nHash: func({comparable}) uint32 {{ return 0 }},\n\
         Match: func(item protocol.Valid[Item], key {comparable}) (Item, bool) {{\n\
         found := readItem(item.Bytes())\nreturn found, {same}\n}},\n}}\n"
    );
}

/// Request, reply and builder of a snapshot.
pub(super) fn write_snapshot(out: &mut String, schema: &Schema, kind: &SnapshotKind) {
    let number = schema.layout.unwrap_or(1);
    let own = |field: &&Field| !["layout", "item_count", "generation"].contains(&field.label());
    let fields: Vec<Field> = kind
        .response
        .fields
        .iter()
        .skip(3)
        .filter(own)
        .cloned()
        .collect();
    let header = Record {
        fields,
        ..Record::default()
    };
    out.push_str("\n// Header is what a snapshot says besides its items.\ntype Header struct {\n");
    write_fields(out, header.named());
    let rules = rules_of_fields(&header);
    let _ = write!(
        out,
        "}}\n\nconst headerLen = {}\n\n// Request asks for the snapshot. It has no fields.\ntype Request struct{{}}\n\
         \n// Size returns the bytes on the wire.\nfunc (Request) Size() int {{ return 4 }}\n\
         \n// Encode writes the request to dst, which has exactly Size bytes.\nfunc (Request) Encode(dst []byte) error {{\n\
         binary.LittleEndian.PutUint32(dst, {number})\nreturn nil\n}}\n\
         \n// DecodeRequest reads a request. It fails with [protocol.ErrTruncated] or [protocol.ErrBadLayout].\n\
         func DecodeRequest(bytes []byte) (Request, error) {{\nif len(bytes) < 4 {{\n\
         return Request{{}}, protocol.NewWireError(protocol.ErrTruncated, \"{1} request\", 4, uint64(len(bytes)))\n}}\n\
         if found := binary.LittleEndian.Uint32(bytes); found != {number} {{\n\
         return Request{{}}, protocol.NewWireError(protocol.ErrBadLayout, \"layout and reserved\", {number}, uint64(found))\n}}\n\
         return Request{{}}, nil\n}}\n",
        kind.response.size, schema.name
    );
    reply(out, kind, &header, number, !rules.is_empty());
    builder(out, kind, &header, number, !rules.is_empty());
    if !rules.is_empty() {
        let _ = write!(
            out,
            "\n// check tells which rule of the schema the header breaks.\nfunc (v *Header) check() error {{\n{rules}return nil\n}}\n"
        );
    }
}

fn reply(out: &mut String, kind: &SnapshotKind, header: &Record, number: u16, checked: bool) {
    let mut reads = String::new();
    for field in &header.fields {
        reads.push_str(
            &expect(field, "bytes")
                .replace("return err\n", "return Reply{}, err\n")
                .replace(
                    "return protocol.NewWireError",
                    "return Reply{}, protocol.NewWireError",
                ),
        );
        if field.has_value() {
            let _ = if field.form == Type::Ip {
                writeln!(
                    reads,
                    "reply.{}, _ = protocol.ReadIP(bytes[{}:], \"{}\")",
                    go_name(field),
                    field.offset,
                    field.label()
                )
            } else {
                writeln!(reads, "reply.{} = {}", go_name(field), get(field, "bytes"))
            };
        }
    }
    let generation = kind.response.size - 8;
    let check = if checked {
        "if err := reply.check(); err != nil {\nreturn Reply{}, err\n}\n"
    } else {
        ""
    };
    let _ = write!(
        out,
        "\n// Reply is a snapshot as it came. An item is validated when it is asked for, so that a corrupt one spoils only\n\
         // itself.\ntype Reply struct {{\nHeader\n// Generation changes when the server's data does.\nGeneration uint64\n\n\
         list protocol.Packed\n}}\n\
         \n// DecodeReply reads a snapshot and checks its directory. It fails with [protocol.ErrTruncated],\n\
         // [protocol.ErrBadLayout], [protocol.ErrBadAlignment] or [protocol.ErrOutOfBounds].\n\
         func DecodeReply(bytes []byte) (Reply, error) {{\nif len(bytes) < headerLen {{\n\
         return Reply{{}}, protocol.NewWireError(protocol.ErrTruncated, \"snapshot header\", headerLen, uint64(len(bytes)))\n}}\n\
         if found := binary.LittleEndian.Uint32(bytes); found != {number} {{\n\
         return Reply{{}}, protocol.NewWireError(protocol.ErrBadLayout, \"layout and reserved\", {number}, uint64(found))\n}}\n\
         var reply Reply\n{reads}{check}reply.Generation = binary.LittleEndian.Uint64(bytes[{generation}:])\n\
         list, err := protocol.ParsePacked(bytes, headerLen, binary.LittleEndian.Uint32(bytes[4:]), protocol.ListRules{{MinLen: itemLen}})\n\
         if err != nil {{\nreturn Reply{{}}, err\n}}\nreply.list = list\nreturn reply, nil\n}}\n\
         \n// Len returns the number of items.\nfunc (r *Reply) Len() int {{ return r.list.Len() }}\n\
         \n// List returns the packed items, which are not validated.\nfunc (r *Reply) List() protocol.Packed {{ return r.list }}\n\
         \n// Item returns item i. It fails with what is wrong with the item, or with [protocol.ErrOutOfBounds] beyond the last.\n\
         func (r *Reply) Item(i int) (Item, error) {{\nif uint(i) >= uint(r.list.Len()) {{\n\
         return Item{{}}, protocol.NewWireError(protocol.ErrOutOfBounds, \"item index\", uint64(r.list.Len()), uint64(i))\n}}\n\
         bytes := r.list.Get(i)\nif err := checkItem(bytes); err != nil {{\nreturn Item{{}}, err\n}}\nreturn readItem(bytes), nil\n}}\n"
    );
}

fn builder(out: &mut String, kind: &SnapshotKind, header: &Record, number: u16, checked: bool) {
    let puts: String = header
        .fields
        .iter()
        .map(|field| put(field, "b.header."))
        .collect();
    let generation = kind.response.size - 8;
    let check = if checked {
        "if err := b.header.check(); err != nil {\nreturn 0, err\n}\n"
    } else {
        ""
    };
    let _ = write!(
        out,
        "\n// Builder takes the items of a snapshot. Overflow is sticky: a snapshot that did not fit is answered as such, and\n\
         // the client comes back with room for more.\ntype Builder struct {{\nlist protocol.PackedWriter\nheader Header\n\
         generation uint64\nerr error\n}}\n\
         \n// Start begins a snapshot of at most len(buf) bytes. It fails with [protocol.ErrOverflow] where not even the header\n\
         // fits.\nfunc (b *Builder) Start(buf []byte) error {{\nlist, err := protocol.NewGrowingPackedWriter(buf, headerLen)\n\
         *b = Builder{{list: list, err: err}}\nreturn err\n}}\n\
         \n// Set says what the snapshot says besides its items, and which generation of the data this is.\n\
         func (b *Builder) Set(header Header, generation uint64) {{ b.header, b.generation = header, generation }}\n\
         \n// Add adds an item. It fails with [protocol.ErrOverflow] where it does not fit, with [protocol.ErrBadLayout] where it\n\
         // may not be sent. The first error is kept and decides how the request ends.\n\
         func (b *Builder) Add(item Item) error {{\nif b.err != nil {{\nreturn b.err\n}}\nsize := item.Size()\n\
         dst, err := b.list.Open(size)\nif err == nil {{\nerr = item.Encode(dst)\n}}\nif err != nil {{\nb.err = err\nreturn err\n}}\n\
         b.list.Commit(size)\nreturn nil\n}}\n\
         \n// Err returns what went wrong first, if anything.\nfunc (b *Builder) Err() error {{ return b.err }}\n\
         \n// Finish ends the snapshot; it returns its length. It fails with the first error that was met.\n\
         func (b *Builder) Finish() (int, error) {{\nif b.err != nil {{\nreturn 0, b.err\n}}\n{check}\
         dst, length := b.list.Finish()\nbinary.LittleEndian.PutUint32(dst, {number})\n\
         binary.LittleEndian.PutUint32(dst[4:], uint32(b.list.Len()))\n{puts}\
         binary.LittleEndian.PutUint64(dst[{generation}:], b.generation)\nreturn length, nil\n}}\n"
    );
}
