//! The examples that drive sessions themselves.

use crate::programs::Bench;

const ANSWERS: &str = "answer to 1: 101\nanswer to 2: 201\nanswer to 3: 301\n";
/// What comes back to malformed envelopes.
const SHOWN: &str = "another magic number: no answer, and a hang-up
a batch without items: status 1
more than was agreed: status 5
a response to nothing: no answer, and a hang-up
";

#[test]
fn requests_are_pipelined_and_malformed_envelopes_answered() {
    let bench = Bench::new();
    // One client for the pipeline, and four that send malformed envelopes.
    let server = bench.start_checked(&bench.example("level1_server"), &["5"]);
    server.wait_for("READY");
    let pipeline = bench.start_checked(&bench.example("level1_pipeline"), &[]);
    assert_eq!(pipeline.succeed(), ANSWERS);
    let malformed = bench.start_checked(&bench.example("level1_malformed"), &[]);
    assert_eq!(malformed.succeed(), SHOWN);
    server.succeed();
    bench.is_clean();
}

#[test]
fn a_server_of_raw_messages_removes_its_socket_when_it_is_to_end() {
    let bench = Bench::new();
    let program = bench.example("level1_server");
    let pipeline = bench.example("level1_pipeline");
    // Once while it waits for a client, and once while it waits for what a client says.
    for is_held in [false, true] {
        let server = bench.start_checked(&program, &[]);
        server.wait_for("READY");
        assert_eq!(bench.start(&pipeline, &[]).succeed(), ANSWERS);
        let idle = bench.example("level1_clients");
        let idle = is_held.then(|| bench.start(&idle, &["1", "0"]));
        if let Some(idle) = &idle {
            idle.wait_for("1 session");
        }
        server.signal("TERM");
        server.succeed();
        bench.is_clean();
        if let Some(idle) = idle {
            let (status, text) = idle.end();
            assert_eq!(status.code(), Some(1), "{text}");
        }
    }
}

#[test]
fn many_sessions_of_a_client_are_watched_in_one_thread() {
    let bench = Bench::new();
    let server = bench.start_checked(&bench.example("level1_event_loop"), &[]);
    server.wait_for("READY");
    let clients = bench.start_checked(&bench.example("level1_clients"), &["40", "25"]);
    assert_eq!(clients.succeed(), "40 sessions\n1000 answers\n");
    server.signal("TERM");
    server.succeed();
    bench.is_clean();
}

#[test]
fn an_event_loop_serves_several_clients() {
    let bench = Bench::new();
    let server = bench.start_checked(&bench.example("level1_event_loop"), &[]);
    server.wait_for("READY");
    let client = bench.example("level1_pipeline");
    let clients: Vec<_> = (0..4).map(|_| bench.start(&client, &[])).collect();
    for client in clients {
        // It sends back the numbers that it got.
        let echo = "answer to 1: 100\nanswer to 2: 200\nanswer to 3: 300\n";
        assert_eq!(client.succeed(), echo);
    }
    let malformed = bench.start(bench.example("level1_malformed"), &[]);
    assert_eq!(malformed.succeed(), SHOWN);
    server.signal("TERM");
    server.succeed();
    bench.is_clean();
}

#[test]
fn without_a_server_they_say_so() {
    let bench = Bench::new();
    for name in ["level1_pipeline", "level1_malformed", "level1_clients"] {
        let (status, text) = bench.start_checked(&bench.example(name), &[]).end();
        assert_eq!(status.code(), Some(1), "{text}");
        assert!(text.contains("no server at"), "{text}");
    }
}
