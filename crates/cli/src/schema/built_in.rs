//! The services that the program knows without a file.

use std::sync::LazyLock;

use netipc_schema::{Schema, parse};

/// Names of files below `services`, and what is in them.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$((
            concat!($name, ".toml"),
            include_str!(concat!("../../../../services/", $name, ".toml")),
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
