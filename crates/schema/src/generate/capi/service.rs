//! One service, and the words for the marks of the templates.

use super::super::names::constant;
use super::keys::{NUMBER_KEY, TEXT_KEY};
use super::numbers::enumeration;
use super::{fields, names};
use crate::generate::GenerateError;
use crate::model::{Enum, Field, Kind, LookupKind, Record, Schema, SnapshotKind, Type, ValueKind};

/// A service of the C library.
#[derive(Clone)]
pub(super) struct Service<'s> {
    pub(super) schema: &'s Schema,
    form: Form<'s>,
    /// The service whose functions say what those of all are.
    first: &'s Schema,
    /// The service of numbers that says what dispatch is.
    number: String,
}

/// What is different from kind to kind.
#[derive(Clone, Copy)]
enum Form<'s> {
    Snapshot(&'s SnapshotKind),
    /// A lookup, and its one key.
    Lookup(&'s LookupKind, &'s Field),
    Number,
    Text,
}

/// The templates of a kind.
struct Templates {
    codec: &'static str,
    function: &'static str,
    dispatch: &'static str,
    call: &'static str,
    handler: &'static str,
    callback: &'static str,
}

macro_rules! templates {
    ($kind:literal) => {
        Templates {
            codec: include_str!(concat!($kind, ".rs.in")),
            function: include_str!(concat!("fn_", $kind, ".rs.in")),
            dispatch: include_str!(concat!("dispatch_", $kind, ".rs.in")),
            call: include_str!(concat!("call_", $kind, ".rs.in")),
            handler: include_str!(concat!("handler_", $kind, ".rs.in")),
            callback: include_str!(concat!("callback_", $kind, ".rs.in")),
        }
    };
}

const SNAPSHOT: Templates = templates!("snapshot");
const LOOKUP: Templates = templates!("lookup");
const NUMBER: Templates = templates!("number");
const TEXT: Templates = templates!("text");

impl<'s> Service<'s> {
    /// The service of a schema, one of `all`.
    pub(super) fn new(schema: &'s Schema, all: &[&'s Schema]) -> Result<Self, GenerateError> {
        let wrong = |why: &str| GenerateError {
            service: schema.name.clone(),
            why: why.to_owned(),
        };
        let known = |record: &Record| record.named().all(fields::is_known);
        let form = match &schema.kind {
            Kind::Snapshot(kind) if known(&kind.item) && known(&kind.response) => {
                Form::Snapshot(kind)
            }
            Kind::Lookup(kind) if known(&kind.item) => match kind.alone() {
                Some(key) => Form::Lookup(kind, key),
                None => return Err(wrong("lookups of the C library have one field as key")),
            },
            Kind::Value(kind) => value(kind).ok_or_else(|| {
                wrong("values of the C library are one u64, or one text with NULs")
            })?,
            _ => return Err(wrong("the C library has numbers, texts and labels")),
        };
        let is_number = |schema: &&&Schema| match &schema.kind {
            Kind::Value(kind) => matches!(value(kind), Some(Form::Number)),
            _ => false,
        };
        let number = all.iter().find(is_number);
        Ok(Self {
            schema,
            form,
            first: all.first().copied().unwrap_or(schema),
            number: number
                .map(|schema| names::prefix(schema))
                .unwrap_or_default(),
        })
    }

    /// The file of its payloads.
    pub(super) fn module(&self) -> String {
        names::module(self.schema)
    }

    const fn templates(&self) -> &'static Templates {
        match self.form {
            Form::Snapshot(_) => &SNAPSHOT,
            Form::Lookup(..) => &LOOKUP,
            Form::Number => &NUMBER,
            Form::Text => &TEXT,
        }
    }

    /// Structs, and functions for bytes.
    pub(super) fn codec(&self) -> String {
        self.named(self.templates().codec)
    }

    pub(super) fn function(&self) -> String {
        self.named(self.templates().function)
    }

    pub(super) fn dispatch(&self) -> String {
        self.named(self.templates().dispatch)
    }

    pub(super) fn call(&self) -> String {
        self.named(self.templates().call)
    }

    pub(super) fn handler(&self) -> String {
        self.named(self.templates().handler)
    }

    pub(super) fn callback(&self) -> String {
        self.named(self.templates().callback)
    }

    /// What makes a server. The first says what all do.
    pub(super) fn server(&self) -> String {
        let template = include_str!("server.rs.in");
        let (_, function) = template.split_once("\n#").unwrap_or_default();
        let first = self.first.name == self.schema.name;
        self.named(&if first {
            format!("\n{}#{function}", include_str!("server_first.rs.in"))
        } else {
            template.to_owned()
        })
    }

    pub(super) fn raw_item(&self) -> String {
        self.of_lookup(include_str!("raw_item.rs.in"))
    }

    pub(super) fn raw_encode(&self) -> String {
        self.of_lookup(include_str!("raw_encode.rs.in"))
    }

    pub(super) fn estimate(&self) -> String {
        let (front, item, smallest) = match self.form {
            Form::Snapshot(kind) => ("SNAPSHOT_HEADER_LEN", "::ITEM_HEADER_LEN", nuls(&kind.item)),
            Form::Lookup(kind, _) => ("LOOKUP_HEADER_LEN", "Item::HEADER_LEN", nuls(&kind.item)),
            Form::Number | Form::Text => return String::new(),
        };
        let template = include_str!("estimate.rs.in")
            .replace("@front@", front)
            .replace("@smallest@", &format!("@Kind@{item} + {smallest}"));
        self.named(&template)
    }

    fn of_lookup(&self, template: &str) -> String {
        match self.form {
            Form::Lookup(..) => self.named(template),
            _ => String::new(),
        }
    }

    /// Where in the client the view of an answer points.
    pub(super) fn memory(&self) -> String {
        match self.form {
            Form::Snapshot(_) | Form::Lookup(..) => {
                self.named("    nipc_@p@_resp_view_t: payload, payload_len;\n")
            }
            Form::Text => self.named("    nipc_@p@_view_t: str, str_len;\n"),
            Form::Number => String::new(),
        }
    }

    /// Its enums, shared with other services or not: names, declarations, and what holds them to Rust.
    pub(super) fn enums(&self, shared: bool) -> Vec<(String, String, String)> {
        let of = |names: &&std::sync::Arc<Enum>| names.shared.is_some() == shared;
        self.schema
            .enums
            .iter()
            .filter(of)
            .map(|names| enumeration(names))
            .collect()
    }

    /// Constants for the sizes of a lookup's parts, and what holds them to Rust.
    pub(super) fn sizes(&self) -> (String, String) {
        let Form::Lookup(kind, key) = self.form else {
            return (String::new(), String::new());
        };
        let mut sizes = include_str!("sizes.rs.in").to_owned();
        let mut asserts = include_str!("sizes_asserted.rs.in").to_owned();
        if key.form != Type::Text {
            sizes.push_str(
                "/// A key of a request of @service@.\npub const NIPC_@P@_KEY_SIZE: u32 = @key_size@;\n",
            );
            asserts.push_str(
                "assert!(NIPC_@P@_KEY_SIZE as usize == <@Kind@Key as LookupKey>::MIN_LEN);\n",
            );
        }
        let sizes = sizes
            .replace("@key_size@", &kind.key.size.to_string())
            .replace("@item_size@", &kind.item.size.to_string());
        (self.named(&sizes), self.named(&asserts))
    }

    /// Paths of what Rust has of the service.
    pub(super) fn types(&self) -> Vec<String> {
        let (module, kind) = (self.module(), names::kind(self.schema));
        let ends = [
            "",
            "Builder",
            "Header",
            "Item",
            "Key",
            "Request",
            "RequestView",
            "ResponseView",
            "Value",
        ];
        let own = ends.map(|end| format!("netipc::service::{module}::{kind}{end}"));
        let enums = self.schema.enums.iter();
        own.into_iter()
            .chain(enums.map(|names| names::path(self.schema, names)))
            .collect()
    }

    /// Paths of what the made files of payloads and handlers have of it, where `body` does not make it.
    pub(super) fn c_types(&self, body: &str) -> Vec<String> {
        let ends = [
            "req_view_t",
            "req_t",
            "resp_view_t",
            "view_t",
            "builder_t",
            "handler_fn",
            "service_handler_t",
        ];
        let p = names::prefix(self.schema);
        let name = |end: &str| {
            let name = format!("nipc_{p}_{end}");
            let made = ["struct", "type"]
                .iter()
                .any(|word| body.contains(&format!("pub {word} {name} ")));
            let place = if end == "service_handler_t" {
                "service::made"
            } else {
                "protocol"
            };
            (!made).then(|| format!("crate::{place}::{name}"))
        };
        ends.iter().filter_map(|end| name(end)).collect()
    }

    /// The template with words for its marks.
    pub(super) fn named(&self, template: &str) -> String {
        let mut text = template.to_owned();
        match self.form {
            Form::Snapshot(kind) => self.snapshot(&mut text, kind),
            Form::Lookup(kind, key) => self.lookup(&mut text, kind, key),
            Form::Number | Form::Text => {}
        }
        let p = names::prefix(self.schema);
        let layout = self.schema.layout.unwrap_or(1).to_string();
        fill(
            &mut text,
            &[
                ("@first_init@", &names::init(self.first)),
                ("@init@", &names::init(self.schema)),
                ("@first@", &names::prefix(self.first)),
                ("@number@", &self.number),
                ("@service@", &self.schema.name),
                ("@about@", &self.schema.about),
                ("@a@", names::article(self.schema)),
                ("@module@", &self.module()),
                ("@Kind@", &names::kind(self.schema)),
                ("@layout@", &layout),
                ("@P@", &constant(&p)),
                ("@p@", &p),
            ],
        );
        text
    }

    fn snapshot(&self, text: &mut String, kind: &SnapshotKind) {
        let header: Vec<&Field> = header(kind);
        let on_wire = kind.response.fields.iter();
        let on_wire = on_wire.skip_while(|field| !field.is("item_count")).skip(1);
        let on_wire: Vec<&Field> = on_wire
            .take_while(|field| !field.is("generation"))
            .collect();
        let record = Record {
            fields: header.iter().map(|field| (*field).clone()).collect(),
            ..Record::default()
        };
        let names: Vec<&str> = header.iter().map(|field| field.label()).collect();
        let values = names.iter().map(|name| format!("{name}: reply.{name},\n"));
        let items: Vec<&Field> = kind.item.named().collect();
        fill(
            text,
            &[
                ("@view_fields@\n", &fields::declarations(&record)),
                ("@header_fields@\n", &fields::on_wire(&on_wire)),
                (
                    "@header_params@\n",
                    &fields::parameters(&header, &record, None),
                ),
                ("@header_arguments@", &fields::arguments(&header)),
                ("@header_values@", &values.collect::<String>()),
                (
                    "@header@",
                    &format!("@Kind@Header {{ {} }}", names.join(", ")),
                ),
            ],
        );
        self.item(text, &kind.item, &items, None, false);
    }

    fn lookup(&self, text: &mut String, kind: &LookupKind, key: &Field) {
        let is_text = key.form == Type::Text;
        let items = names::arguments(self.schema, kind.item.named().collect());
        let labels = kind.item.labels().is_some();
        let known = kind
            .status()
            .name_of(0)
            .map(|name| names::value(kind.status(), name));
        fill(
            text,
            &[
                (
                    "@label_function@",
                    if labels {
                        include_str!("label.rs.in")
                    } else {
                        ""
                    },
                ),
                (
                    "@add_request_item@",
                    if is_text {
                        include_str!("request_item.rs.in")
                    } else {
                        ""
                    },
                ),
                ("@KNOWN@", &known.clone().unwrap_or_default()),
            ],
        );
        let own_key = if is_text {
            include_str!("own_key.rs.in")
        } else {
            ""
        };
        let others: Vec<&Field> = items.iter().copied().filter(|field| !field.key).collect();
        fill(
            text,
            &[
                ("@own_key@", own_key),
                ("@other_arguments@", &fields::arguments(&others)),
            ],
        );
        let words = if is_text { TEXT_KEY } else { NUMBER_KEY };
        fill(text, &words);
        let key_type = fields::number(key).unwrap_or_else(|| "nipc_str_view_t".to_owned());
        fill(
            text,
            &[
                ("@keys@", &kind.plural),
                ("@key@", key.label()),
                ("@key_type@", &key_type),
                ("@key_about@", &fields::about(key)),
            ],
        );
        self.item(text, &kind.item, &items, known.as_deref(), is_text);
    }

    /// What is said of items, and how they are made.
    fn item(
        &self,
        text: &mut String,
        record: &Record,
        items: &[&Field],
        known: Option<&str>,
        key_is_text: bool,
    ) {
        // The text of a key is read before.
        let read: Vec<&Field> = items
            .iter()
            .copied()
            .filter(|field| !(key_is_text && field.key))
            .collect();
        fill(
            text,
            &[
                (
                    "@fields@\n",
                    &fields::of_view(record, self.schema.layout.unwrap_or(1)),
                ),
                ("@values@", &fields::values(record)),
                ("@add_params@\n", &fields::parameters(items, record, known)),
                ("@add_arguments@", &fields::arguments(items)),
                ("@read_arguments@", &fields::read(&read)),
                (
                    "@item_of_arguments@",
                    &fields::item(self.schema, record, key_is_text),
                ),
                ("@item_about@", &record.about),
            ],
        );
    }
}

/// Puts words where marks stand.
fn fill(text: &mut String, words: &[(&str, &str)]) {
    for (mark, word) in words {
        if text.contains(mark) {
            *text = text.replace(mark, word);
        }
    }
}

/// The kind of a value that is asked and answered alike.
fn value(kind: &ValueKind) -> Option<Form<'static>> {
    let one = |record: &Record| match &record.fields[..] {
        [field] if field.form == Type::Unsigned(8) => Some(Form::Number),
        [field] if field.form == Type::Text && field.nul => Some(Form::Text),
        _ => None,
    };
    match (one(&kind.request), one(&kind.response)) {
        (Some(Form::Number), Some(Form::Number)) if kind.batches => Some(Form::Number),
        (Some(Form::Text), Some(Form::Text)) => Some(Form::Text),
        _ => None,
    }
}

/// Bytes of an item's texts, as short as they may be: that of a key as the schema says, others empty.
fn nuls(record: &Record) -> i128 {
    let shortest = |field: &Field| 1 + field.min.filter(|_| field.key).unwrap_or(0);
    record.texts().map(shortest).sum()
}

/// The fields of a snapshot's header that the schema says.
fn header(kind: &SnapshotKind) -> Vec<&Field> {
    let own = ["item_count", "generation"];
    kind.response
        .named()
        .filter(|field| !own.contains(&field.label()))
        .collect()
}
