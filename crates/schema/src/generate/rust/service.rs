//! What joins the types to clients, servers and caches.

use std::fmt::Write;

use super::super::names::camel;
use super::check::rules_of_key;
use super::codec::{expect, length, take};
use super::encode::put;
use super::types::{declarations, ident, number_of, rust_type};
use super::{BOTH, borrows, is_number, is_one, kept, key, records, struct_name};
use crate::doc::sentences;
use crate::model::{Field, Kind, LookupKind, Schema, SnapshotKind, Type, ValueKind};

/// The service, its names, and the traits of its kind.
pub(super) fn write(out: &mut String, schema: &Schema) {
    for (part, record) in records(schema) {
        let _ = writeln!(
            out,
            "/// Bytes of the fixed part.\nconst {}: usize = {};",
            length(part),
            record.size
        );
    }
    let name = camel(&schema.name);
    let _ = write!(
        out,
        "\n/// The service.\n#[derive(Clone, Copy, Debug)]\npub struct {name};\n\
         \n/// A client of `{0}`.\npub type {name}Client = Client<{name}>;\n\
         /// A server of `{0}`.\npub type {name}Server = Server<{name}>;\n\
         /// What answers the requests of a server.\npub type {name}Handler = Handler<{name}>;\n",
        schema.name
    );
    match &schema.kind {
        Kind::Value(kind) => value(out, schema, kind, &name),
        Kind::Snapshot(kind) => snapshot(out, schema, kind, &name),
        Kind::Lookup(kind) => lookup(out, schema, kind, &name),
    }
}

fn method(schema: &Schema) -> String {
    format!(
        "const METHOD: Method = Method {{\ncode: MethodCode({:#06x}),\nname: \"{}\",\nbatches: {},\n}};\n",
        schema.method,
        schema.name,
        schema.batches()
    )
}

fn layout(schema: &Schema) -> String {
    match schema.layout {
        None | Some(1) => String::new(),
        Some(number) => format!("const LAYOUT: u16 = {number};\n"),
    }
}

fn value(out: &mut String, schema: &Schema, kind: &ValueKind, name: &str) {
    let generic = |record, life: &str| {
        if borrows(record) {
            format!("<{life}>")
        } else {
            String::new()
        }
    };
    let form = |part: &str, record, life| {
        if is_number(record) {
            return "u64".to_owned();
        }
        let part = if is_one(kind) { BOTH } else { part };
        format!("{}{}", struct_name(schema, part), generic(record, life))
    };
    let request = |life| form("request", &kind.request, life);
    let response = |life| form("response", &kind.response, life);
    let _ = write!(
        out,
        "\nimpl Service for {name} {{\n{method}type Argument<'r> = {argument};\ntype Request<'a> = {asked};\n\
         type Reply<'a> = {reply};\ntype Answer<'a> = ValueAnswer<'a>;\n\
         \nfn call{call_life}(\nclient: &{client_life}mut AnyClient,\nrequest: &{given},\nwait: &Wait<'_>,\n\
         ) -> Result<{called}, CallError> {{\nclient.call::<ReplyOf<Self>>(Self::METHOD.code, request, wait)\n}}\n\
         \nfn answer<'a>(_: &{asked}, buf: &'a mut [u8]) -> Result<ValueAnswer<'a>, WireError> {{\n\
         Ok(ValueAnswer::new(buf))\n}}\n\
         \nfn finish(answer: ValueAnswer<'_>) -> Result<usize, WireError> {{\nanswer.finish()\n}}\n}}\n",
        method = method(schema),
        argument = request("'r"),
        asked = request("'a"),
        reply = response("'a"),
        given = request("'_"),
        called = response("'c"),
        call_life = if borrows(&kind.response) { "<'c>" } else { "" },
        client_life = if borrows(&kind.response) { "'c " } else { "" },
    );
}

fn snapshot(out: &mut String, schema: &Schema, kind: &SnapshotKind, name: &str) {
    let item = if borrows(&kind.item) {
        format!("{name}Item<'a>")
    } else {
        format!("{name}Item")
    };
    snapshot_request(out, schema, name);
    snapshot_view(out, kind, name, &item);
    let _ = write!(
        out,
        "\n/// Takes the items of a snapshot: `add` adds one, `set_header` says what stands in front of them all.\npub type {name}Builder<'a> = SnapshotAnswer<'a, {name}>;\n\
         \nimpl Service for {name} {{\n{method}type Argument<'r> = {name}Request;\ntype Request<'a> = {name}Request;\n\
         type Reply<'a> = {name}ResponseView<'a>;\ntype Answer<'a> = {name}Builder<'a>;\n\
         \nfn call<'c>(\nclient: &'c mut AnyClient,\nrequest: &{name}Request,\nwait: &Wait<'_>,\n\
         ) -> Result<{name}ResponseView<'c>, CallError> {{\n\
         client.call::<ReplyOf<Self>>(Self::METHOD.code, request, wait)\n}}\n\
         \nfn answer<'a>(_: &{name}Request, buf: &'a mut [u8]) -> Result<{name}Builder<'a>, WireError> {{\n\
         {name}Builder::new(buf)\n}}\n\
         \nfn finish(answer: {name}Builder<'_>) -> Result<usize, WireError> {{\nanswer.finish()\n}}\n}}\n\
         \nimpl Snapshot for {name} {{\n{layout}const ITEM_HEADER_LEN: usize = ITEM_LEN;\n\
         type Header = {name}Header;\ntype Item<'a> = {item};\n}}\n{by_item}",
        method = method(schema),
        layout = layout(schema),
        by_item = by_item(schema, name),
    );
    if !kind.cache.is_empty() {
        snapshot_cache(out, kind, name, &item);
    }
}

/// That answers are made of whole items. Kinds of the library have names for their fields besides.
fn by_item(schema: &Schema, name: &str) -> String {
    if schema.is_library() {
        String::new()
    } else {
        format!("\nimpl ByItem for {name} {{}}\n")
    }
}

/// What asks for a snapshot: the library's, where the layout is the first.
fn snapshot_request(out: &mut String, schema: &Schema, name: &str) {
    let about = "/// Asks for the snapshot. It has no fields.";
    let number = schema.layout.unwrap_or(1);
    if number == 1 {
        let _ = write!(
            out,
            "\n{about}\npub use netipc::snapshot::SnapshotRequest as {name}Request;\n"
        );
        return;
    }
    let _ = write!(
        out,
        "\n{about}\n#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]\npub struct {name}Request;\n\
         \nimpl Encode for {name}Request {{\nfn size(&self) -> usize {{\n4\n}}\n\
         \nfn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {{\n\
         out.record::<4>(|fields| fields.u16({number}).u16(0))\n}}\n}}\n\
         \nimpl Decode<'_> for {name}Request {{\nfn decode(bytes: &[u8]) -> Result<Self, WireError> {{\n\
         let mut r = Reader::record::<4>(bytes, \"{0} request\")?;\nr.expect_u16({number}, \"layout\")?;\n\
         r.expect_u16(0, \"reserved\")?;\nOk(Self)\n}}\n}}\n",
        schema.name,
    );
}

/// A reply as clients see it: with the fields of the header beside the items.
fn snapshot_view(out: &mut String, kind: &SnapshotKind, name: &str, item: &str) {
    let header: Vec<&Field> = header_fields(kind)
        .filter(|field| field.has_value())
        .collect();
    let reply = reply_field(kind);
    let (mut fields, mut made) = (String::new(), String::new());
    for field in header {
        let (about, field_name, form) = (sentences(field), ident(field), rust_type(field));
        let _ = writeln!(fields, "/// {about}\npub {field_name}: {form},");
        let _ = writeln!(made, "{field_name}: reply.header.{field_name},");
    }
    let whole = if reply == "reply" {
        "reply,"
    } else {
        "reply_: reply,"
    };
    let _ = write!(
        out,
        "\n/// A snapshot as it came. An item is validated when it is asked for, so that a corrupt one spoils\n\
         /// only itself.\n#[derive(Clone, Copy, Debug)]\npub struct {name}ResponseView<'a> {{\n\
         /// Number of items.\npub item_count: u32,\n{fields}\
         /// Changes when the provider's data does.\npub generation: u64,\n{reply}: SnapshotReply<'a, {name}>,\n}}\n\
         \nimpl<'a> {name}ResponseView<'a> {{\n/// Item `index`.\n///\n/// # Errors\n\
         /// What is wrong with the item, or\n\
         /// [`WireErrorKind::OutOfBounds`](netipc::wire::WireErrorKind::OutOfBounds) beyond the last.\n\
         pub fn item(&self, index: u32) -> Result<{item}, WireError> {{\nself.{reply}.item(index)\n}}\n\
         \n/// Every item, in order.\npub fn iter(&self) -> impl ExactSizeIterator<Item = Result<{item}, WireError>> + use<'a> {{\n\
         self.{reply}.iter()\n}}\n\
         \n/// Validates every item at once.\n///\n/// # Errors\n/// What is wrong with the first bad item.\n\
         pub fn validate(&self) -> Result<(), WireError> {{\nself.{reply}.validate()\n}}\n\
         \n/// The items as bytes, not validated.\n#[must_use]\npub const fn list(&self) -> Packed<'a> {{\n\
         self.{reply}.list()\n}}\n\
         \n/// The whole reply as bytes, with the proof.\n#[must_use]\npub fn valid(&self) -> Valid<'a, Self> {{\n\
         self.{reply}.valid_view()\n}}\n}}\n\
         \nimpl<'a> From<SnapshotReply<'a, {name}>> for {name}ResponseView<'a> {{\n#[inline]\n\
         fn from(reply: SnapshotReply<'a, {name}>) -> Self {{\nSelf {{\n\
         item_count: u32::try_from(reply.len()).unwrap_or(u32::MAX),\n{made}generation: reply.generation,\n{whole}\n}}\n}}\n}}\n\
         \nimpl<'a> Decode<'a> for {name}ResponseView<'a> {{\n\
         fn decode(payload: &'a [u8]) -> Result<Self, WireError> {{\nSnapshotReply::decode(payload).map(Self::from)\n}}\n\
         \nfn view(valid: Valid<'a, Self>) -> Self {{\nSnapshotReply::of_view(valid).into()\n}}\n}}\n"
    );
}

/// The name of what a view has of the library: one that no field of the header has.
fn reply_field(kind: &SnapshotKind) -> &'static str {
    if header_fields(kind).any(|field| field.is("reply")) {
        "reply_"
    } else {
        "reply"
    }
}

/// The fields of a header that are the service's own.
fn header_fields(kind: &SnapshotKind) -> impl Iterator<Item = &Field> {
    let own = |field: &&Field| !["layout", "item_count", "generation"].contains(&field.label());
    // In front of them stand layout, a reserved number and the count.
    kind.response.fields.iter().skip(3).filter(own)
}

fn snapshot_cache(out: &mut String, kind: &SnapshotKind, name: &str, item: &str) {
    let fields: Vec<&Field> = kind
        .cache
        .iter()
        .filter_map(|name| kind.item.named().find(|field| field.is(name)))
        .collect();
    let borrows = fields.iter().any(|field| field.form == Type::Text);
    let (generic, of_k) = if borrows { ("<'a>", "<'k>") } else { ("", "") };
    let _ = write!(
        out,
        "\n/// A cache of the last good snapshot.\npub type {name}Cache = Cache<{name}>;\n\
         \n/// What a cache finds an item by.\n#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]\n\
         pub struct {name}Key{generic} {{\n"
    );
    out.push_str(&declarations(fields.iter().copied()));
    let made: Vec<String> = fields
        .iter()
        .map(|field| format!("{0}: item.{0}", ident(field)))
        .collect();
    let _ = write!(
        out,
        "}}\n\nimpl Cached for {name} {{\ntype Query = ();\ntype Header = {name}Header;\n\
         type Key<'k> = {name}Key{of_k};\ntype Item<'a> = {item};\n\
         \nfn fetch<'c>(\nclient: &'c mut AnyClient,\n(): &(),\nwait: &Wait<'_>,\n\
         ) -> Result<Fetched<'c, Self>, CallError> {{\nlet reply = Self::call(client, &{name}Request, wait)?.{reply};\n\
         Ok(Fetched::unchecked(reply.generation, reply.header, reply.list()))\n}}\n\
         \n#[inline]\nfn key<'a>(item: &Self::Item<'a>) -> Self::Key<'a> {{\n{name}Key {{ {made} }}\n}}\n{hash}\
         \n#[inline]\nfn matching<'a>(item: Valid<'a, Self::Item<'a>>, key: Self::Key<'_>) -> Option<Self::Item<'a>> {{\n\
         {read}.filter(|item| {matches})\n}}\n}}\n",
        read = if kind.item.texts().next().is_some() {
            format!("{}::reread(item.bytes())", item.trim_end_matches("<'a>"))
        } else {
            "Some(item.view())".to_owned()
        },
        made = made.join(", "),
        reply = reply_field(kind),
        hash = if fields.iter().any(is_hash) {
            "\n#[inline]\nfn hash(key: Self::Key<'_>) -> u32 {\nkey.hash\n}\n"
        } else {
            ""
        },
        matches = fields
            .iter()
            .map(|field| same(field))
            .collect::<Vec<_>>()
            .join(" && "),
    );
}

/// Whether the field has the hash of what the cache finds items by.
fn is_hash(field: &&Field) -> bool {
    field.is("hash") && field.form == Type::Unsigned(4)
}

/// Whether an item and a key have the same value of a field.
fn same(field: &Field) -> String {
    let name = ident(field);
    if field.form == Type::Text {
        format!("same_bytes(&item.{name}, &key.{name})")
    } else {
        format!("item.{name} == key.{name}")
    }
}

/// What a snapshot says besides its items.
pub(super) fn write_header(out: &mut String, schema: &Schema, kind: &SnapshotKind) {
    let name = format!("{}Header", camel(&schema.name));
    let fields: Vec<&Field> = header_fields(kind).collect();
    let named: Vec<&&Field> = fields.iter().filter(|field| field.has_value()).collect();
    let _ = write!(
        out,
        "\n/// {}\n#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]\npub struct {name} {{\n",
        if kind.response.about.is_empty() {
            "What a snapshot says besides its items: nothing."
        } else {
            &kind.response.about
        }
    );
    out.push_str(&declarations(named.iter().map(|field| **field)));
    let _ = write!(
        out,
        "}}\n\nimpl SnapshotHeader for {name} {{\nfn read(r: &mut Reader<'_>) -> Result<Self, WireError> {{\n"
    );
    for field in &fields {
        let _ = if field.has_value() {
            writeln!(out, "let {} = {};", ident(field), take(field))
        } else {
            writeln!(out, "{}", expect(field))
        };
    }
    let made: Vec<String> = named.iter().map(|field| ident(field)).collect();
    let values: Vec<&Field> = named.iter().map(|field| **field).collect();
    let rules = rules_of_key(&values, false);
    let puts: String = fields.iter().map(|field| put(field, 0)).collect();
    let _ = write!(
        out,
        "Ok(Self {{ {} }})\n}}\n\nfn write<'f>(&self, fields: Fields<'f>) -> Fields<'f> {{\nfields{puts}\n}}\n{checked}}}\n",
        made.join(", "),
        checked = if rules.is_empty() {
            String::new()
        } else {
            format!("\nfn check(&self) -> Result<(), WireError> {{\n{rules}Ok(())\n}}\n")
        }
    );
}

fn lookup(out: &mut String, schema: &Schema, kind: &LookupKind, name: &str) {
    let (item_life, key_life) = (borrows(&kind.item), key::borrows(kind));
    let item = if item_life {
        format!("{name}Item<'a>")
    } else {
        format!("{name}Item")
    };
    let key_name = format!("{name}Key");
    let key_a = if key_life {
        format!("{key_name}<'a>")
    } else {
        key_name.clone()
    };
    let same = if key_life {
        "// Handlers mostly answer with the very key that they were asked.\n\
         ptr::eq(a.as_bytes(), b.as_bytes()) || a == b"
    } else {
        "a == b"
    };
    let estimate = kind.item.typical.map_or(String::new(), |bytes| {
        format!("\n#[inline]\nfn reply_estimate(_: Key<'_, Self>) -> usize {{\n{bytes}\n}}\n")
    });
    let _ = write!(
        out,
        "/// The keys of a request.\npub type {name}RequestView<'a> = LookupRequest<'a, {name}>;\n\
         /// The items of a reply.\npub type {name}ResponseView<'a> = LookupReply<'a, {name}>;\n\
         /// Takes an item for each key.\npub type {name}Builder<'a> = LookupAnswer<'a, {name}>;\n\
         \nimpl Lookup for {name} {{\n{method}{layout}type Item<'a> = {item};\ntype Argument<'k> = {argument};\n\
         \n#[inline]\nfn same(a: Key<'_, Self>, b: Key<'_, Self>) -> bool {{\n{same}\n}}\n{estimate}}}\n",
        method = method(schema),
        layout = layout(schema),
        argument = key::argument(kind, &key_name),
    );
    lookup_item(out, schema, kind, &item, &key_a);
    if kind.cached {
        lookup_cache(out, kind, name, &key_name);
    }
}

fn lookup_item(out: &mut String, schema: &Schema, kind: &LookupKind, item: &str, key_a: &str) {
    let Some(status) = kind.item.named().next() else {
        return;
    };
    let key_name = format!("{}Key", camel(&schema.name));
    let protocol = |number: u64| number_of(status, number.into());
    let life = if item.ends_with("<'a>") || key_a.ends_with("<'a>") {
        "<'a>"
    } else {
        ""
    };
    let of = if life.is_empty() { "'_" } else { "'a" };
    let rest = kind
        .item
        .named()
        .any(|field| !field.key && !field.is("status"));
    let _ = write!(
        out,
        "\nimpl{life} LookupItem<{of}> for {item} {{\nconst HEADER_LEN: usize = ITEM_LEN;\n\
         const EXCEEDED: u16 = {}.0;\nconst OVERSIZED: u16 = {}.0;\ntype Key = {key_a};\n\
         \n#[inline]\nfn key(&self) -> {key_a} {{\n{}\n}}\n\
         \n#[inline]\nfn status(&self) -> u16 {{\nself.status.0\n}}\n\
         \n#[inline]\nfn bare(key: {key_a}, status: u16) -> Self {{\nSelf {{\nstatus: {}(status),\n{}{}}}\n}}\n",
        protocol(kind.exceeded()),
        protocol(kind.oversized()),
        key::of_item(kind, &key_name),
        rust_type(status),
        key::into_item(kind),
        if rest { "..Self::UNSET\n" } else { "" },
    );
    kept::write(out, schema, kind, of);
    out.push_str("}\n");
}

fn lookup_cache(out: &mut String, kind: &LookupKind, name: &str, key_name: &str) {
    let (owned, made) = match kind.alone() {
        Some(field) if field.form == Type::Text => (
            "CStrBuf".to_owned(),
            format!(
                "// One that cannot be a key finds nothing, as the empty one does.\n{key_name}::checked(owned.view())"
            ),
        ),
        Some(field) => (rust_type(field), format!("{key_name}(*owned)")),
        None => (key_name.to_owned(), "*owned".to_owned()),
    };
    let _ = write!(
        out,
        "\n/// A cache of what was found for the keys of interest.\npub type {name}Cache = Cache<{name}>;\n\
         \nimpl CachedLookup for {name} {{\ntype OwnedKey = {owned};\n\
         \nfn key(owned: &{owned}) -> Key<'_, Self> {{\n{made}\n}}\n}}\n"
    );
}
