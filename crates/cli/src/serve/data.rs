//! Fixed content from data files, by the schemas of its services, checked when it is loaded: a server never finds a
//! mistake in it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use netipc_schema::Schema;
use netipc_schema::json::Json;
use netipc_schema::live::Data;

use crate::args::ServiceName;
use crate::exit::{Exit, Failed};
use crate::schema::{built_in, read_all};

/// What is served from data files, by the name of its service.
pub(super) type Fixtures = BTreeMap<String, (Schema, Data)>;

/// Numbers that a file may leave out although they say something: service, field, number.
const USUAL: [(&str, &str, i128); 1] = [("cgroups-snapshot", "enabled", 1)];

/// Reads `files`. Each names its service, or else is for the only one that was given: with a schema, or among
/// `services`. A schema without a file is a mistake.
pub(super) fn load(
    schemas: &[PathBuf],
    files: &[PathBuf],
    services: &[ServiceName],
) -> Result<Fixtures, Failed> {
    let schemas = read_all(schemas)?;
    let only = match (&schemas[..], services) {
        ([only], _) => Some(only),
        ([], [only]) => Some(only.schema()),
        _ => None,
    };
    let mut fixtures = Fixtures::new();
    for file in files {
        let json = parse(file)?;
        let schema = schema_of(&json, &schemas, only).map_err(|why| invalid(file, &why))?;
        let name = &schema.name;
        let left_out = !services.is_empty()
            && !schemas.contains(schema)
            && !services.iter().any(|service| service.name() == name);
        if left_out {
            return Err(refused(file, name, "which --service leaves out"));
        }
        let data = Data::from_json(schema, &with_usual(json, name));
        let data = data.map_err(|error| invalid(file, &error))?;
        let earlier = fixtures.insert(name.clone(), (schema.clone(), data));
        if earlier.is_some() {
            return Err(refused(file, name, "as is an earlier one"));
        }
    }
    match schemas
        .iter()
        .find(|schema| !fixtures.contains_key(&schema.name))
    {
        Some(Schema { name, .. }) => Err(usage(format!(
            "there is nothing to serve {name} from: give --data a file with \"service\": \"{name}\""
        ))),
        None => Ok(fixtures),
    }
}

/// The service that a document names, or else `only`.
fn schema_of<'s>(
    json: &Json,
    schemas: &'s [Schema],
    only: Option<&'s Schema>,
) -> Result<&'s Schema, String> {
    let mut known = schemas.iter().chain(built_in());
    match json.get("service") {
        Some(Json::Text(name)) => known.find(|schema| schema.name == *name).ok_or_else(|| {
            format!("service: the program was built without {name}: give --schema FILE")
        }),
        Some(_) => Err("service: a string was expected".to_owned()),
        None => only.ok_or_else(|| {
            "the file has no \"service\": say with --service which one it is for".to_owned()
        }),
    }
}

/// The document with what it may leave out.
fn with_usual(mut json: Json, service: &str) -> Json {
    for (_, field, number) in USUAL.iter().filter(|(of, ..)| *of == service) {
        let Json::Object(members) = &mut json else {
            continue;
        };
        let items = members.iter_mut().filter(|(name, _)| name == "items");
        for (_, items) in items {
            let Json::List(items) = items else { continue };
            for item in items.iter_mut().filter(|item| item.get(field).is_none()) {
                if let Json::Object(members) = item {
                    members.push(((*field).to_owned(), Json::Number(*number)));
                }
            }
        }
    }
    json
}

fn parse(file: &Path) -> Result<Json, Failed> {
    let text = fs::read_to_string(file).map_err(|error| invalid(file, &error))?;
    serde_json::from_str(&text).map_err(|error| invalid(file, &error))
}

fn refused(file: &Path, service: &str, why: &str) -> Failed {
    let file = file.display();
    usage(format!("data file {file} is for {service}, {why}"))
}

fn invalid(file: &Path, what: &dyn fmt::Display) -> Failed {
    usage(format!("data file {}: {what}", file.display()))
}

fn usage(sentence: String) -> Failed {
    Failed::new(Exit::Usage, sentence)
}
