//! A pair of sessions beside a plain model, moved by a list of operations.

#[path = "../../../proto/tests/common/mod.rs"]
mod common;

use netipc_proto::session::Framing;

use self::common::model::{Op, run};
use crate::{Input, Seen};

/// Lists of operations, each of four bytes behind one for the framing.
pub(super) fn operations() -> Vec<Vec<u8>> {
    let ask_and_answer = |len: u8| {
        [
            0, 0, len, 0, 7, 0, 0, 0, 7, 0, 0, 0, 4, 0, len, 0, 7, 1, 0, 0, 7, 1, 0, 0,
        ]
    };
    let spoilt = |code: u8| [0, 0, 200, 0, code, 0, 9, 0, 7, 0, 0, 0, 7, 0, 0, 0];
    let mut seeds = Vec::new();
    for first in 0..8 {
        seeds.extend([10, 60, 250].map(|len| [&[first][..], &ask_and_answer(len)].concat()));
        seeds.extend([14, 15].map(|code| [&[first][..], &spoilt(code)].concat()));
    }
    seeds
}

/// Whatever happens to packets, both sides hold what the model says.
pub(super) fn pair(bytes: &[u8]) -> Seen {
    let mut input = Input::new(bytes);
    let framing = if input.flag() {
        Framing::Whole
    } else {
        Framing::Chunked
    };
    let (mut ops, mut codes) = (Vec::new(), std::collections::BTreeSet::new());
    while !input.is_empty() && ops.len() < 400 {
        let (code, which, value) = (input.u8(), input.u8(), input.u16());
        codes.insert(code % 16);
        ops.push(Op::from((code, which, value)));
    }
    let seen = Seen::of((framing == Framing::Whole, codes)).and_many(ops.len());
    run(framing, ops);
    seen
}
