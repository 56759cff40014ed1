//! The codecs of every kind without a client and without a server: a request is encoded, dispatched to a
//! typed handler, and its answer decoded, all of it bytes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use netipc::Handler;
use netipc::connection::Message;
use netipc::lookup::{
    Lookup, LookupItem, LookupReply, LookupRequest, NumberKey, ReplyBuilder, TextKey,
    encode_request,
};
use netipc::service::apps_lookup::{AppsLookup, PidStatus};
use netipc::service::cgroups::{CgroupsRequest, CgroupsResponseView, CgroupsSnapshot};
use netipc::service::cgroups_lookup::{CgroupStatus, CgroupsLookup, CgroupsLookupItem};
use netipc::service::increment::Increment;
use netipc::service::string_reverse::{StringReverse, Text};
use netipc::service::{Service, increment, string_reverse};
use netipc::wire::{Decode, Encode, Header, Status, Valid, WireErrorKind, Writer};

const ROOM: usize = 4096;

fn encode(value: &impl Encode) -> Vec<u8> {
    let mut bytes = vec![0; value.size()];
    value.encode(&mut Writer::new(&mut bytes)).unwrap();
    bytes
}

/// Bytes in, the handler, bytes out.
fn dispatch<S: Service>(
    handler: &Handler<S>,
    payload: &[u8],
    room: usize,
) -> Result<Vec<u8>, Status> {
    let request = Message::new(Header::request(S::METHOD.code, 1), payload).unwrap();
    let mut answer = vec![0; room];
    let answered = handler.dispatch(request, &mut answer);
    if answered.status != Status::OK {
        return Err(answered.status);
    }
    answer.truncate(answered.len);
    Ok(answer)
}

/// What every kind does alike: nonsense is refused, and what does not fit says so.
fn refuses<S: Service>(handler: &Handler<S>, payload: &[u8], nonsense: &[u8]) {
    let name = S::METHOD.name;
    assert_eq!(
        dispatch(handler, nonsense, ROOM),
        Err(Status::BAD_ENVELOPE),
        "{name}"
    );
    assert_eq!(
        dispatch(handler, payload, 7),
        Err(Status::LIMIT_EXCEEDED),
        "{name}"
    );
    let failing = Handler::<S>::new(|_, _| false);
    let failed = dispatch(&failing, payload, ROOM);
    assert_eq!(failed, Err(Status::INTERNAL_ERROR), "{name}");
}

#[test]
fn increment_and_string_reverse() {
    let handler = increment::handler();
    let answer = dispatch(&handler, &encode(&41_u64), ROOM).unwrap();
    assert_eq!(u64::decode(&answer).unwrap(), 42);
    refuses::<Increment>(&handler, &encode(&1_u64), &[0; 7]);

    let handler = string_reverse::handler();
    let request = encode(&Text::new(b"abc"));
    let answer = dispatch(&handler, &request, ROOM).unwrap();
    assert_eq!(answer, encode(&Text::new(b"cba")));
    refuses::<StringReverse>(&handler, &request, &[0; 7]);
}

#[test]
fn cgroups_snapshot() {
    let handler = Handler::<CgroupsSnapshot>::new(|_request, answer| {
        answer.set_header(1, 7);
        answer.add(1, 2, 3, b"name", b"/path")
    });
    let request = encode(&CgroupsRequest);
    let answer = dispatch(&handler, &request, ROOM).unwrap();
    let view = CgroupsResponseView::decode(&answer).unwrap();
    assert_eq!(
        (view.systemd_enabled, view.generation, view.item_count),
        (1, 7, 1)
    );
    let item = view.item(0).unwrap();
    assert_eq!((item.hash, item.options, item.enabled), (1, 2, 3));
    assert_eq!(
        (item.name.as_bytes(), item.path.as_bytes()),
        (&b"name"[..], &b"/path"[..])
    );
    refuses(&handler, &request, &[0; 3]);
}

/// Answers every key with what is found for it, and again from the items that were decoded.
fn lookup<L: Lookup>(request: &[u8], found: impl Fn(usize) -> u16 + Send + Sync + 'static)
where
    for<'a> LookupRequest<'a, L>: Decode<'a>,
{
    let statuses = std::sync::Arc::new(found);
    let of_handler = std::sync::Arc::clone(&statuses);
    let handler = Handler::<L>::new(move |request, answer| {
        answer.set_generation(9);
        (0..request.len()).try_for_each(|i| answer.add_bare(of_handler(i)))
    });
    let bytes = dispatch(&handler, request, ROOM).unwrap();
    let reply = Valid::<LookupReply<'_, L>>::decode(&bytes).unwrap().view();
    assert_eq!((reply.generation, reply.len()), (9, 2));
    for (i, item) in reply.iter().enumerate() {
        assert_eq!(item.status(), statuses(i));
    }

    // Item by item without the request, from values and from bytes that were validated.
    let (mut values, mut raw) = ([0; ROOM], [0; ROOM]);
    let mut of_values = ReplyBuilder::<L>::new(&mut values).unwrap();
    let mut of_bytes = ReplyBuilder::<L>::new(&mut raw).unwrap();
    of_values.set_generation(9);
    of_bytes.set_generation(9);
    for (item, valid) in reply.iter().zip(reply.list().iter_valid()) {
        of_values.push(&item).unwrap();
        of_bytes.push_valid(valid).unwrap();
    }
    assert_eq!((of_values.item_count(), of_bytes.item_count()), (2, 2));
    let lens = (of_values.finish(), of_bytes.finish());
    assert_eq!(lens, (bytes.len(), bytes.len()));
    assert!(values.starts_with(&bytes) && raw.starts_with(&bytes));

    // What does not fit is refused, and leaves the reply as it was.
    let mut little = [0; 24];
    let mut full = ReplyBuilder::<L>::new(&mut little).unwrap();
    let item = reply.item(0).unwrap();
    assert_eq!(
        full.push(&item).unwrap_err().kind(),
        WireErrorKind::Overflow
    );
    assert_eq!(full.finish(), 16);
    refuses(&handler, request, &[0; 15]);
}

#[test]
fn lookups() {
    let paths = [TextKey::new(b"/a").unwrap(), TextKey::new(b"/b").unwrap()];
    let mut request = Vec::new();
    encode_request::<CgroupsLookup>(&paths, &mut request).unwrap();
    let unknown = CgroupStatus::UNKNOWN_PERMANENT.0;
    let retry = CgroupStatus::UNKNOWN_RETRY_LATER.0;
    lookup::<CgroupsLookup>(&request, move |i| if i == 0 { unknown } else { retry });

    let pids = [NumberKey(1), NumberKey(2)];
    encode_request::<AppsLookup>(&pids, &mut request).unwrap();
    lookup::<AppsLookup>(&request, |_| PidStatus::UNKNOWN.0);
}

/// An answer that is written for a request, without a handler.
#[test]
fn an_answer_is_written_by_hand() {
    let keys = [TextKey::new(b"/a").unwrap()];
    let mut request = Vec::new();
    encode_request::<CgroupsLookup>(&keys, &mut request).unwrap();
    let request = LookupRequest::<CgroupsLookup>::decode(&request).unwrap();
    let mut buf = [0; ROOM];
    let mut answer = CgroupsLookup::answer(&request, &mut buf).unwrap();
    let item = CgroupsLookupItem::bare(keys[0], CgroupStatus::UNKNOWN_PERMANENT.0);
    answer.add(&item).unwrap();
    let len = answer.finish().unwrap();
    let reply = Valid::<LookupReply<'_, CgroupsLookup>>::decode(&buf[..len]).unwrap();
    assert_eq!(reply.view().item(0).unwrap().path.as_bytes(), b"/a");
}

#[test]
fn nothing_is_left_of_what_the_buffer_of_a_request_held() {
    let paths = ["/a", "/kubepods/pod-1", "/system.slice/cron.service"];
    for count in 0..=paths.len() {
        let keys: Vec<_> = paths[..count]
            .iter()
            .map(|path| TextKey::new(path.as_bytes()).unwrap())
            .collect();
        let mut fresh = Vec::new();
        encode_request::<CgroupsLookup>(&keys, &mut fresh).unwrap();
        for held in [3, 500] {
            let mut used = vec![0xee; held];
            encode_request::<CgroupsLookup>(&keys, &mut used).unwrap();
            assert_eq!(used, fresh, "{count} keys");
        }
    }
}
