//! The bytes of headers: golden ones, and any.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use netipc::wire::MethodCode;
use netipc_bridge::packing;
use netipc_bridge::wire::{Form, HEADER_LEN, Outcome, Question, Reply};
use proptest::prelude::*;
use serde_json::Value;

/// `tests/vectors.json`: what version 1 is, for ever.
fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap()
}

fn short<T: TryFrom<u64>>(value: &Value, name: &str) -> T {
    T::try_from(number(value, name)).ok().unwrap()
}

fn batch(value: &Value) -> Option<u32> {
    value["batch"]
        .as_u64()
        .map(|items| items.try_into().unwrap())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn questions_are_written_as_they_always_were() {
    for case in vectors()["questions"].as_array().unwrap() {
        let question = Question {
            method: MethodCode(short(case, "method")),
            batch: batch(case),
            deadline_ms: short(case, "deadline_ms"),
            room: short(case, "room"),
            life: short(case, "life"),
            claim: number(case, "claim"),
            held: number(case, "held"),
            takes_lz4: case["takes_lz4"].as_bool().unwrap(),
        };
        let bytes = question.encode();
        assert_eq!(hex(&bytes), case["hex"].as_str().unwrap());
        assert_eq!(Question::decode(&bytes), Ok(question));
    }
}

#[test]
fn replies_are_written_as_they_always_were() {
    for case in vectors()["replies"].as_array().unwrap() {
        let reply = Reply {
            outcome: Outcome(short(case, "outcome")),
            method: MethodCode(short(case, "method")),
            batch: batch(case),
            form: match case["form"].as_str().unwrap() {
                "plain" => Form::Plain,
                "lz4" => Form::Lz4,
                _ => Form::Unchanged,
            },
            len: short(case, "len"),
            took_us: short(case, "took_us"),
            life: short(case, "life"),
            claim: number(case, "claim"),
            tag: number(case, "tag"),
        };
        let bytes = reply.encode();
        assert_eq!(hex(&bytes), case["hex"].as_str().unwrap());
        assert_eq!(Reply::decode(&bytes), Ok(reply));
    }
}

proptest! {
    #[test]
    fn whatever_is_read_is_written_the_same(mut bytes in proptest::array::uniform32(any::<u8>()), tail in any::<u64>(), kind in 0..4_u8) {
        // Most of what is random does not begin as a header.
        if kind > 0 {
            bytes[..4].copy_from_slice(&[0x4e, 0x42, 1, kind]);
        }
        if kind > 1 {
            bytes[6..8].fill(0);
        }
        let mut all = bytes.to_vec();
        all.extend(tail.to_le_bytes());
        if let Ok(question) = Question::decode(&all) {
            prop_assert_eq!(&question.encode()[..], &all);
        }
        if let Ok(reply) = Reply::decode(&all) {
            prop_assert_eq!(&reply.encode()[..], &all);
        }
    }

    #[test]
    fn no_other_length_is_a_header(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        if bytes.len() != HEADER_LEN {
            prop_assert!(Question::decode(&bytes).is_err());
            prop_assert!(Reply::decode(&bytes).is_err());
        }
    }

    #[test]
    fn no_payload_writes_beyond_its_place(bytes in proptest::collection::vec(any::<u8>(), 0..300), room in 0..2000_usize) {
        for form in [Form::Plain, Form::Lz4, Form::Unchanged] {
            let mut out = vec![0; room];
            let _ = packing::unpack(form, &bytes, b"held", &mut out);
        }
    }

    #[test]
    fn every_answer_arrives(answer in proptest::collection::vec(0..4_u8, 0..5000), lz4 in any::<bool>()) {
        let question = Question {
            method: MethodCode(1),
            batch: None,
            deadline_ms: 1,
            room: 1,
            life: 0,
            claim: 1,
            held: 0,
            takes_lz4: lz4,
        };
        let (form, bytes) = packing::pack(&question, &answer, 5);
        let mut out = vec![0; answer.len()];
        packing::unpack(form, &bytes, b"", &mut out).unwrap();
        prop_assert_eq!(out, answer);
    }
}
