//! Makes services from schemas that are drawn: whatever a schema can say has to compile.
#![expect(clippy::unwrap_used, reason = "a build script fails by panicking")]

#[path = "../schema/tests/schema/random_schema.rs"]
mod random_schema;

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

use netipc_schema::random::Random;
use netipc_schema::{Language, generate, parse};

/// How many are drawn.
const DRAWN: u64 = 40;

fn main() {
    println!("cargo::rerun-if-changed=../schema/tests/schema/random_schema.rs");
    println!("cargo::rerun-if-changed=build.rs");
    let out = env::var_os("OUT_DIR").unwrap();
    let (mut modules, mut cases) = (String::new(), String::new());
    let drawn = (0..DRAWN).map(|seed| random_schema::random_schema(&mut Random::new(seed)));
    for (nth, text) in drawn.chain(random_schema::text_keys()).enumerate() {
        let schema = parse("drawn.toml", &text).unwrap();
        let name = format!("drawn_{nth}");
        let file = Path::new(&out).join(format!("{name}.rs"));
        let source = generate(&schema, Language::Rust, "drawn.toml")
            .unwrap()
            .remove(0);
        fs::write(&file, source.text).unwrap();
        fs::write(file.with_extension("toml"), &text).unwrap();
        let service: String = schema.name.split('-').map(capital).collect();
        writeln!(modules, "#[path = {file:?}]\npub mod {name};").unwrap();
        let toml = file.with_extension("toml");
        let kind = schema.kind.word();
        writeln!(cases, "{kind}!({name}, {service}, {toml:?});").unwrap();
    }
    fs::write(Path::new(&out).join("modules.rs"), modules).unwrap();
    fs::write(Path::new(&out).join("cases.rs"), format!("{{\n{cases}}}\n")).unwrap();
}

fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_ascii_uppercase() + rest
}
