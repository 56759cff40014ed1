//! `watch` and `top`: their screens on a terminal, and their lines without one.
#![cfg(target_os = "linux")]

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use netipc::ClientConfig;
use netipc::protocol::{PROFILE_BASELINE, PROFILE_SHM_HYBRID};
use netipc::service::increment::IncrementClient;
use netipc::untyped::{Answered, AnyServer};
use serde_json::Value;
use support::screen_linux::Screen;
use support::{Provider, TestDir, run};

/// Two cgroups, and then others.
const BEFORE: &str = r#"{"service": "cgroups-snapshot", "generation": 1, "items": [
    {"name": "db", "path": "/db"}, {"name": "web", "path": "/web"}]}"#;
const AFTER: &str = r#"{"service": "cgroups-snapshot", "generation": 2, "items": [
    {"name": "api", "path": "/api"}, {"name": "web", "path": "/web2"}]}"#;

fn serve(place: &TestDir, data: &str) -> Provider {
    let file = place.write("data.json", data);
    place.serve_data(&file, &[])
}

/// The text with `N` for each number, and the run directory by its name.
fn normal(text: &str, place: &TestDir) -> String {
    let text = text.replace(&place.run_dir().display().to_string(), "RUN_DIR");
    let mut normal = String::new();
    for c in text.chars() {
        match c {
            '0'..='9' if normal.ends_with('N') => {}
            '0'..='9' => normal.push('N'),
            c => normal.push(c),
        }
    }
    normal.replace("N.N", "N")
}

#[test]
fn a_screen_shows_what_is_answered_and_what_changes() {
    let place = TestDir::new();
    let provider = serve(&place, BEFORE);
    let args = ["cgroups-snapshot", "--interval=0.05"];
    let mut screen = Screen::start(place.command("watch", &args), 80, 24);
    let first = screen.once(|text| text.contains("/web") && text.contains("median"));
    let lines: Vec<String> = first.lines().map(|line| normal(line, &place)).collect();
    assert_eq!(lines[0], "cgroups-snapshot  RUN_DIR/cgroups-snapshot.sock");
    let state = "ready for Ns, shm (shm-ring), systemd_enabled N, generation N";
    assert_eq!(lines[1], state);
    assert!(lines[2].starts_with("N items: N added, N removed, N changed; asked N, failed N"));
    assert!(
        lines[3].starts_with("latency N µs, min N, median N, max N"),
        "{first}"
    );
    let table: Vec<&str> = lines[6..9].iter().map(|line| line.trim()).collect();
    assert!(
        table[0].contains("NAME") && table[0].contains("PATH"),
        "{first}"
    );
    assert!(
        table[1].contains(" db ") && table[2].contains(" web "),
        "{first}"
    );
    let footer = "q quit  p pause  s sort: key  / filter";
    assert_eq!(lines[23].trim(), footer, "{first}");
    assert!(provider.stop().success());
    screen.shows("not found for ");
    screen.shows("no server at");
    let provider = serve(&place, AFTER);
    let changed = screen.shows("reconnected once");
    let changed = if changed.contains("/web2") {
        changed
    } else {
        screen.shows("/web2")
    };
    let row = |sign: &str, name: &str| {
        let mut lines = changed.lines();
        lines.any(|line| line.trim_start().starts_with(sign) && line.contains(name))
    };
    assert!(
        row("+", " api ") && row("-", " db ") && row("~", " web "),
        "{changed}"
    );
    assert!(
        changed.contains("1 added, 1 removed, 1 changed"),
        "{changed}"
    );
    assert!(screen.is_coloured());
    screen.press("/api\r");
    screen.once(|text| text.contains("filter: api") && !text.contains(" web "));
    screen.press("s");
    screen.shows("s sort: change");
    screen.press("p");
    screen.shows("PAUSED");
    screen.press("q");
    let (status, is_left) = screen.end();
    assert!(status.success() && is_left);
    assert!(provider.stop().success());
}

#[test]
fn a_screen_without_colours_fits_a_small_terminal_and_ends_with_a_signal() {
    let place = TestDir::new();
    let _provider = serve(&place, BEFORE);
    let mut command = place.command("watch", &["cgroups-snapshot", "--interval=0.05"]);
    command.env("NO_COLOR", "1");
    let mut screen = Screen::start(command, 40, 12);
    screen.shows("median");
    assert!(!screen.is_coloured());
    // Ctrl-C is a key here.
    screen.press("\x03");
    let (status, is_left) = screen.end();
    assert!(status.success() && is_left);
}

#[test]
fn lines_tell_the_same_where_there_is_no_terminal() {
    let place = TestDir::new();
    let provider = serve(&place, BEFORE);
    let args = [
        "cgroups-snapshot",
        "--interval=0.01",
        "--count=2",
        "--profiles=baseline",
    ];
    let ended = run(place.command("watch", &args), b"");
    let line = "N:N:NZ ready, socket (baseline), systemd_enabled N, generation N, N items, Nµs";
    let lines: Vec<String> = ended
        .text()
        .lines()
        .map(|line| normal(line, &place))
        .collect();
    let lines: Vec<String> = lines
        .iter()
        .map(|line| line.replace("Nms", "Nµs"))
        .collect();
    assert_eq!(lines, [line, line]);
    assert!(provider.stop().success());
    let ended = run(place.command("watch", &args[..3]), b"");
    let line = "N:N:NZ not found: not found: no server at RUN_DIR/cgroups-snapshot.sock";
    assert!(
        normal(ended.text(), &place).starts_with(line),
        "{}",
        ended.stdout
    );
}

#[test]
fn json_lines_have_what_changed_with_time_and_transport() {
    let place = TestDir::new();
    let provider = serve(&place, BEFORE);
    let mut args = vec!["cgroups-snapshot", "--interval=0.02", "--json"];
    let mut command = place.command("watch", &args);
    let mut child = command.spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    let first = next();
    assert!(first["time"].as_f64().unwrap() > 1e9 && first["took_us"].as_u64().unwrap() > 0);
    assert_eq!(first["transport"], "shm (shm-ring)");
    assert_eq!(
        (&first["items"], &first["state"]),
        (&2.into(), &"ready".into())
    );
    assert!(provider.stop().success());
    let until = Instant::now() + Duration::from_secs(60);
    let failed = std::iter::repeat_with(&mut next).find(|line| line["error"].is_string());
    assert_eq!(failed.unwrap()["state"], "not found");
    let _provider = serve(&place, AFTER);
    let changed = std::iter::repeat_with(&mut next)
        .take_while(|_| Instant::now() < until)
        .find(|line| line["added"][0] == "api")
        .unwrap();
    assert_eq!(changed["removed"][0], "db");
    assert_eq!(changed["changed"][0]["key"], "web");
    assert_eq!(
        changed["changed"][0]["fields"]["path"],
        serde_json::json!(["/web", "/web2"])
    );
    assert_eq!(changed["sessions"], 2);
    child.kill().unwrap();
    child.wait().unwrap();
    args.push("--nonsense");
    assert_eq!(run(place.command("watch", &args), b"").code, Some(2));
}

/// A client in this process that asks without end, over shared memory.
fn client(place: &TestDir) -> IncrementClient {
    let config = ClientConfig {
        supported_profiles: PROFILE_BASELINE | PROFILE_SHM_HYBRID,
        ..ClientConfig::default()
    };
    place.increment_client(config)
}

/// Says that it is over once it is dropped.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn top_shows_all_services_of_a_run_directory() {
    let place = TestDir::new();
    let _provider = place.serve(&["--service=increment", "--stats"]);
    let _other = place.serve(&["--service=string-reverse"]);
    let mut client = client(&place);
    client.call(&1).unwrap();
    let mut screen = Screen::start(
        place.command("top", &["--interval=0.1", "--timeout=60000"]),
        80,
        24,
    );
    let first = screen.shows("2 of 2 services live, 1 session (1 over shared memory)");
    assert!(
        first.contains("SERVICE") && first.contains("CALLS/S"),
        "{first}"
    );
    assert!(first.contains("1/8 shm 1"), "{first}");
    // A rate needs two looks with calls between them.
    let is_rate = |text: &str| {
        let row = text
            .lines()
            .find(|line| line.trim_start().starts_with("increment"));
        let cells: Vec<&str> = row.unwrap_or_default().split_whitespace().collect();
        let calls: Option<f64> = cells.get(6).and_then(|calls| calls.parse().ok());
        calls.is_some_and(|calls| calls > 0.0) && cells.iter().any(|cell| cell.ends_with("µs"))
    };
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                client.call(&1).unwrap();
            }
        });
        // Whatever comes of it, the calls end.
        let _end = End(&done);
        screen.once(is_rate);
    });
    screen.press("/string\r");
    screen.once(|text| text.contains("string-reverse") && !text.contains(" increment "));
    screen.press("q");
    let (status, is_left) = screen.end();
    assert!(status.success() && is_left);
}

#[test]
fn top_tells_lines_and_json_where_there_is_no_terminal() {
    let place = TestDir::new();
    let provider = place.serve(&["--service=increment", "--stats"]);
    let top = |args: &[&str]| {
        run(
            place.command("top", &[args, &["--timeout=60000"]].concat()),
            b"",
        )
    };
    let text = top(&["--count=2", "--interval=0.05"]);
    let lines: Vec<String> = text
        .text()
        .lines()
        .map(|line| normal(line, &place))
        .collect();
    let title = "N:N:NZ N of N service live, N sessions (N over shared memory), N calls/s";
    let header = "SERVICE STATE PID SESSIONS CALLS/S REFUSED HANDLER DATA";
    let blanks = |line: &String| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = lines.iter().map(blanks).collect();
    assert_eq!(
        lines,
        [
            title,
            header,
            "increment live N N/N - N - -",
            title,
            header,
            "increment live N N/N N N - -"
        ]
    );
    let json = top(&["--count=2", "--interval=0.05", "--json"]);
    let last: Value = serde_json::from_str(json.text().lines().last().unwrap()).unwrap();
    let service = &last["services"][0];
    assert_eq!(service["pid"], provider.pid());
    assert_eq!(service["calls_per_second"], 0.0);
    assert_eq!(
        (&service["workers"], &service["refused"]),
        (&8.into(), &0.into())
    );
    assert!(last["time"].as_f64().unwrap() > 1e9 && last["seconds"].as_f64().unwrap() > 0.0);
    let gone = place.path("gone").display().to_string();
    let ended = run(support::netipc(["top", "--run-dir", &gone]), b"");
    ended.failed(3, "not found", "no run directory is there");
}

/// Stops a server in the end, however that comes.
struct Stops<'s>(&'s AnyServer);

impl Drop for Stops<'_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

#[test]
fn tables_fit_the_terminal_and_what_takes_long_is_told() {
    let place = TestDir::new();
    let long = "x".repeat(60);
    let data = BEFORE
        .replace("/web", &format!("/{long}"))
        .replace("\"db\"", &format!("\"{long}\""));
    let provider = serve(&place, &data);
    let mut screen = Screen::start(place.command("call", &["cgroups-snapshot"]), 80, 24);
    // The last line tells what carried it.
    let text = screen.shows("shm (shm-ring), ");
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].contains("NAME") && lines[0].contains("PATH"),
        "one line of headers: {text}"
    );
    assert!(
        text.contains("xxx") && lines[1..].iter().any(|line| line.contains("web")),
        "{text}"
    );
    assert!(screen.end().0.success());
    assert!(provider.stop().success());
    // Somebody who answers once it was told that this takes long.
    let (answer_now, is_told) = mpsc::channel::<()>();
    let is_told = Mutex::new(is_told);
    let handler = Box::new(move |_: netipc::connection::Message<'_>, buf: &mut [u8]| {
        // The end of the channel is as good.
        let _ = is_told.lock().unwrap().recv();
        buf[..8].copy_from_slice(&2_u64.to_le_bytes());
        Answered::ok(8)
    });
    let config = netipc::ServerConfig::default();
    let server = AnyServer::new(place.run_dir(), "increment", &config, 1, handler);
    server.bind().unwrap();
    thread::scope(|scope| {
        let _stops = Stops(&server);
        scope.spawn(|| server.run().unwrap());
        let mut command = place.command("call", &["increment", "1", "--timeout=120000"]);
        command.env("NO_COLOR", "1");
        let mut screen = Screen::start(command, 120, 24);
        screen.shows("increment.sock: 2 s so far");
        drop(answer_now);
        screen.shows("socket (baseline), ");
        assert!(screen.end().0.success());
    });
}

#[test]
fn colours_are_for_terminals_whose_users_want_them() {
    let place = TestDir::new();
    place
        .serve(&["--service=increment"])
        .end(rustix::process::Signal::KILL);
    let screen_of = |subcommand: &str, word: &str, no_color: &str| {
        let mut command = place.command(subcommand, &[]);
        command.env("NO_COLOR", no_color).env("TERM", "xterm");
        let mut screen = Screen::start(command, 100, 24);
        let text = screen.shows(word);
        let is_coloured = screen.is_coloured();
        screen.end();
        (text, is_coloured)
    };
    for (subcommand, word) in [("doctor", "PROBLEM: stale socket"), ("ls", "stale")] {
        let (text, is_coloured) = screen_of(subcommand, word, "");
        assert!(text.contains(word) && is_coloured, "{text}");
        let (text, is_coloured) = screen_of(subcommand, word, "1");
        assert!(text.contains(word) && !is_coloured, "{text}");
        let piped = run(place.command(subcommand, &[]), b"");
        assert!(piped.stdout.contains(word) && !piped.stdout.contains('\x1b'));
    }
}
