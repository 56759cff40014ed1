//! The kinds that every peer knows: their schemas, and how their numbers differ from those of integrations.

use std::sync::LazyLock;

use crate::{Schema, parse};

/// Names of files below `services`, and what is in them.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$((
            concat!($name, ".toml"),
            include_str!(concat!("../../../services/", $name, ".toml")),
        )),*]
    };
}

const FILES: [(&str, &str); 5] = files![
    "cgroups-snapshot",
    "cgroups-lookup",
    "apps-lookup",
    "increment",
    "string-reverse",
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
        let read = |(file, text)| parse(file, text).expect("the services are checked");
        FILES.map(read).into()
    });
    &SCHEMAS
}

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
        let names = FILES.map(|(file, _)| file.trim_end_matches(".toml"));
        let read = library().iter().map(|schema| schema.name.as_str());
        assert!(read.eq(names));
        assert!(library().iter().all(Schema::is_library));
    }
}
