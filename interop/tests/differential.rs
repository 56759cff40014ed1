//! Every language writes and reads the same, and whoever does not is found out.

use netipc_interop::differential::{Cases, CodecPeer, Difference, run};

/// Verdicts that have to come up: otherwise the cases are not what they should be.
const VERDICTS: [(&str, &str); 10] = [
    ("encode header", "ok"),
    (
        "decode header",
        "ok Truncated BadMagic BadVersion BadHeaderLen BadKind",
    ),
    ("encode chunk", "ok"),
    ("decode chunk", "ok Truncated BadMagic BadVersion BadLayout"),
    ("encode hello", "ok"),
    ("decode hello", "ok Truncated"),
    ("encode hello-ack", "ok"),
    ("decode hello-ack", "ok Truncated"),
    ("encode batch", "ok BadItemCount Overflow"),
    ("decode batch", "ok Truncated BadAlignment OutOfBounds"),
];

#[test]
fn rust_and_go_write_and_read_the_same() {
    let peers = CodecPeer::all(env!("CARGO_BIN_EXE_netipc-differential").into());
    let peers = peers.expect("both peers");
    let cases = Cases {
        seed: 1,
        count: 20_000,
    };
    let tally = run(&peers, cases, |_| ()).unwrap_or_else(|difference| panic!("{difference}"));
    for (asked, verdicts) in VERDICTS {
        for verdict in verdicts.split(' ') {
            let what = format!("{asked} {verdict}");
            assert!(tally.of(&what) > 0, "never: {what}\n{tally}");
        }
    }
    let known: usize = VERDICTS.iter().map(|row| row.1.split(' ').count()).sum();
    assert_eq!(tally.all().count(), known, "not in the table\n{tally}");
}

#[test]
fn peers_that_differ_are_found_out() {
    let peers = [rust(), liar("s/.*/error Truncated/")];
    let found = difference(&peers, 5, 1_000);
    assert_eq!(found.seed, 5, "of the first case");
    let text = found.to_string();
    assert!(text.starts_with("the peers do not agree\n"), "{text}");
    assert!(text.contains("\nasked: encode "), "{text}");
    assert!(text.contains("\nrust: "), "{text}");
    assert!(text.contains("\nliar: error Truncated\n"), "{text}");
    assert!(text.ends_with("again: --seed 5 --cases 1"), "{text}");
}

#[test]
fn peers_that_are_wrong_together_are_found_out() {
    let refuse = difference(
        &[liar("s/.*/error BadKind/"), liar("s/.*/error BadKind/")],
        0,
        99,
    );
    assert!(refuse.asked.starts_with("encode "), "{refuse}");
    let forget = difference(&[liar("s/.*/ok 00/"), liar("s/.*/ok 00/")], 0, 99);
    assert!(forget.asked.starts_with("decode "), "{forget}");
    for found in [refuse, forget] {
        assert!(found.reason.contains("something wrong"), "{found}");
    }
}

#[test]
fn a_case_is_tried_again_with_its_own_seed() {
    let same = "s/.*/ok 00/";
    let other = "s/^encode batch .*/ok 01/;t;s/.*/ok 00/";
    let peers = [liar(same), liar(other)];
    let found = difference(&peers, 3, 256);
    assert!(found.seed > 3, "{found}");
    let again = difference(&peers, found.seed, 1);
    assert_eq!((again.asked, again.seed), (found.asked, found.seed));
}

#[test]
fn a_peer_that_ends_is_found_out() {
    let mut ends = liar("");
    ends.program = "false".into();
    let found = difference(&[rust(), ends], 0, 10);
    assert!(found.reason.contains("the liar ended"), "{found}");
    let same = "s/.*/ok 00/";
    let peers = [liar(same), liar("/^encode batch/Q1;s/.*/ok 00/")];
    let found = difference(&peers, 3, 256);
    assert!(found.asked.starts_with("encode batch "), "{found}");
    let again = difference(&peers, found.seed, 1);
    assert_eq!((again.asked, again.reason), (found.asked, found.reason));
    let mut absent = rust();
    absent.program = "/nowhere/peer".into();
    let found = difference(&[absent], 0, 10);
    assert!(found.reason.contains("cannot start the rust"), "{found}");
}

fn difference(peers: &[CodecPeer], seed: u64, count: u64) -> Difference {
    run(peers, Cases { seed, count }, |_| ()).expect_err("a difference")
}

fn rust() -> CodecPeer {
    CodecPeer {
        name: "rust",
        program: env!("CARGO_BIN_EXE_netipc-differential").into(),
        args: vec!["peer".into()],
    }
}

/// A peer that says of each line what `script` makes of it.
fn liar(script: &str) -> CodecPeer {
    CodecPeer {
        name: "liar",
        program: "sed".into(),
        args: vec!["-u".into(), script.into()],
    }
}
