//! Enums and sizes, each held to what Rust has.

use super::names;
use super::service::Service;
use crate::generate::names::{constant, meaning};
use crate::model::Enum;

/// Enums of all services, those that several share first, each once; and sizes.
pub(super) fn of(services: &[Service<'_>]) -> String {
    let mut enums: Vec<(String, String, String)> = Vec::new();
    for shared in [true, false] {
        for made in services.iter().flat_map(|service| service.enums(shared)) {
            if !enums.contains(&made) {
                enums.push(made);
            }
        }
    }
    let mut out: String = services.iter().map(|service| service.sizes().0).collect();
    out.extend(enums.iter().map(|(_, declaration, _)| declaration.as_str()));
    out.push_str("\n/// None of the numbers is made up here.\nconst _: () = {\n");
    out.extend(services.iter().map(|service| service.sizes().1));
    out.extend(enums.iter().map(|(_, _, assertions)| assertions.as_str()));
    out.push_str("};\n");
    out
}

/// The name of an enum, its declaration, and what holds it to Rust.
pub(super) fn enumeration(names: &Enum) -> (String, String, String) {
    let (name, _) = names::enum_names(names);
    let more = if names.open {
        " There may be more than are in the list yet."
    } else {
        ""
    };
    let mut declaration = format!(
        "\n/// {}{more}\n#[repr(C)]\n#[derive(Clone, Copy, Debug, Eq, PartialEq)]\npub enum {name} {{\n",
        names.about
    );
    let mut asserts = String::new();
    for value in &names.values {
        let (in_c, about) = (
            names::value(names, &value.name),
            meaning(&value.name, &value.about),
        );
        declaration += &format!("    /// {about}\n    {in_c} = {},\n", value.number);
        asserts += &format!(
            "assert!({name}::{in_c} as u32 == {}::{}.0 as u32);\n",
            names.name,
            constant(&value.name)
        );
    }
    declaration.push_str("}\n");
    (name, declaration, asserts)
}
