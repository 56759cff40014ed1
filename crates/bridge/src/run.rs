//! What the commands do.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use netipc_bridge::allow::{Askers, Lists};
use netipc_bridge::config::{Mode, Net};
use netipc_bridge::error::Error;
use netipc_bridge::everyone::Everyone;
use netipc_bridge::export::{Export, ExportConfig};
use netipc_bridge::import::{Import, ImportConfig};
use netipc_bridge::keys::{self, EVERYONE};
use netipc_bridge::metrics;
use netipc_bridge::status::{self, Report, StatusServer};
use netipc_bridge::unix::make_run_dir;
use zenoh::Session;

use crate::args::{Command, ExportArgs, ImportArgs, RouterArgs, StatusArgs};
use crate::end_unix::End;

pub(crate) fn run(command: &Command) -> Result<(), Error> {
    match command {
        Command::Export(args) => export(args),
        Command::Import(args) => import(args),
        Command::Router(args) => router(args),
        Command::Status(args) => status(args),
    }
}

fn export(args: &ExportArgs) -> Result<(), Error> {
    let end = End::begin()?;
    make_run_dir(&args.run_dir)?;
    let host = args.net.peer("host", &args.host)?;
    let services = services(&args.services)?;
    let askers = Askers::parse(&args.askers)?;
    for asker in askers.names() {
        args.net.peer("asker", asker)?;
    }
    if askers.is_empty() {
        return Err(Error::Usage(
            "nobody may ask: name who may with --allow NAME, once for each".into(),
        ));
    }
    let via = peers(&args.net, "router", &args.net.via)?;
    let lists = Lists::of_export(&host, &services, &askers, &via, args.answer_everyone);
    let Some(session) = end.join(args.net.zenoh(&lists)?)? else {
        return Ok(());
    };
    let config = ExportConfig {
        host,
        services,
        run_dir: args.run_dir.clone(),
        auth_token: args.token.token()?,
        askers,
        everyone: args.answer_everyone,
        limits: args.limits,
    };
    let export = Export::begin(&session, config)?;
    let id = export.claim();
    serve(&args.run_dir, id, &end, move || vec![export.report()])
}

fn import(args: &ImportArgs) -> Result<(), Error> {
    let end = End::begin()?;
    make_run_dir(&args.run_dir)?;
    let asker = args.net.peer("importer", &args.name)?;
    let services = services(&args.services)?;
    let places = places(args, &services)?;
    let lists = import_lists(args, &asker, &services)?;
    let Some(session) = end.join(args.net.zenoh(&lists)?)? else {
        return Ok(());
    };
    let config = ImportConfig {
        asker,
        run_dir: args.run_dir.clone(),
        auth_token: args.token.token()?,
        timeout: Duration::from_millis(args.timeout_ms.into()),
        workers: args.workers.into(),
        request_bytes: args.request_bytes,
    };
    let (mut imports, mut everyone) = (Vec::new(), Vec::new());
    for (host, service, endpoint) in &places {
        let config = config.clone();
        if host == EVERYONE {
            let believed = args.believed.iter().cloned().collect();
            everyone.push(Everyone::begin(
                &session, service, endpoint, believed, config,
            )?);
        } else {
            imports.push(Import::begin(&session, host, service, endpoint, config)?);
        }
    }
    let id = u64::from(std::process::id()) << 32 | u64::from(session_number(&session));
    serve(&args.run_dir, id, &end, move || {
        let of_hosts = imports.iter().map(Import::report);
        of_hosts
            .chain(everyone.iter().map(Everyone::report))
            .collect()
    })
}

/// Some digits of a session's id, which is random: process ids are the same in every container.
fn session_number(session: &Session) -> u32 {
    let bytes = session.zid().to_le_bytes();
    bytes
        .first_chunk()
        .map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// Host, service and endpoint of everything that is imported.
fn places(args: &ImportArgs, services: &[String]) -> Result<Vec<(String, String, String)>, Error> {
    let (mut places, mut taken) = (Vec::new(), BTreeSet::new());
    for host in &args.hosts {
        if host != EVERYONE {
            args.net.peer("host", host)?;
        }
        let shown = if host == EVERYONE { "all" } else { host };
        for service in services {
            let endpoint = args
                .endpoint
                .replace("{service}", service)
                .replace("{host}", shown);
            let endpoint = keys::name("local endpoint", &endpoint)?;
            if !taken.insert(endpoint.clone()) {
                return Err(Error::Usage(format!(
                    "two services would be the endpoint {endpoint}: write {{service}} and {{host}} into --as"
                )));
            }
            places.push((host.clone(), service.clone(), endpoint));
        }
    }
    Ok(places)
}

fn import_lists(args: &ImportArgs, asker: &str, services: &[String]) -> Result<Lists, Error> {
    let via = peers(&args.net, "router", &args.net.via)?;
    let believed = peers(&args.net, "host", &args.believed)?;
    let mut lists = Lists::default();
    for service in services {
        for host in &args.hosts {
            if host == EVERYONE {
                if believed.is_empty() {
                    return Err(Error::Usage(
                        "no host is believed: name those that may answer with --allow NAME, once for each".into(),
                    ));
                }
                for host in &believed {
                    for neighbour in via.iter().chain([host]) {
                        lists.import_everyone(asker, host, service, neighbour);
                    }
                }
            } else {
                let mut neighbours = via.clone();
                neighbours.push(host.clone());
                lists.import(asker, host, service, &neighbours);
            }
        }
    }
    Ok(lists)
}

fn router(args: &RouterArgs) -> Result<(), Error> {
    let end = End::begin()?;
    let mut lists = Lists::default();
    for host in peers(&args.net, "host", &args.hosts)? {
        lists.route_host(&host, args.everyone);
    }
    for asker in peers(&args.net, "importer", &args.askers)? {
        lists.route_asker(&asker);
    }
    for router in peers(&args.net, "router", &args.net.via)? {
        lists.route_router(&router);
    }
    let net = Net {
        mode: Some(Mode::Router),
        ..args.net.clone()
    };
    let Some(_session) = end.join(net.zenoh(&lists)?)? else {
        return Ok(());
    };
    say("READY")?;
    end.wait();
    Ok(())
}

fn status(args: &StatusArgs) -> Result<(), Error> {
    let reports = status::collect(&args.run_dir)?;
    if args.prometheus {
        say(metrics::prometheus(&reports).trim_end())
    } else if args.json {
        say(&serde_json::to_string_pretty(&reports).unwrap_or_default())
    } else if reports.is_empty() {
        say(&format!("no bridge runs in {}", args.run_dir.display()))
    } else {
        say(status::text(&reports).trim_end())
    }
}

/// Is ready, and tells its status, until it is asked to stop.
fn serve(
    run_dir: &Path,
    id: u64,
    end: &End,
    report: impl Fn() -> Vec<Report> + Send + 'static,
) -> Result<(), Error> {
    let status = StatusServer::begin(run_dir, id, report)?;
    say("READY")?;
    end.wait();
    drop(status);
    Ok(())
}

/// Names of services, each of which is named once.
fn services(given: &[String]) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    for name in given {
        let name = keys::name("service", name)?;
        if names.contains(&name) {
            return Err(Error::Usage(format!(
                "--service {name} is there twice: name each service once"
            )));
        }
        names.push(name);
    }
    Ok(names)
}

fn peers(net: &Net, what: &str, given: &[String]) -> Result<Vec<String>, Error> {
    given.iter().map(|name| net.peer(what, name)).collect()
}

fn say(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(|source| Error::File {
            path: "stdout".into(),
            what: "cannot be written",
            source,
        })
}
