//! Services made from `services/*.toml` by `netipc schema generate --lang rust`, and services that
//! were drawn, so that whatever a schema can say compiles and is held against the schema. Beside it, in `c`, is
//! what `--lang c` makes.

pub mod ip_to_asn;
pub mod pid_traffic;
pub mod services;

/// Services from schemas that were drawn when this crate was built.
pub mod drawn {
    include!(concat!(env!("OUT_DIR"), "/modules.rs"));
}

/// Runs a macro for each drawn service: its kind, module, service, and the file of its schema.
#[macro_export]
#[doc(hidden)]
macro_rules! drawn_cases {
    () => {
        include!(concat!(env!("OUT_DIR"), "/cases.rs"));
    };
}
