//! Methods, enums and sizes, each held to what Rust has.

use super::names;
use super::service::Service;
use crate::generate::names::{constant, lower_sentence, meaning};
use crate::model::Enum;

/// The methods of all services, sizes, and enums, those that several share first, each once.
pub(super) fn of(services: &[Service<'_>]) -> String {
    let mut enums: Vec<(String, String, String)> = Vec::new();
    for shared in [true, false] {
        for made in services.iter().flat_map(|service| service.enums(shared)) {
            if !enums.contains(&made) {
                enums.push(made);
            }
        }
    }
    let mut by_method: Vec<&Service<'_>> = services.iter().collect();
    by_method.sort_by_key(|service| service.schema.method);
    let methods: Vec<(String, String)> = by_method.into_iter().map(method).collect();
    let mut out: String = methods.iter().map(|(number, _)| number.as_str()).collect();
    out.extend(services.iter().map(|service| service.sizes().0));
    out.extend(enums.iter().map(|(_, declaration, _)| declaration.as_str()));
    out.push_str("\n/// None of the numbers is made up here.\nconst _: () = {\n");
    out.extend(methods.iter().map(|(_, assertion)| assertion.as_str()));
    out.extend(services.iter().map(|service| service.sizes().1));
    out.extend(enums.iter().map(|(_, _, assertions)| assertions.as_str()));
    out.push_str("};\n");
    out
}

/// The constant of a method, and what holds it to Rust.
fn method(service: &Service<'_>) -> (String, String) {
    let (name, number) = (constant(&service.schema.name), service.schema.method);
    (
        format!(
            "/// {}: {}\npub const NIPC_METHOD_{name}: u32 = {number};\n",
            service.schema.name,
            lower_sentence(&service.schema.about)
        ),
        format!("assert!(NIPC_METHOD_{name} == MethodCode::{name}.0 as u32);\n"),
    )
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
