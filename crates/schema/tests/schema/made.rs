//! What is made from schemas and committed: pages and vectors.

use std::fs;

use netipc_schema::codec::Way;
use netipc_schema::json::Json;
use netipc_schema::random::Random;
use netipc_schema::{Kind, page, parse, vectors};

use crate::common::{crate_dir, rows_of, schemas, text, unhex, verdict};
use crate::random_schema::random_schema;

#[test]
fn pages_are_those_of_the_schemas() {
    for schema in schemas() {
        let file = format!("../../docs/services/{}.md", schema.name);
        let page_there = fs::read_to_string(crate_dir().join(file)).unwrap();
        let made = page(&schema);
        assert_eq!(
            page_there, made,
            "`netipc schema doc --out docs/services services/*.toml` writes it"
        );
    }
}

#[test]
fn vectors_are_those_of_the_schemas() {
    for schema in schemas() {
        let file = format!("../../vectors/services/{}.json", schema.name);
        let there = fs::read_to_string(crate_dir().join(file)).unwrap();
        let made = vectors(&schema, 1);
        assert_eq!(
            there, made,
            "`netipc schema vectors --out vectors/services services/*.toml` writes it"
        );
    }
}

#[test]
fn vectors_say_what_their_bytes_are() {
    let mut schemas = schemas();
    let drawn = |seed| parse("drawn.toml", &random_schema(&mut Random::new(seed))).unwrap();
    schemas.extend((0..100).map(drawn));
    for schema in schemas {
        let rows = rows_of(&vectors(&schema, 7));
        assert!(rows.len() > 8, "{}: {} vectors", schema.name, rows.len());
        let (mut good, mut refused) = (0, 0);
        for row in rows {
            let bytes = unhex(&text(&row, "hex"));
            let way = if text(&row, "type").ends_with("_request") {
                Way::Request
            } else {
                Way::Response
            };
            let read = schema.decode(way, &bytes);
            if let Some(input) = row.get("input") {
                let message = schema.from_json(way, input).unwrap();
                assert_eq!(read.as_ref(), Ok(&message), "{row:?}");
                assert_eq!(schema.encode(way, &message).unwrap(), bytes, "{row:?}");
                good += 1;
            } else {
                assert_eq!(verdict(&read), text(&row, "error"), "{row:?}");
                refused += 1;
            }
        }
        assert!(
            good > 4 && refused > 0,
            "{}: {good} good, {refused} refused",
            schema.name
        );
    }
}

#[test]
fn every_value_of_every_enum_is_in_the_vectors() {
    for schema in schemas() {
        let Kind::Lookup(kind) = &schema.kind else {
            continue;
        };
        let made = vectors(&schema, 1);
        for value in &kind.status().values {
            let says = |row: &Json| match row.get("input").and_then(|input| input.get("items")) {
                Some(Json::List(items)) => items
                    .iter()
                    .any(|item| item.get("status") == Some(&Json::Number(value.number.into()))),
                _ => false,
            };
            assert!(
                rows_of(&made).iter().any(says),
                "{}: no {}",
                schema.name,
                value.name
            );
        }
    }
}

#[test]
fn a_page_shows_every_field_rule_and_name() {
    for schema in schemas() {
        let page = page(&schema);
        for (part, record) in schema.parts() {
            for field in record.named() {
                assert!(
                    page.contains(&format!("`{}`", field.label())),
                    "{part}: {}",
                    field.label()
                );
                assert!(page.contains(&field.about), "{part}: {}", field.about);
            }
            for rule in &record.rules {
                assert!(
                    page.contains(&format!("| `{}` is `", rule.field)),
                    "{rule:?}"
                );
            }
        }
        let values = schema.enums.iter().flat_map(|names| &names.values);
        for value in values.chain(schema.flags.iter().flat_map(|names| &names.bits)) {
            assert!(
                page.contains(&format!("| {} | `{}` |", value.number, value.name)),
                "{}",
                value.name
            );
        }
        assert!(
            page.lines().all(|line| line.len() <= 200),
            "{}",
            schema.name
        );
    }
}
