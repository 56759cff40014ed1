//! The codec that works from schemas writes and reads the golden bytes, and refuses what the
//! specification refuses.

use netipc_schema::codec::{Malformed, Message, Value, Way, decode_batch, encode_batch};
use netipc_schema::document::Style;
use netipc_schema::json::Json;
use netipc_schema::load_shared;

use crate::common::{
    Golden, crate_dir, golden, of_service, rows, schema, schemas, text, unhex, verdict,
};

#[test]
fn golden_messages_are_written_and_read() {
    let (schemas, mut services) = (schemas(), 0);
    for Golden {
        name,
        kind,
        input,
        bytes,
    } in golden()
    {
        let Some((schema, way)) = of_service(&kind, &schemas) else {
            continue;
        };
        services += 1;
        let message = schema.from_json(way, &input).unwrap();
        assert_eq!(schema.encode(way, &message).unwrap(), bytes, "{name}");
        let read = schema.decode(way, &bytes).unwrap();
        assert_eq!(read, message, "{name}");
        assert_eq!(
            sorted(schema.to_json(way, &read, Style::Numbers)),
            sorted(input),
            "{name}"
        );
        let named = schema.to_json(way, &read, Style::Names);
        assert_eq!(schema.from_json(way, &named).unwrap(), read, "{name}");
        for len in 0..bytes.len() {
            assert!(
                schema.decode(way, &bytes[..len]).is_err(),
                "{name} cut to {len}"
            );
        }
    }
    assert_eq!(services, 32);
}

#[test]
fn the_language_reaches_the_records_around_messages() {
    let shared = load_shared(crate_dir().join("tests/data/envelope.toml")).unwrap();
    let mut records = 0;
    for golden in golden() {
        let Some((_, record)) = shared.records.iter().find(|(name, _)| *name == golden.kind) else {
            continue;
        };
        records += 1;
        let input = if golden.kind == "region_header" {
            region(&golden.input)
        } else {
            golden.input
        };
        let values = record.from_json(&input).unwrap();
        assert_eq!(
            record.encode(&values).unwrap(),
            golden.bytes,
            "{}",
            golden.name
        );
        assert_eq!(
            record.decode(&golden.bytes).unwrap(),
            values,
            "{}",
            golden.name
        );
        assert_eq!(
            sorted(record.to_json(&values, Style::Numbers)),
            sorted(input)
        );
    }
    assert_eq!(records, 5);
}

/// The vector has what the fields are computed from: capacities of multiples of 64, behind 64 bytes.
fn region(input: &Json) -> Json {
    let number = |name: &str| match input.get(name) {
        Some(Json::Number(number)) => *number,
        _ => panic!("no {name}"),
    };
    let capacity = |name| (32 + number(name) + 63) / 64 * 64;
    let request = capacity("max_request_payload_bytes");
    let members = [
        ("owner_pid", number("owner_pid")),
        ("owner_generation", number("owner_generation")),
        ("request_offset", 64),
        ("request_capacity", request),
        ("response_offset", 64 + request),
        ("response_capacity", capacity("max_response_payload_bytes")),
    ];
    let members = members.map(|(name, number)| (name.to_owned(), Json::Number(number)));
    let state = [("state".to_owned(), Json::Text("00".repeat(32)))];
    Json::Object(members.into_iter().chain(state).collect())
}

/// Members of objects by name.
fn sorted(json: Json) -> Json {
    match json {
        Json::Object(mut members) => {
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            let member = |(name, value)| (name, sorted(value));
            Json::Object(members.into_iter().map(member).collect())
        }
        Json::List(items) => Json::List(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

#[test]
fn batches_are_written_and_read() {
    for Golden { input, bytes, .. } in golden().into_iter().filter(|g| g.kind == "batch") {
        let Some(Json::List(items)) = input.get("items") else {
            panic!("no items");
        };
        let item = |item: &Json| match item {
            Json::Text(text) => unhex(text),
            _ => panic!("no hex"),
        };
        let items: Vec<Vec<u8>> = items.iter().map(item).collect();
        assert_eq!(encode_batch(&items).unwrap(), bytes);
        let count = u32::try_from(items.len()).unwrap();
        assert_eq!(decode_batch(&bytes, count).unwrap(), items);
    }
    let batch = named("batch_increment_3").bytes;
    let misaligned = [&[1], &batch[1..]].concat();
    let thrice = [&batch[..8], &batch[..8], &batch[..8], &batch[24..]].concat();
    let cases = [
        (&batch[..23], "Truncated"),
        (&batch[..47], "OutOfBounds"),
        (&misaligned, "BadAlignment"),
        (&thrice, "accepted"),
    ];
    for (bytes, wanted) in cases {
        assert_eq!(verdict(&decode_batch(bytes, 3)), wanted);
    }
}

fn named(name: &str) -> Golden {
    golden()
        .into_iter()
        .find(|golden| golden.name == name)
        .unwrap()
}

#[test]
fn spoilt_messages_get_the_verdict_of_the_specification() {
    let schemas = schemas();
    let shared = load_shared(crate_dir().join("tests/data/envelope.toml")).unwrap();
    let all = golden();
    for case in rows("spoilt.json") {
        let golden = all
            .iter()
            .find(|golden| golden.name == text(&case, "message"));
        let golden = golden.unwrap();
        let bytes = spoilt(&golden.bytes, &case);
        let found = match of_service(&golden.kind, &schemas) {
            Some((schema, way)) => verdict(&schema.decode(way, &bytes)),
            None => {
                let record = shared.records.iter().find(|(name, _)| *name == golden.kind);
                verdict(&record.unwrap().1.decode(&bytes))
            }
        };
        assert_eq!(found, text(&case, "verdict"), "{case:?}");
    }
}

/// The bytes, cut, prolonged, or with others put in some places.
fn spoilt(bytes: &[u8], case: &Json) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    match (case.get("cut"), case.get("add"), case.get("put")) {
        (Some(Json::Number(len)), _, _) => bytes.truncate(usize::try_from(*len).unwrap()),
        (_, Some(Json::Text(more)), _) => bytes.extend(unhex(more)),
        (_, _, Some(Json::Object(parts))) => {
            for (at, part) in parts {
                let (at, Json::Text(part)) = (at.parse::<usize>().unwrap(), part) else {
                    panic!("{case:?}");
                };
                let part = unhex(part);
                let end = bytes.len().min(at + part.len());
                bytes.splice(at..end, part);
            }
        }
        _ => panic!("{case:?}"),
    }
    bytes
}

#[test]
fn a_bad_item_of_a_snapshot_spoils_no_other() {
    let (schema, mut bytes) = (schema("cgroups-snapshot"), named("cgroups_resp").bytes);
    let whole = schema.decode(Way::Response, &bytes).unwrap();
    bytes[48] = 9;
    let (_, items) = schema.decode_snapshot(&bytes).unwrap();
    assert_eq!(verdict(&items[0]), "BadLayout");
    let rest: Vec<_> = items.into_iter().skip(1).map(Result::unwrap).collect();
    assert_eq!(rest, whole.items[1..]);
    bytes[28] = 31;
    assert_eq!(verdict(&schema.decode_snapshot(&bytes)), "Truncated");
}

#[test]
fn documents_are_refused_or_accepted_as_the_specification_says() {
    let (schemas, all) = (schemas(), golden());
    for case in rows("documents.json") {
        let golden = all
            .iter()
            .find(|golden| golden.name == text(&case, "message"));
        let golden = golden.unwrap();
        let (schema, way) = of_service(&golden.kind, &schemas).unwrap();
        let mut input = golden.input.clone();
        let label = |_| Json::List(vec!["x".into(), "".into()]);
        let value = match case.get("value").unwrap() {
            Json::Text(text) if text == "65536 labels" => {
                Json::List((0..65536).map(label).collect())
            }
            value => value.clone(),
        };
        put(&mut input, &text(&case, "place"), value);
        let found = match schema.from_json(way, &input) {
            Ok(message) => verdict(&schema.encode(way, &message)),
            // What is no value at all is refused before there is a message.
            Err(_) => "BadLayout".to_owned(),
        };
        assert_eq!(found, text(&case, "verdict"), "{case:?}");
    }
}

/// Puts `value` at a place like `/items/0/uid`.
fn put(json: &mut Json, place: &str, value: Json) {
    let mut here = json;
    for step in place.split('/').skip(1) {
        here = match here {
            Json::List(items) => &mut items[step.parse::<usize>().unwrap()],
            Json::Object(members) => {
                let known = members.iter().position(|(name, _)| name == step);
                let at = known.unwrap_or_else(|| {
                    members.push((step.to_owned(), Json::Null));
                    members.len() - 1
                });
                &mut members[at].1
            }
            _ => panic!("{step} is in nothing"),
        };
    }
    *here = value;
}

#[test]
fn documents_may_be_short_and_mistakes_are_told_with_their_place() {
    let schema = schema("apps-lookup");
    let read = |text: &str| {
        let json: Json = serde_json::from_str(text).unwrap();
        schema
            .from_json(Way::Response, &json)
            .map_err(|error| error.to_string())
    };
    let Message { head, items } =
        read(r#"{"items": [{"pid": 7, "status": "unknown"}], "service": "apps-lookup"}"#).unwrap();
    assert_eq!(head, [Value::Number(0)]);
    let netipc_schema::Kind::Lookup(kind) = &schema.kind else {
        panic!("apps-lookup is a lookup");
    };
    assert_eq!(items, [kind.bare(&[Value::Number(7)], 1)]);
    let mistakes = [
        (
            r#"{"items": [{"pid": 1}, {"pdi": 2}]}"#,
            "items[1].pdi: no such field; write `pid`",
        ),
        (
            r#"{"items": [{"pid": 1, "status": "knwon"}]}"#,
            "items[0].status: `knwon` is no value of it; write `known`",
        ),
        (
            r#"{"items": [{"pid": -1}]}"#,
            "items[0].pid: 0 to 4294967295 was expected, -1 found",
        ),
        (r#"{"items": [{"status": 1}]}"#, "items[0].pid: is missing"),
        (
            r#"{"items": 7}"#,
            "items: a list was expected, a number found",
        ),
        (
            r#"{"items": [], "item_count": 7}"#,
            "item_count: no such field; write one of `generation`",
        ),
        (r#"[]"#, "document: an object was expected, a list found"),
    ];
    for (text, told) in mistakes {
        let error = read(text).unwrap_err();
        assert!(error.contains(told), "{error}, not {told}");
    }
}

#[test]
fn errors_tell_what_was_expected() {
    let error: Malformed = schema("increment")
        .decode(Way::Request, &[0; 7])
        .unwrap_err();
    assert_eq!(error.to_string(), "8 bytes expected, 7 found");
}
