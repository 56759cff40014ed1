//! What things are called in Go: short in a package of their own, as integrations know them in the module.

use crate::generate::names::{camel, stem};
use crate::model::{Field, KeyForm, Kind, LookupKind, Schema, Type, ValueKind};

/// Names in the module, as integrations know those of its kinds.
struct Library {
    /// In front of names in the package `protocol`.
    prefix: String,
    /// The key of a lookup.
    key: &'static str,
    /// The type of a request and a response that are one value.
    plain: Option<String>,
}

impl Library {
    /// The names of a kind, nothing where the module has no types for its keys.
    fn new(schema: &Schema) -> Option<Self> {
        let prefix = camel(stem(schema));
        let (key, plain) = match &schema.kind {
            Kind::Lookup(kind) => (key(kind)?, None),
            Kind::Value(kind) => ("", plain(kind, &prefix)),
            Kind::Snapshot(_) => ("", None),
        };
        Some(Self { prefix, key, plain })
    }
}

/// The type that the module has for keys of lookups.
fn key(kind: &LookupKind) -> Option<&'static str> {
    match (kind.form(), kind.alone().map(|field| &field.form)) {
        (KeyForm::Text, _) => Some("TextKey"),
        (_, Some(Type::Unsigned(4))) => Some("NumberKey"),
        _ => None,
    }
}

/// The type of a number, or of a text, that is asked for and answered.
fn plain(kind: &ValueKind, prefix: &str) -> Option<String> {
    match (&kind.request.fields[..], &kind.response.fields[..]) {
        ([asked], [answered]) if asked.form == answered.form => match asked.form {
            Type::Unsigned(8) => Some("Number".to_owned()),
            Type::Text => Some(format!("{prefix}View")),
            _ => None,
        },
        _ => None,
    }
}

/// A schema, and what its things are called.
pub(super) struct Go<'s> {
    pub(super) schema: &'s Schema,
    library: Option<Library>,
}

impl<'s> Go<'s> {
    /// In a package of its own.
    pub(super) const fn new(schema: &'s Schema) -> Self {
        Self {
            schema,
            library: None,
        }
    }

    /// In the module.
    pub(super) fn in_library(schema: &'s Schema) -> Self {
        let library = schema.is_library().then(|| Library::new(schema)).flatten();
        Self { schema, library }
    }

    /// Whether names are those of the module's package `protocol`.
    pub(super) const fn is_library(&self) -> bool {
        self.library.is_some()
    }

    /// The type of requests and responses that are one value without a struct around it.
    pub(super) fn plain(&self) -> Option<&str> {
        self.library
            .as_ref()
            .and_then(|library| library.plain.as_deref())
    }

    /// In front of names that are not those of types.
    pub(super) fn prefix(&self) -> &str {
        self.library.as_ref().map_or("", |library| &library.prefix)
    }

    /// In front of the names of bits, where flags have no type.
    pub(super) fn bit(&self) -> Option<&'static str> {
        self.is_library().then_some("Option")
    }

    /// `Item` as `protocol.AppsLookupItemView`, or as it is.
    fn named(&self, name: &str, end: &str) -> String {
        self.library.as_ref().map_or_else(
            || name.to_owned(),
            |library| format!("protocol.{}{end}", library.prefix),
        )
    }

    pub(super) fn item(&self) -> String {
        self.named("Item", "ItemView")
    }

    pub(super) fn reply(&self) -> String {
        self.named("Reply", "ResponseView")
    }

    pub(super) fn header(&self) -> String {
        self.named("Header", "Header")
    }

    /// The request of a list.
    pub(super) fn request(&self) -> String {
        match self.schema.kind {
            Kind::Lookup(_) => self.named("Request", "RequestView"),
            _ => self.named("Request", "Request"),
        }
    }

    pub(super) fn builder(&self) -> String {
        self.named("Builder", "Builder")
    }

    /// The key of a lookup.
    pub(super) fn key(&self) -> String {
        self.library.as_ref().map_or_else(
            || "Key".to_owned(),
            |library| format!("protocol.{}", library.key),
        )
    }

    /// The template, whose words behind a `$` are names, those of `more` first.
    pub(super) fn fill(&self, template: &str, more: &[(&str, &str)]) -> String {
        let (reply, request) = if self.is_library() {
            let prefix = self.prefix();
            (
                format!("protocol.Decode{prefix}Response"),
                format!("protocol.Decode{prefix}Request"),
            )
        } else {
            ("DecodeReply".to_owned(), "DecodeRequest".to_owned())
        };
        let own = [
            ("$DecodeReply", reply),
            ("$DecodeRequest", request),
            ("$Item", self.item()),
            ("$Reply", self.reply()),
            ("$Request", self.request()),
            ("$Builder", self.builder()),
            ("$HeaderName", self.header().replace("protocol.", "")),
            ("$Header", self.header()),
            ("$Key", self.key()),
            ("$P", self.prefix().to_owned()),
            ("$service", self.schema.name.clone()),
        ];
        let mut out = template.to_owned();
        for (word, name) in more {
            out = out.replace(word, name);
        }
        for (word, name) in &own {
            out = out.replace(word, name);
        }
        out
    }
}

/// The name of a local variable for the value of a field.
pub(super) fn local(field: &Field) -> String {
    const TAKEN: &str = "\
        any append asked b binary bool break builder byte bytes c cap case chan check clear \
        const context continue copy default defer dst else end err error false float32 for \
        found func g generation go goto guard if import int int16 int32 int64 int8 \
        interface item iter key len list map max netip nil package protocol range reply \
        return same select service spans string struct switch time true type uint16 uint32 \
        uint64 uint8 v var";
    let name = camel(field.label());
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    let name: String = first.into_iter().chain(letters).collect();
    if TAKEN.split(' ').any(|taken| taken == name) {
        name + "Field"
    } else {
        name
    }
}
