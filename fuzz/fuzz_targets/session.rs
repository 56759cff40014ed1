//! A pair of sessions beside a plain model, and one session that gets packets nobody sent.

#![no_main]

#[path = "../../crates/proto/tests/common/mod.rs"]
mod common;

use arbitrary::Arbitrary;
use common::model::{self, Op};
use common::{deliver, limits, request};
use libfuzzer_sys::fuzz_target;
use netipc_proto::session::{Framing, Role, Session};

#[derive(Arbitrary, Debug)]
enum Input {
    /// Operations of a pair.
    Pair {
        whole: bool,
        ops: Vec<(u8, u8, u16)>,
    },
    /// Packets to one side.
    Packets {
        whole: bool,
        client: bool,
        packets: Vec<Vec<u8>>,
    },
}

fuzz_target!(|input: Input| match input {
    Input::Pair { whole, ops } => model::run(framing(whole), ops.into_iter().map(Op::from)),
    Input::Packets {
        whole,
        client,
        packets,
    } => receive(framing(whole), client, &packets),
});

fn receive(framing: Framing, client: bool, packets: &[Vec<u8>]) {
    let role = if client { Role::Client } else { Role::Server };
    let mut session = Session::new(role, limits(1000, 10, 128), framing);
    for id in 0..4 {
        // A server sends no requests: only a client has ids in flight.
        assert_eq!(session.send(request(id), &[]).is_ok(), client);
    }
    for packet in packets {
        let result = deliver(&mut session, packet);
        assert!(session.space().len() <= 32 + 1000);
        if result.is_err() {
            break;
        }
    }
}

const fn framing(whole: bool) -> Framing {
    if whole {
        Framing::Whole
    } else {
        Framing::Chunked
    }
}
