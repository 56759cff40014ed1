//! The kinds that every peer knows: their schemas, and how their numbers differ from those of integrations.

use std::sync::LazyLock;

use crate::{Schema, parse};

/// Names of services, their methods, and the files below `services` that say the rest.
macro_rules! kinds {
    ($($name:literal = $method:literal),* $(,)?) => {
        [$(Known {
            name: $name,
            method: $method,
            file: concat!($name, ".toml"),
            text: include_str!(concat!("../../../services/", $name, ".toml")),
        }),*]
    };
}

/// A kind that every peer knows.
struct Known {
    name: &'static str,
    method: u16,
    file: &'static str,
    text: &'static str,
}

const KINDS: [Known; 5] = kinds![
    "cgroups-snapshot" = 2,
    "cgroups-lookup" = 4,
    "apps-lookup" = 5,
    "increment" = 1,
    "string-reverse" = 3,
];

/// Numbers of methods from here on are those of integrations.
const OTHERS: u16 = 0x8000;

/// The schemas of the kinds that every peer knows, which the libraries have in each language.
///
/// ```
/// let mut names = netipc_schema::library().iter().map(|schema| &schema.name);
/// assert!(names.any(|name| name == "apps-lookup"));
/// ```
#[must_use]
pub fn library() -> &'static [Schema] {
    static SCHEMAS: LazyLock<Vec<Schema>> = LazyLock::new(|| {
        let read = |kind: &Known| parse(kind.file, kind.text).expect("the services are checked");
        KINDS.iter().map(read).collect()
    });
    &SCHEMAS
}

/// Why `service` cannot have the number `method`, which is kept for kinds that every peer knows.
pub(crate) fn kept(service: &str, method: u16) -> Option<String> {
    if method >= OTHERS {
        return None;
    }
    match KINDS.iter().find(|kind| kind.method == method) {
        Some(kind) if kind.name == service => None,
        Some(kind) => Some(format!("{method} is the method of {}", kind.name)),
        None => Some(format!("{method} is kept for kinds of the library")),
    }
}

/// What to write instead of a number that is [`kept`].
pub(crate) const NOT_KEPT: &str = "write a number from 0x8000 on";

impl Schema {
    /// Whether it is one of the libraries' own kinds, by its number.
    pub(crate) const fn is_library(&self) -> bool {
        self.method < OTHERS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_can_be_read_and_has_a_number_of_ours() {
        let known = KINDS.iter().map(|kind| (kind.name, kind.method));
        let read = library().iter();
        assert!(known.eq(read.map(|schema| (schema.name.as_str(), schema.method))));
        assert!(library().iter().all(Schema::is_library));
    }
}
