//! A bill of materials: what is built into the Rust crates, the C library and the Go module, and what tests them, as a
//! CycloneDX document.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::{Deserializer, Value, json};

use crate::{Error, build, go, tool, workspace};

const CARGO_NEEDED: &str = "it knows the dependencies; see https://rustup.rs";
const GO_NEEDED: &str =
    "it knows the dependencies of the Go module; install Go, see https://go.dev/doc/install";
/// What is handed out; what these need is required, and anything else is for those who build and test.
const SHIPPED: [&str; 3] = ["netipc", "netipc-capi", "netipc-cli"];
/// What the versions of CycloneDX 1.5 call something that is not part of what is handed out.
const EXCLUDED: &str = "excluded";

/// The bill of materials of the locked dependencies, as JSON. It is the same for the same lock files.
///
/// # Errors
/// What cannot be asked, or says something that is not understood.
pub fn sbom() -> Result<String, Error> {
    let (mut components, mut dependencies) = rust()?;
    let (modules, edges) = go_modules()?;
    components.extend(modules);
    dependencies.extend(edges);
    let document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "library",
                "bom-ref": "netipc",
                "name": "netipc",
                "version": env!("CARGO_PKG_VERSION"),
                "licenses": [{ "expression": "MIT OR Apache-2.0" }],
            },
        },
        "components": components,
        "dependencies": dependencies,
    });
    Ok(format!("{document:#}\n"))
}

/// Components and their edges.
type Parts = (Vec<Value>, Vec<Value>);

/// What was not said as expected.
fn unexpected(command: &'static str) -> impl Fn() -> Error {
    move || Error::Output {
        command,
        problem: "did not say what it says elsewhere",
    }
}

fn rust() -> Result<Parts, Error> {
    let mut command = build::cargo();
    command.args([
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--all-features",
    ]);
    let output = tool::run(command.current_dir(workspace()), CARGO_NEEDED)?;
    let wrong = unexpected("cargo metadata");
    let all: Value = serde_json::from_slice(&output.stdout)
        .ok()
        .ok_or_else(&wrong)?;
    let packages = all["packages"].as_array().ok_or_else(&wrong)?;
    let nodes = all["resolve"]["nodes"].as_array().ok_or_else(&wrong)?;
    let required = required(packages, nodes);
    let sums = checksums(&tool::read(&workspace().join("Cargo.lock"))?);
    let refs: BTreeMap<_, _> = packages
        .iter()
        .map(|package| (text(package, "id"), purl(package)))
        .collect();
    let mut components: Vec<_> = packages
        .iter()
        .map(|package| component(package, &required, &sums))
        .collect();
    components.sort_by_key(|component| text(component, "bom-ref").to_owned());
    let edges = nodes.iter().map(|node| {
        let on = node["dependencies"].as_array().into_iter().flatten();
        let on: BTreeSet<_> = on.filter_map(|id| refs.get(id.as_str()?)).collect();
        json!({ "ref": refs.get(text(node, "id")), "dependsOn": on })
    });
    Ok((components, edges.collect()))
}

fn component(
    package: &Value,
    required: &BTreeSet<&str>,
    sums: &BTreeMap<(String, String), String>,
) -> Value {
    let (name, version) = (text(package, "name"), text(package, "version"));
    let scope = if required.contains(text(package, "id")) {
        "required"
    } else {
        EXCLUDED
    };
    let mut component = json!({
        "type": "library",
        "bom-ref": purl(package),
        "name": name,
        "version": version,
        "purl": purl(package),
        "scope": scope,
    });
    if let Some(license) = package["license"].as_str() {
        // Old packages write a slash for "or".
        let expression = license.replace('/', " OR ");
        component["licenses"] = json!([{ "expression": expression }]);
    }
    if let Some(sum) = sums.get(&(name.to_owned(), version.to_owned())) {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": sum }]);
    }
    component
}

fn purl(package: &Value) -> String {
    format!(
        "pkg:cargo/{}@{}",
        text(package, "name"),
        text(package, "version")
    )
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

/// The ids of what is shipped and of all that it needs, on any platform, but for tests.
fn required<'v>(packages: &'v [Value], nodes: &'v [Value]) -> BTreeSet<&'v str> {
    let nodes: BTreeMap<_, _> = nodes.iter().map(|node| (text(node, "id"), node)).collect();
    let shipped = packages
        .iter()
        .filter(|package| SHIPPED.contains(&text(package, "name")));
    let mut open: Vec<_> = shipped.map(|package| text(package, "id")).collect();
    let mut found = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !found.insert(id) {
            continue;
        }
        let needs = nodes.get(id).and_then(|node| node["deps"].as_array());
        let needs = needs.into_iter().flatten().filter(|needed| {
            let kinds = needed["dep_kinds"].as_array().into_iter().flatten();
            kinds.into_iter().any(|kind| kind["kind"] != "dev")
        });
        open.extend(needs.map(|needed| text(needed, "pkg")));
    }
    found
}

/// The sums of packages that were fetched, by name and version.
fn checksums(lock: &str) -> BTreeMap<(String, String), String> {
    let field = |package: &str, key: &str| {
        let lines = package.lines().filter_map(|line| line.split_once(" = "));
        let mut values = lines.filter(|(name, _)| *name == key);
        values
            .next()
            .map(|(_, value)| value.trim_matches('"').to_owned())
    };
    let packages = lock.split("[[package]]");
    let sums = packages.filter_map(|package| {
        let key = (field(package, "name")?, field(package, "version")?);
        Some((key, field(package, "checksum")?))
    });
    sums.collect()
}

fn go_modules() -> Result<Parts, Error> {
    let mut command = Command::new(go::program());
    command.args(["list", "-m", "-mod=readonly", "-json", "all"]);
    command
        .envs([("GOWORK", "off"), ("GOFLAGS", "")])
        .current_dir(workspace().join("go"));
    let output = tool::run(&mut command, GO_NEEDED)?;
    let wrong = unexpected("go list -m");
    let modules: Result<Vec<Value>, _> = Deserializer::from_slice(&output.stdout)
        .into_iter()
        .collect();
    let modules = modules.ok().ok_or_else(wrong)?;
    let purl = |module: &Value| match module["Version"].as_str() {
        Some(version) => format!("pkg:golang/{}@{version}", text(module, "Path")),
        None => format!("pkg:golang/{}", text(module, "Path")),
    };
    let components = modules.iter().map(|module| {
        let mut component = json!({
            "type": "library",
            "bom-ref": purl(module),
            "name": text(module, "Path"),
            "version": module["Version"].as_str().unwrap_or(env!("CARGO_PKG_VERSION")),
            "purl": purl(module),
            "scope": "required",
        });
        if let Some(sum) = module["Sum"].as_str() {
            component["properties"] = json!([{ "name": "go.sum", "value": sum }]);
        }
        component
    });
    let (own, others): (Vec<_>, Vec<_>) = modules.iter().partition(|module| module["Main"] == true);
    let others: Vec<_> = others.iter().map(|module| purl(module)).collect();
    let edges = own
        .iter()
        .map(|module| json!({ "ref": purl(module), "dependsOn": others }));
    Ok((components.collect(), edges.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_locked_package_is_there_with_its_sum_and_every_edge_ends_somewhere() {
        let bill: Value =
            serde_json::from_str(&sbom().expect("cargo is there")).expect("it is JSON");
        let components = bill["components"].as_array().expect("a list");
        let refs: BTreeSet<_> = components
            .iter()
            .map(|component| text(component, "bom-ref"))
            .collect();
        assert_eq!(refs.len(), components.len(), "each has a name of its own");
        let of = |name: &str| {
            let found = components
                .iter()
                .find(|component| text(component, "name") == name);
            found.unwrap_or_else(|| panic!("{name} is not there"))
        };
        assert_eq!(of("rustix")["scope"], "required");
        assert_eq!(of("netipc-proto")["scope"], "required");
        assert_eq!(of("proptest")["scope"], EXCLUDED);
        let lock = tool::read(&workspace().join("Cargo.lock")).expect("it is committed");
        let sums = checksums(&lock);
        assert!(sums.len() > 50);
        for ((name, version), sum) in sums {
            let purl = format!("pkg:cargo/{name}@{version}");
            let found = components
                .iter()
                .find(|component| text(component, "purl") == purl);
            let found = found.unwrap_or_else(|| panic!("{purl} is not there"));
            assert_eq!(found["hashes"][0]["content"], sum, "{purl}");
            assert!(
                found["licenses"][0]["expression"].is_string(),
                "{purl} has no licence"
            );
        }
        let sys = of("golang.org/x/sys");
        assert!(text(&sys["properties"][0], "value").starts_with("h1:"));
        for edge in bill["dependencies"].as_array().expect("a list") {
            assert!(refs.contains(text(edge, "ref")), "{edge}");
            for on in edge["dependsOn"].as_array().expect("a list") {
                assert!(refs.contains(on.as_str().expect("a name")), "{on}");
            }
        }
    }
}
