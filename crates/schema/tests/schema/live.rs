//! Services at work by their schema alone: asked in parts, answered from data, beside the typed ones.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use netipc::connection::Message as Request;
use netipc::service::cgroups_lookup::CgroupsLookup;
use netipc::service::{Service, apps_lookup, cgroups, increment};
use netipc::transport::Wait;
use netipc::untyped::{Answered, AnyClient, AnyServer, SessionHandler};
use netipc::wire::Status;
use netipc::{Client, ClientConfig, ErrorCode, ServeError, ServerConfig};
use netipc_schema::codec::{Message, Value, Way};
use netipc_schema::json::Json;
use netipc_schema::live::{Data, ask, handler};
use netipc_schema::{Kind, LookupKind, Schema};
use tempfile::TempDir;

use crate::common::{rows_of_member, schema};

/// A server that runs until it is dropped.
struct Running {
    dir: TempDir,
    server: Arc<AnyServer>,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
}

impl Running {
    fn start(schema: &Schema, config: &ServerConfig, answers: Box<SessionHandler>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let server = AnyServer::new(dir.path(), &schema.name, config, 4, answers);
        let server = Arc::new(server);
        server.bind().unwrap();
        let running = Arc::clone(&server);
        let thread = Some(thread::spawn(move || running.run()));
        Self {
            dir,
            server,
            thread,
        }
    }

    fn of_data(schema: &Schema, config: &ServerConfig, json: &str) -> Self {
        let data = Data::from_json(schema, &parsed(json)).unwrap();
        Self::start(schema, config, handler(schema.clone(), data))
    }

    fn client(&self, schema: &Schema) -> AnyClient {
        let mut client = AnyClient::new(self.dir.path(), &schema.name, &ClientConfig::default());
        client.refresh(&wait());
        assert!(client.ready(), "{:?}", client.status());
        client
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.server.stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap().unwrap();
        }
    }
}

fn wait() -> Wait<'static> {
    Wait::timeout(Duration::from_secs(60))
}

/// On a busy machine, more than one handshake may be needed.
fn connect<S: Service>(client: &mut Client<S>) {
    let ready = (0..30).any(|_| {
        client.refresh();
        client.ready()
    });
    assert!(ready, "{:?}", client.status());
}

fn parsed(json: &str) -> Json {
    serde_json::from_str(json).unwrap()
}

fn keys(schema: &Schema, texts: &[&str]) -> Message {
    let Kind::Lookup(kind) = &schema.kind else {
        panic!("{} is no lookup", schema.name);
    };
    let key = |text: &&str| kind.key_from_text(text.as_bytes()).unwrap();
    Message {
        head: Vec::new(),
        items: texts.iter().map(key).collect(),
    }
}

fn lookup(schema: &Schema) -> &LookupKind {
    match &schema.kind {
        Kind::Lookup(kind) => kind,
        _ => panic!("{} is no lookup", schema.name),
    }
}

#[test]
fn keys_of_several_fields_are_asked() {
    let schema = schema("pid-traffic");
    let json = r#"{"generation": 3, "items": [{"pid": 7, "starttime": 99, "bytes_sent": 5}]}"#;
    let running = Running::of_data(&schema, &ServerConfig::default(), json);
    let asked = keys(&schema, &["7,99", "7,98"]);
    let answer = ask(&schema, &mut running.client(&schema), &asked, &wait()).unwrap();
    assert_eq!(answer.head, [Value::Number(3)]);
    let status = |nth: usize| &answer.items[nth][0];
    assert_eq!(
        (status(0), status(1)),
        (&Value::Number(0), &Value::Number(1))
    );
    assert_eq!(answer.items[0][4], Value::Number(5));
}

#[test]
fn a_lookup_takes_as_many_requests_as_it_needs() {
    let schema = schema("cgroups-lookup");
    let name = "n".repeat(300);
    let items: Vec<String> = (0..2000)
        .map(|n| format!(r#"{{"path": "/p{n}", "name": "{name}{n}"}}"#))
        .collect();
    let json = format!(r#"{{"generation": 9, "items": [{}]}}"#, items.join(","));
    // Neither all keys nor all items fit.
    let config = ServerConfig {
        max_request_payload_bytes: 4096,
        max_response_payload_bytes: 16 * 1024,
        ..ServerConfig::default()
    };
    let running = Running::of_data(&schema, &config, &json);
    let texts: Vec<String> = (0..2000).map(|n| format!("/p{n}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let asked = keys(&schema, &texts);
    let mut client = running.client(&schema);
    let answer = ask(&schema, &mut client, &asked, &wait()).unwrap();
    assert_eq!(answer.items.len(), 2000);
    let kind = lookup(&schema);
    for (nth, (item, key)) in answer.items.iter().zip(&asked.items).enumerate() {
        assert_eq!(
            (kind.key_of(item), &item[0]),
            (key.clone(), &Value::Number(0))
        );
        let Value::Text(name) = &item[3] else {
            panic!("{item:?}")
        };
        assert!(name.ends_with(nth.to_string().as_bytes()), "{nth}");
    }
    assert!(client.counters().calls > 1);
    // The typed client says the same.
    let mut typed =
        Client::<CgroupsLookup>::new(running.dir.path(), &schema.name, ClientConfig::default());
    connect(&mut typed);
    let paths: Vec<&[u8]> = texts.iter().map(|text| text.as_bytes()).collect();
    let reply = typed.call(&paths).unwrap();
    assert!(
        reply
            .iter()
            .zip(&answer.items)
            .all(|(item, other)| { Value::Text(item.name.as_bytes().to_vec()) == other[3] })
    );
}

#[test]
fn an_item_that_no_answer_holds_is_oversized() {
    let schema = schema("cgroups-lookup");
    let name = "n".repeat(3000);
    let json = format!(r#"{{"items": [{{"path": "/a", "name": "{name}"}}, {{"path": "/b"}}]}}"#);
    let config = ServerConfig {
        max_response_payload_bytes: 1024,
        ..ServerConfig::default()
    };
    let running = Running::of_data(&schema, &config, &json);
    let asked = keys(&schema, &["/a", "/b", "/c"]);
    let answer = ask(&schema, &mut running.client(&schema), &asked, &wait()).unwrap();
    let statuses: Vec<_> = answer.items.iter().map(|item| item[0].clone()).collect();
    let oversized = lookup(&schema).oversized().into();
    assert_eq!(statuses, [oversized, 0, 2].map(Value::Number));
}

#[test]
fn typed_servers_are_asked_by_the_schema() {
    let dir = tempfile::tempdir().unwrap();
    let handler = cgroups::Handler::new(|_request, answer| {
        answer.set_header(1, 42);
        answer.add(7, 2, 1, b"sshd.service", b"/system.slice/sshd.service")
    });
    let server = cgroups::ManagedServer::new(
        dir.path(),
        "cgroups-snapshot",
        ServerConfig::default(),
        handler,
    );
    let server = Arc::new(server);
    server.bind().unwrap();
    let running = Arc::clone(&server);
    let thread = thread::spawn(move || running.run());
    let schema = schema("cgroups-snapshot");
    let mut client = AnyClient::new(dir.path(), &schema.name, &ClientConfig::default());
    client.refresh(&wait());
    let answer = ask(&schema, &mut client, &Message::default(), &wait()).unwrap();
    assert_eq!(answer.head, [Value::Number(1), Value::Number(42)]);
    assert_eq!(answer.items[0][3], Value::Text(b"sshd.service".to_vec()));
    server.stop();
    thread.join().unwrap().unwrap();
}

#[test]
fn values_answer_what_the_data_has() {
    let schema = schema("increment");
    let running = Running::of_data(
        &schema,
        &ServerConfig::default(),
        r#"{"request": 41, "reply": 42}"#,
    );
    let number = |n| Message {
        head: vec![Value::Number(n)],
        items: Vec::new(),
    };
    let mut client = running.client(&schema);
    let answer = ask(&schema, &mut client, &number(41), &wait()).unwrap();
    assert_eq!(answer, number(42));
    let json = schema.exchange_to_json(&number(41), &answer);
    assert_eq!(
        serde_json::to_string(&json).unwrap(),
        r#"{"service":"increment","request":41,"reply":42}"#
    );
    let failed = ask(&schema, &mut client, &number(40), &wait()).unwrap_err();
    assert_eq!(failed.code(), ErrorCode::HANDLER_FAILED);
    let mut typed =
        increment::IncrementClient::new(running.dir.path(), &schema.name, ClientConfig::default());
    connect(&mut typed);
    let batch = typed.call_batch(&[41, 41]).unwrap();
    assert!(batch.iter().eq([42, 42]));
}

#[test]
fn another_method_is_not_supported() {
    let (asked, served) = (schema("ip-to-asn"), schema("pid-traffic"));
    let running = Running::of_data(&served, &ServerConfig::default(), r#"{"items": []}"#);
    let mut client = running.client(&served);
    let failed = ask(&asked, &mut client, &keys(&asked, &["192.0.2.7"]), &wait()).unwrap_err();
    assert_eq!(failed.code(), ErrorCode::UNSUPPORTED);
    let mut typed = apps_lookup::AppsLookupClient::new(
        running.dir.path(),
        &served.name,
        ClientConfig::default(),
    );
    connect(&mut typed);
    assert_eq!(typed.call(&[1]).unwrap_err().code(), ErrorCode::UNSUPPORTED);
}

/// An answer to two keys, changed as the name of the case says.
fn hostile(case: &str, schema: &Schema, asked: &Message) -> Message {
    let kind = lookup(schema);
    let bare = |nth: usize, status| kind.bare(&asked.items[nth], status);
    let exceeded = kind.exceeded();
    let items = match case {
        "another key" => vec![bare(1, 1), bare(1, 1)],
        "too few" => vec![bare(0, 1)],
        "no room at first" => vec![bare(0, exceeded), bare(1, exceeded)],
        _ => vec![bare(0, exceeded), bare(1, 1)],
    };
    Message {
        head: vec![Value::Number(1)],
        items,
    }
}

#[test]
fn what_the_server_may_not_answer_is_told() {
    for case in [
        "another key",
        "too few",
        "no room at first",
        "data behind no room",
    ] {
        let served = schema("ip-to-asn");
        let answers = move |request: Request<'_>, buf: &mut [u8]| {
            let asked = served.decode(Way::Request, request.payload()).unwrap();
            let bytes = served
                .encode(Way::Response, &hostile(case, &served, &asked))
                .unwrap();
            buf[..bytes.len()].copy_from_slice(&bytes);
            Answered::ok(bytes.len())
        };
        let schema = schema("ip-to-asn");
        let running = Running::start(&schema, &ServerConfig::default(), Box::new(answers));
        let asked = keys(&schema, &["192.0.2.7", "192.0.2.8"]);
        let failed = ask(&schema, &mut running.client(&schema), &asked, &wait()).unwrap_err();
        assert_eq!(failed.code(), ErrorCode::PROTOCOL, "{case}");
    }
}

#[test]
fn the_rule_that_an_answer_breaks_is_told() {
    let answers = |_: Request<'_>, buf: &mut [u8]| {
        buf[..7].fill(0);
        Answered::ok(7)
    };
    let schema = schema("increment");
    let running = Running::start(&schema, &ServerConfig::default(), Box::new(answers));
    let asked = Message {
        head: vec![Value::Number(1)],
        items: Vec::new(),
    };
    let failed = ask(&schema, &mut running.client(&schema), &asked, &wait()).unwrap_err();
    assert_eq!(
        failed.to_string(),
        "the answer is not what the schema says: 8 bytes expected, 7 found"
    );
}

#[test]
fn a_server_that_never_answers_with_the_same_generation_is_told() {
    let served = schema("ip-to-asn");
    let generation = std::sync::atomic::AtomicU64::new(0);
    let answers = move |request: Request<'_>, buf: &mut [u8]| {
        let asked = served.decode(Way::Request, request.payload()).unwrap();
        let kind = lookup(&served);
        let bare = |(nth, key): (usize, &Vec<Value>)| {
            kind.bare(key, if nth == 0 { 1 } else { kind.exceeded() })
        };
        let items: Vec<_> = asked.items.iter().enumerate().map(bare).collect();
        let now = generation.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let message = Message {
            head: vec![Value::Number(now.into())],
            items,
        };
        let Ok(bytes) = served.encode(Way::Response, &message) else {
            return Answered::failed(Status::INTERNAL_ERROR);
        };
        buf[..bytes.len()].copy_from_slice(&bytes);
        Answered::ok(bytes.len())
    };
    let schema = schema("ip-to-asn");
    let running = Running::start(&schema, &ServerConfig::default(), Box::new(answers));
    let asked = keys(&schema, &["192.0.2.7", "192.0.2.8"]);
    let failed = ask(&schema, &mut running.client(&schema), &asked, &wait()).unwrap_err();
    assert_eq!(failed.code(), ErrorCode::GENERATION_MISMATCH, "{failed}");
}

#[test]
fn data_is_refused_with_its_place() {
    let cases = [
        (
            "ip-to-asn",
            r#"{"items": [{"address": "192.0.2.7", "country": "NLD"}]}"#,
            "items[0] cannot be served: country",
        ),
        (
            "ip-to-asn",
            r#"{"items": [{"address": "192.0.2.7"}, {"address": "192.0.2.7", "asn": 1}]}"#,
            "items[1] has the key of an earlier",
        ),
        (
            "ip-to-asn",
            r#"{"items": [{"address": "192.0.2.7", "status": 2}]}"#,
            "the status is for the protocol alone",
        ),
        (
            "ip-to-asn",
            r#"{"items": [{"address": "192.0.2"}]}"#,
            "items[0].address: an IPv4 or IPv6 address was expected",
        ),
        (
            "apps-lookup",
            r#"{"items": [{"pid": 1}]}"#,
            "items[0] cannot be served: comm: 0 is less than 1",
        ),
        (
            "increment",
            r#"{"request": "x", "reply": 1}"#,
            "value: a number was expected, `x` found",
        ),
    ];
    for (name, json, told) in cases {
        let error = Data::from_json(&schema(name), &parsed(json)).unwrap_err();
        assert!(error.to_string().contains(told), "{error}, not {told}");
    }
    // The same item twice says the same.
    let twice = r#"{"items": [{"address": "192.0.2.7"}, {"address": "192.0.2.7"}]}"#;
    Data::from_json(&schema("ip-to-asn"), &parsed(twice)).unwrap();
}

#[test]
fn a_full_answer_says_what_the_golden_builders_say() {
    let schema = schema("cgroups-lookup");
    let kind = lookup(&schema);
    for case in rows_of_member("builder_overflow.json", "cases") {
        let Some(Json::List(lens)) = case.get("name_lens") else {
            panic!("{case:?}");
        };
        let (mut keys, mut items) = (Vec::new(), Vec::new());
        for (nth, len) in lens.iter().enumerate() {
            let key = kind
                .key_from_text(format!("/p{nth:02}").as_bytes())
                .unwrap();
            let mut item = kind.bare(&key, 0);
            item[1] = Value::Number(3);
            item[3] = Value::Text(vec![b'n'; number(len)]);
            keys.push(key);
            items.push(item);
        }
        holds(
            &schema,
            &case,
            kind.answer(&keys, &items, 9, number(case.get("budget").unwrap())),
        );
    }
}

#[test]
fn a_full_answer_of_processes_says_what_the_golden_builders_say() {
    let schema = schema("apps-lookup");
    let kind = lookup(&schema);
    for case in rows_of_member("builder_overflow.json", "apps_cases") {
        let Some(Json::List(rows)) = case.get("items") else {
            panic!("{case:?}");
        };
        let (mut keys, mut items) = (Vec::new(), Vec::new());
        for (nth, row) in (100..).zip(rows) {
            let text = |byte, len| Value::Text(vec![byte; len]);
            let len = |name| number(row.get(name).unwrap());
            let key = vec![Value::Number(nth)];
            let path = [b"/".to_vec(), vec![b'p'; 20]].concat();
            items.push(vec![
                Value::Number(0),
                Value::Number(2),
                Value::Number(0),
                Value::Number(nth),
                Value::Number(1),
                Value::Number(1000),
                Value::Number(42),
                text(b'c', len("comm_len")),
                Value::Text(path),
                text(b'n', len("name_len")),
                Value::Labels(Vec::new()),
            ]);
            keys.push(key);
        }
        holds(
            &schema,
            &case,
            kind.answer(&keys, &items, 9, number(case.get("budget").unwrap())),
        );
    }
}

fn number(json: &Json) -> usize {
    match json {
        Json::Number(number) => usize::try_from(*number).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn holds(schema: &Schema, case: &Json, built: Result<Vec<u8>, netipc_schema::codec::Malformed>) {
    let Ok(bytes) = built else {
        assert!(case.get("error").is_some(), "{case:?}");
        return;
    };
    assert_eq!(bytes.len(), number(case.get("len").unwrap()), "{case:?}");
    let read = schema.decode(Way::Response, &bytes).unwrap();
    let statuses = read.items.iter().map(|item| match &item[0] {
        Value::Number(status) => Json::Number(*status),
        other => panic!("{other:?}"),
    });
    assert_eq!(
        case.get("statuses"),
        Some(&Json::List(statuses.collect())),
        "{case:?}"
    );
}
