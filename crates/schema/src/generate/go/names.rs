//! What things are called in Go: short in a package of their own, as integrations know them in the module.

use crate::model::{Field, Schema};

/// A kind whose names integrations know.
struct Library {
    service: &'static str,
    /// In front of names in the package `protocol`.
    prefix: &'static str,
    /// The key of a lookup.
    key: &'static str,
    /// The type of a request and a response that are one value.
    plain: Option<&'static str>,
    /// In front of the names of bits.
    bit: &'static str,
}

const LIBRARY: [Library; 5] = [
    library("increment", "Increment", "", Some("Number")),
    library("cgroups-snapshot", "Cgroups", "", None),
    library(
        "string-reverse",
        "StringReverse",
        "",
        Some("StringReverseView"),
    ),
    library("cgroups-lookup", "CgroupsLookup", "TextKey", None),
    library("apps-lookup", "AppsLookup", "NumberKey", None),
];

const fn library(
    service: &'static str,
    prefix: &'static str,
    key: &'static str,
    plain: Option<&'static str>,
) -> Library {
    Library {
        service,
        prefix,
        key,
        plain,
        bit: "Option",
    }
}

/// A schema, and what its things are called.
pub(super) struct Go<'s> {
    pub(super) schema: &'s Schema,
    library: Option<&'static Library>,
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
        let library = LIBRARY.iter().find(|known| known.service == schema.name);
        Self { schema, library }
    }

    /// Whether names are those of the module's package `protocol`.
    pub(super) const fn is_library(&self) -> bool {
        self.library.is_some()
    }

    /// The type of requests and responses that are one value without a struct around it.
    pub(super) fn plain(&self) -> Option<&'static str> {
        self.library.and_then(|library| library.plain)
    }

    /// In front of names that are not those of types.
    pub(super) fn prefix(&self) -> &'static str {
        self.library.map_or("", |library| library.prefix)
    }

    /// In front of the names of bits, where flags have no type.
    pub(super) fn bit(&self) -> Option<&'static str> {
        self.library.map(|library| library.bit)
    }

    /// `Item` as `protocol.AppsLookupItemView`, or as it is.
    fn named(&self, name: &str, end: &str) -> String {
        self.library.map_or_else(
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
            crate::Kind::Lookup(_) => self.named("Request", "RequestView"),
            _ => self.named("Request", "Request"),
        }
    }

    pub(super) fn builder(&self) -> String {
        self.named("Builder", "Builder")
    }

    /// The key of a lookup.
    pub(super) fn key(&self) -> String {
        self.library.map_or_else(
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
    let name = super::super::names::camel(field.label());
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    let name: String = first.into_iter().chain(letters).collect();
    if TAKEN.split(' ').any(|taken| taken == name) {
        name + "Field"
    } else {
        name
    }
}
