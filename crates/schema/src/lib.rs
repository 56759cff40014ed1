//! One file says what a NetIPC service is; this crate reads it, checks it, and makes the rest from
//! it.
//!
//! ```text
//! services/x.toml --load--> Schema --+--> codec     bytes <-> values <-> JSON, at run time
//!                                    +--> layout    what makes the bytes, for the lock file
//!                                    +--> diff      what changes for whom, in words
//!                                    +--> doc       a page with pictures and tables
//!                                    +--> vectors   golden messages from a seed
//!                                    +--> live      clients and servers, at run time
//!                                    +--> generate  source code
//! ```
//!
//! `docs/services.md` has the language. A schema that is wrong is told as compilers do:
//!
//! ```
//! let text = "service = \"x\"\nmethod = 0x8003\nkind = \"valve\"\nabout = \"A test.\"\n";
//! let error = netipc_schema::parse("x.toml", text).unwrap_err();
//! assert_eq!(error.to_string(), "x.toml:3:8: `valve` is no kind; write `value`");
//! ```
#![forbid(unsafe_code)]

pub mod codec;
mod diff;
mod doc;
pub mod document;
mod generate;
pub mod json;
mod layout;
mod library;
pub mod live;
mod load;
mod model;
mod problem;
pub mod random;
mod sample;
mod source;
mod vectors;
mod words;
mod write;

pub use diff::{Change, Concerns, advice, diff};
pub use doc::page;
pub use generate::{
    GenerateError, Language, Source, generate, generate_binding, generate_for_library,
    generate_tables,
};
pub use layout::{Lock, LockError, Verdict, layout};
pub use library::library;
pub use load::{load, load_all, load_shared, parse, parse_shared};
pub use model::{
    Enum, Family, Field, Flags, KeyForm, Kind, LookupKind, Named, Record, Rule, Schema, Shared,
    SnapshotKind, Type, ValueKind,
};
pub use problem::{Problem, SchemaError};
pub use vectors::vectors;

/// What services may share without a file of their own: `use = ["common.toml"]`.
pub const COMMON: &str = include_str!("../../../services/common.toml");
