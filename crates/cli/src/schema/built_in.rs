//! The services that the program knows without a file.

use std::sync::LazyLock;

use netipc_schema::{Schema, parse};

const FILES: [(&str, &str); 5] = [
    (
        "cgroups-snapshot.toml",
        include_str!("../../../../services/cgroups-snapshot.toml"),
    ),
    (
        "cgroups-lookup.toml",
        include_str!("../../../../services/cgroups-lookup.toml"),
    ),
    (
        "apps-lookup.toml",
        include_str!("../../../../services/apps-lookup.toml"),
    ),
    (
        "increment.toml",
        include_str!("../../../../services/increment.toml"),
    ),
    (
        "string-reverse.toml",
        include_str!("../../../../services/string-reverse.toml"),
    ),
];

/// Their schemas.
pub(crate) fn built_in() -> &'static [Schema] {
    static SCHEMAS: LazyLock<Vec<Schema>> = LazyLock::new(|| {
        let read = |(file, text)| parse(file, text).expect("the services are checked");
        FILES.map(read).into()
    });
    &SCHEMAS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_can_be_read() {
        let names = FILES.map(|(file, _)| file.trim_end_matches(".toml"));
        let read = built_in().iter().map(|schema| schema.name.as_str());
        assert!(read.eq(names));
    }
}
