//! The bytes of headers, keys and answers: golden ones, and any.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use netipc::wire::MethodCode;
use netipc_bridge::keys;
use netipc_bridge::packing::{self, SMALL};
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

fn golden(kind: &str) -> Vec<Vec<u8>> {
    let vectors = vectors();
    let cases = vectors[kind].as_array().unwrap();
    let bytes = |case: &Value| {
        let hex = case["hex"].as_str().unwrap();
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(byte).collect()
    };
    cases.iter().map(bytes).collect()
}

/// Golden bytes that were changed in some places, cut or made longer.
fn spoilt(golden: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        any::<u8>(),
        Just(0),
        Just(1),
        Just(0xff),
        Just(b'/'),
        Just(b'@')
    ];
    let changes = proptest::collection::vec((any::<proptest::sample::Index>(), byte), 0..4);
    let tail =
        prop_oneof![4 => Just(Vec::new()), 1 => proptest::collection::vec(any::<u8>(), 0..9)];
    let spoil = |(mut bytes, changes, cut, tail): (
        Vec<u8>,
        Vec<_>,
        Option<proptest::sample::Index>,
        Vec<u8>,
    )| {
        for (at, byte) in changes {
            let at: proptest::sample::Index = at;
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        let len = cut.map_or(bytes.len(), |cut| cut.index(bytes.len() + 1));
        bytes.truncate(len);
        bytes.extend(tail);
        bytes
    };
    let cut = proptest::option::weighted(0.2, any::<proptest::sample::Index>());
    (proptest::sample::select(golden), changes, cut, tail).prop_map(spoil)
}

/// Replies with their payloads, one in each form.
fn answers() -> Vec<Vec<u8>> {
    let asked = Question::decode(&golden("questions")[0]).unwrap();
    let text = [b'x'; 1500];
    let of_form = |form| {
        let question = Question {
            held: if form == Form::Unchanged { 5 } else { 0 },
            takes_lz4: form == Form::Lz4,
            ..asked
        };
        let (made, payload) = packing::pack(&question, &text, 5);
        assert_eq!(made, form);
        let len = if form == Form::Unchanged {
            HELD.len()
        } else {
            text.len()
        };
        let reply = Reply {
            form,
            len: len.try_into().unwrap(),
            ..Reply::refusal(&question, 1, Outcome::OK)
        };
        [&reply.encode()[..], &payload].concat()
    };
    [Form::Plain, Form::Lz4, Form::Unchanged]
        .map(of_form)
        .to_vec()
}

/// What an asker holds of an earlier answer.
const HELD: [u8; SMALL] = [7; SMALL];

/// Names in keys of both kinds.
fn names() -> Vec<Vec<u8>> {
    let all = [
        keys::asked("web-1", "s", "viewer"),
        keys::claim("web-1", "s", 7),
        "db-1.example_x".to_owned(),
        "netipc/*/s/viewer".to_owned(),
    ];
    all.map(String::into_bytes).to_vec()
}

// Fuzz targets; PROPTEST_CASES says how many inputs of each.
proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_nearly_a_header_is_read_whole_or_not_at_all(bytes in spoilt([golden("questions"), golden("replies")].concat())) {
        if let Ok(question) = Question::decode(&bytes) {
            prop_assert_eq!(&question.encode()[..], &bytes);
        }
        if let Ok(reply) = Reply::decode(&bytes) {
            prop_assert_eq!(&reply.encode()[..], &bytes);
            prop_assert!(reply.outcome == Outcome::OK || (reply.len == 0 && reply.form == Form::Plain));
        }
    }

    #[test]
    fn what_is_nearly_an_answer_is_as_long_as_it_says_or_refused(bytes in spoilt(answers())) {
        let Some((header, payload)) = bytes.split_first_chunk::<HEADER_LEN>() else {
            return Ok(());
        };
        let Ok(reply) = Reply::decode(header) else { return Ok(()) };
        let mut room = [0xaa; 2000];
        let Some((out, beyond)) = room.split_at_mut_checked(reply.len as usize) else {
            return Ok(());
        };
        let taken = packing::unpack(reply.form, payload, &HELD, out);
        prop_assert!(beyond.iter().all(|byte| *byte == 0xaa));
        match (taken, reply.form) {
            (Ok(()), Form::Plain) => prop_assert_eq!(&*out, payload),
            (Ok(()), Form::Unchanged) => prop_assert_eq!(&*out, &HELD),
            (Ok(()), Form::Lz4) | (Err(_), _) => {}
        }
    }

    #[test]
    fn what_is_nearly_a_key_means_itself_or_nothing(bytes in spoilt(names())) {
        let Ok(text) = std::str::from_utf8(&bytes) else { return Ok(()) };
        if let Some((host, service, asker)) = keys::parse_asked(text) {
            prop_assert_eq!(keys::asked(host, service, asker), text);
        }
        if let Some((host, service, claim)) = keys::parse_claim(text) {
            let again = keys::claim(host, service, claim);
            prop_assert!(again.eq_ignore_ascii_case(text));
            prop_assert!(keys::name("host", host).is_ok() && keys::name("service", service).is_ok());
        }
        let name = keys::name("host", text);
        if let Ok(name) = &name {
            let claim = keys::claim(name, name, 1);
            prop_assert_eq!(keys::parse_claim(&claim), Some((&**name, &**name, 1)));
            let asked = keys::asked(name, name, name);
            prop_assert_eq!(keys::parse_asked(&asked), Some((&**name, &**name, &**name)));
        }
        prop_assert!(keys::certified("host", text).is_err() || name.is_ok());
    }

    #[test]
    fn every_question_and_reply_comes_back(
        numbers in any::<[u32; 4]>(),
        longs in any::<[u64; 2]>(),
        method in any::<u16>(),
        outcome in prop_oneof![Just(0), any::<u16>()],
        batch in proptest::option::of(1..u32::MAX),
        form in prop_oneof![Just(Form::Plain), Just(Form::Lz4), Just(Form::Unchanged)],
    ) {
        let ([a, b, c, _], [claim, tag]) = (numbers, longs);
        let method = MethodCode(method);
        let question = Question {
            method, batch, deadline_ms: a, room: b, life: c, claim, held: tag, takes_lz4: a % 2 == 0,
        };
        prop_assert_eq!(Question::decode(&question.encode()), Ok(question));
        let answer = Reply {
            outcome: Outcome::OK, method, batch, form, len: a, took_us: b, life: c, claim, tag,
        };
        prop_assert_eq!(Reply::decode(&answer.encode()), Ok(answer));
        let refusal = Reply::refusal(&question, claim, Outcome(outcome));
        prop_assert_eq!(Reply::decode(&refusal.encode()), Ok(refusal));
    }

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
