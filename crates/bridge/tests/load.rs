//! A hundred hosts and ten that ask them, in one process. `examples/cost.rs` measures what they cost.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;

use std::path::Path;
use std::thread;

use common::{ASKER, TOKEN, export_config, import_config, open_connecting, open_listening, until};
use netipc::service::increment::{self, Increment};
use netipc::{Client, ClientConfig, Server, ServerConfig};
use netipc_bridge::allow::Lists;
use netipc_bridge::config::{Mode, Net};
use netipc_bridge::export::{Export, ExportConfig};
use netipc_bridge::import::Import;
use netipc_conformance::service::Running;
use zenoh::Session;

const EXPORTERS: usize = 100;
const IMPORTERS: usize = 10;

/// Without certificates, for the tests of those are others.
fn net(mode: Mode) -> Net {
    Net {
        plain: true,
        mode: Some(mode),
        lease_ms: 20_000,
        ..Net::default()
    }
}

fn host(number: usize) -> String {
    format!("host-{number}")
}

/// A host with a provider, whose answers say which it is.
fn export(dir: &Path, number: usize, place: &str) -> (Export, Session, Running<Increment>) {
    let run_dir = dir.join(host(number));
    std::fs::create_dir(&run_dir).unwrap();
    let config = ServerConfig {
        auth_token: TOKEN,
        ..ServerConfig::default()
    };
    let offset = number as u64 * 1000;
    let handler = increment::IncrementHandler::new(move |n, answer| answer.put(&(*n + offset)));
    let server = Server::with_workers(&run_dir, common::SERVICE, config, handler, 2);
    let session = open_connecting(&net(Mode::Client), &Lists::default(), place);
    let config = ExportConfig {
        host: host(number),
        ..export_config(&run_dir)
    };
    let export = Export::begin(&session, config).unwrap();
    (export, session, Running::start(server))
}

/// Asks every tenth host, beginning with `first`, and hands over how many answered right.
fn ask_some(dir: &Path, first: usize, place: &str) -> usize {
    let near = dir.join(format!("viewer-{first}"));
    std::fs::create_dir(&near).unwrap();
    let session = open_connecting(&net(Mode::Client), &Lists::default(), place);
    let hosts: Vec<usize> = (first..EXPORTERS).step_by(IMPORTERS).collect();
    let begin = |number: &usize| {
        let config = import_config(&near);
        let endpoint = format!("{}.{}", common::SERVICE, host(*number));
        Import::begin(&session, &host(*number), common::SERVICE, &endpoint, config).unwrap()
    };
    let imports: Vec<Import> = hosts.iter().map(begin).collect();
    let mut right = 0;
    for (number, import) in hosts.iter().zip(&imports) {
        until("the host", || {
            (import.report().services[0].standing == "up").then_some(())
        });
        let config = ClientConfig {
            auth_token: TOKEN,
            ..ClientConfig::default()
        };
        let endpoint = format!("{}.{}", common::SERVICE, host(*number));
        let mut asker = Client::<Increment>::new(&near, &endpoint, config);
        for n in 0..20 {
            let answer = until("an answer", || {
                asker.refresh();
                asker.call(&n).ok()
            });
            right += usize::from(answer == n + *number as u64 * 1000);
        }
    }
    right
}

#[test]
fn ten_ask_a_hundred_and_each_answer_is_of_the_right_host() {
    let dir = tempfile::tempdir().unwrap();
    let (router, place) = open_listening(&net(Mode::Router), &Lists::default());
    let exports: Vec<_> = (0..EXPORTERS)
        .map(|number| export(dir.path(), number, &place))
        .collect();
    let right: usize = thread::scope(|scope| {
        let begin = |first| {
            let (dir, place) = (dir.path(), &place);
            scope.spawn(move || ask_some(dir, first, place))
        };
        let threads: Vec<_> = (0..IMPORTERS).map(begin).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(right, EXPORTERS * 20);
    let counted: u64 = exports
        .iter()
        .map(|(export, ..)| export.report().peers[0].row.answered)
        .sum();
    assert!(counted >= right as u64, "{counted} of {ASKER}");
    drop(exports);
    drop(router);
}
