//! The binding of the C library, for the kinds that it knows: Rust in `crates/capi`, of which the headers
//! are made. What services share is written there by hand, and what a service alone has is made here.
//!
//! ```text
//! names      what things are called in C
//! fields     fields as they stand in structs, and as functions take them
//! keys       texts and numbers as keys of lookups
//! numbers    methods, enums and sizes
//! layouts    sizes of structs, and where their fields are
//! service    the words for the marks of *.rs.in
//! imports    what a file uses of others
//! docs       comments broken into lines
//! ```

mod docs;
mod fields;
mod imports;
mod keys;
mod layouts;
mod names;
mod numbers;
mod service;

use std::fmt::Write;

use self::service::Service;
use super::GenerateError;
use crate::model::{Kind, Schema};

/// Where they are made.
const PROTOCOL: &str = "capi/src/protocol/made";
const SERVICE: &str = "capi/src/service/made";

/// The files of the binding, by their names from the directory of the crates.
pub(super) fn files(schemas: &[&Schema]) -> Result<Vec<(String, String)>, GenerateError> {
    let mut known = schemas.to_vec();
    known.retain(|schema| schema.is_library());
    // As the headers have them: what is asked for first, what tests later.
    known.sort_by_key(|schema| (matches!(schema.kind, Kind::Value(_)), schema.method));
    let services: Vec<Service<'_>> = known
        .iter()
        .map(|schema| Service::new(schema, &known))
        .collect::<Result<_, _>>()?;
    let mut out = Vec::new();
    for service in &services {
        let name = service.module();
        let about = format!("The payloads of `{}`.", service.schema.name);
        let from = format!("{}.toml", service.schema.name);
        let body = with_layouts(service.codec(), &service.schema.name)?;
        let text = module(&about, &from, &body, &services, POINTERS);
        out.push((format!("{PROTOCOL}/{name}.rs"), text));
    }
    for (name, about, body, why) in of_all(&services) {
        let body = with_layouts(body, &name)?;
        let text = module(about, "services/*.toml", &body, &services, why);
        out.push((format!("{name}.rs"), text));
    }
    for (header, dir) in [("protocol", PROTOCOL), ("service", SERVICE)] {
        let made = out.iter().filter_map(|(name, _)| name.strip_prefix(dir));
        let names: Vec<&str> = made.filter_map(|name| name.strip_suffix(".rs")).collect();
        let text = parent(header, &names);
        out.push((format!("{dir}/mod.rs"), text));
    }
    for (name, text) in &out {
        if let Some(mark) = mark_left(text) {
            return Err(GenerateError {
                service: name.clone(),
                why: format!("nothing was put in the place of @{mark}@"),
            });
        }
    }
    Ok(out)
}

/// Code, and the layouts of the types in it.
fn with_layouts(body: String, service: &str) -> Result<String, GenerateError> {
    let layouts = layouts::of(&body).map_err(|form| GenerateError {
        service: service.to_owned(),
        why: format!("the size of {form} is not known: add it to generate/capi/layouts.rs"),
    })?;
    Ok(body + &layouts)
}

/// A mark of a template that still stands in a text.
fn mark_left(text: &str) -> Option<&str> {
    let is_mark = |word: &&str| {
        let mut letters = word.bytes();
        !word.is_empty() && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == b'_')
    };
    // What stands behind the last @ is none.
    let (between, _) = text.rsplit_once('@')?;
    between.split('@').skip(1).find(is_mark)
}

/// Files with a part of every service: where they are, what they are, their text, and why they are
/// unsafe.
fn of_all(services: &[Service<'_>]) -> [(String, &'static str, String, &'static str); 6] {
    let parts = [Service::raw_item, Service::raw_encode, Service::estimate];
    let raw_items = joined(services, &parts);
    let handled = joined(services, &[Service::function])
        + &joined(&values_first(services), &[Service::dispatch]);
    let called = joined(services, &[Service::call]) + &answers(services);
    [
        (
            format!("{PROTOCOL}/numbers"),
            "Methods, enums and sizes of the services, each held to what the crates use.",
            numbers::of(services),
            "",
        ),
        (
            format!("{PROTOCOL}/raw_items"),
            "The items of each lookup as bytes, and how many fit.",
            raw_items,
            POINTERS,
        ),
        (
            format!("{PROTOCOL}/dispatch"),
            "Handlers of each service, and what calls them with the bytes of a request.",
            handled,
            FUNCTIONS,
        ),
        (
            format!("{SERVICE}/calls"),
            "Calls: a question to each service, and a view of its answer.",
            called,
            POINTERS,
        ),
        (
            format!("{SERVICE}/handler"),
            "What answers the requests of a server of each service.",
            handlers(services),
            FUNCTIONS,
        ),
        (
            format!("{SERVICE}/server"),
            "Servers of each service.",
            joined(services, &[Service::server]),
            POINTERS,
        ),
    ]
}

const POINTERS: &str = "the functions of the header take pointers";
const FUNCTIONS: &str = "functions of C are called here";

/// A file: what it is, what it was made from, what it uses, and `body`.
fn module(
    about: &str,
    from: &str,
    body: &str,
    services: &[Service<'_>],
    unsafe_for: &str,
) -> String {
    let mut out = format!(
        "//! {about}\n//!\n//! Made from `{from}` by `netipc schema generate`: change that, not this file.\n\n"
    );
    if !unsafe_for.is_empty() {
        let _ = writeln!(out, "#![expect(unsafe_code, reason = \"{unsafe_for}\")]\n");
    }
    let mut own: Vec<String> = services.iter().flat_map(Service::types).collect();
    own.extend(services.iter().flat_map(|service| service.c_types(body)));
    out.push_str(&imports::of(body, &own));
    out.push_str(&docs::wrapped(body.trim()));
    out
}

/// The module above made files.
fn parent(header: &str, names: &[&str]) -> String {
    let mut names: Vec<&str> = names
        .iter()
        .map(|name| name.trim_start_matches('/'))
        .collect();
    names.sort_unstable();
    let mut out = format!(
        "//! What each service adds to `netipc/netipc_{header}.h`.\n//!\n\
         //! Made from `services/*.toml` by `netipc schema generate`: change that, not this file.\n\n"
    );
    for name in &names {
        let _ = writeln!(out, "mod {name};");
    }
    out.push('\n');
    for name in &names {
        let _ = writeln!(out, "pub use {name}::*;");
    }
    out
}

/// One part of every service after the other.
fn joined<'s>(services: &[Service<'s>], parts: &[fn(&Service<'s>) -> String]) -> String {
    let of_all = |part: &fn(&Service<'s>) -> String| services.iter().map(part).collect::<String>();
    parts.iter().map(of_all).collect()
}

/// Services in the order in which programs that frame messages themselves read of them.
fn values_first<'s>(services: &[Service<'s>]) -> Vec<Service<'s>> {
    let mut services = services.to_vec();
    services.sort_by_key(|service| !matches!(service.schema.kind, Kind::Value(_)));
    services
}

/// The memory of the client that views point into.
fn answers(services: &[Service<'_>]) -> String {
    let memory: String = services.iter().map(Service::memory).collect();
    format!("\nanswers! {{\n{memory}}}\n")
}

/// Handlers: their structs, and what calls them.
fn handlers(services: &[Service<'_>]) -> String {
    let zeroed = |service: &Service<'_>| service.named("    nipc_@p@_service_handler_t,\n");
    let zeroed: String = services.iter().map(zeroed).collect();
    joined(services, &[Service::handler])
        + &format!("\nzeroed!(\n{zeroed});\n")
        + &joined(services, &[Service::callback])
}
