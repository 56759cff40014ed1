//! Services that the program knows by their schema alone, served from data files.

use std::fs;
use std::path::{Path, PathBuf};

use netipc_schema::Schema;
use netipc_schema::json::Json;
use netipc_schema::live::Data;

use super::{read_all, usage};
use crate::exit::Failed;

/// Services by their schemas, and the data files that are for other services.
#[derive(Debug, Default)]
pub(crate) struct Served {
    /// What is served, from what.
    pub(crate) services: Vec<(Schema, Data)>,
    /// The data files that are not for these.
    pub(crate) other_files: Vec<PathBuf>,
}

/// Finds the data file of each schema: the one that names it, or the only one.
pub(crate) fn served(schemas: &[PathBuf], data: &[PathBuf]) -> Result<Served, Failed> {
    let schemas = read_all(schemas)?;
    if schemas.is_empty() {
        return Ok(Served {
            services: Vec::new(),
            other_files: data.to_vec(),
        });
    }
    let mut served = Served::default();
    for file in data {
        let json = parse(file)?;
        let named = match (json.get("service"), &schemas[..]) {
            (Some(Json::Text(name)), _) => schemas.iter().find(|schema| schema.name == *name),
            (None, [only]) => Some(only),
            _ => None,
        };
        let Some(schema) = named else {
            served.other_files.push(file.clone());
            continue;
        };
        let data = Data::from_json(schema, &json).map_err(|error| invalid(file, &error))?;
        if served
            .services
            .iter()
            .any(|(other, _)| other.name == schema.name)
        {
            let what = format!("it is for {}, as is an earlier one", schema.name);
            return Err(invalid(file, &what));
        }
        served.services.push((schema.clone(), data));
    }
    for schema in &schemas {
        if !served
            .services
            .iter()
            .any(|(other, _)| other.name == schema.name)
        {
            let name = &schema.name;
            let sentence = format!(
                "there is nothing to serve {name} from: give --data a file with \"service\": \"{name}\""
            );
            return Err(usage(sentence));
        }
    }
    Ok(served)
}

fn parse(file: &Path) -> Result<Json, Failed> {
    let text = fs::read_to_string(file).map_err(|error| invalid(file, &error))?;
    serde_json::from_str(&text).map_err(|error| invalid(file, &error))
}

fn invalid(file: &Path, what: &dyn std::fmt::Display) -> Failed {
    usage(format!("data file {}: {what}", file.display()))
}
