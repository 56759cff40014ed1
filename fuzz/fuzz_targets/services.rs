//! Every decoder of a service, on any bytes. Whatever decodes is read again by its proof, without
//! checks, which must give the same; and is written again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use netipc::lookup::{Lookup, LookupItem, LookupReply, LookupRequest};
use netipc::service::Service;
use netipc::service::apps_lookup::AppsLookup;
use netipc::service::cgroups_lookup::CgroupsLookup;
use netipc::service::cgroups_snapshot::{CgroupsItemView, CgroupsSnapshot};
use netipc::service::increment::Increment;
use netipc::service::string_reverse::StringReverse;
use netipc::wire::{Decode, Encode, Valid, Writer};

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, bytes) = input;
    match kind % 8 {
        0 => drop(<Increment as Service>::Request::decode(bytes)),
        1 => drop(<StringReverse as Service>::Reply::decode(bytes)),
        2 => drop(<CgroupsSnapshot as Service>::Request::decode(bytes)),
        3 => snapshot(bytes),
        4 => request::<CgroupsLookup>(bytes),
        5 => request::<AppsLookup>(bytes),
        6 => reply::<CgroupsLookup>(bytes),
        _ => reply::<AppsLookup>(bytes),
    }
});

fn snapshot(bytes: &[u8]) {
    let Ok(valid) = Valid::<<CgroupsSnapshot as Service>::Reply<'_>>::decode(bytes) else {
        return;
    };
    let reply = valid.view();
    for (item, decoded) in reply.list().iter().zip(reply.iter()) {
        let Ok(item) = Valid::<CgroupsItemView<'_>>::decode(item).map(Valid::view) else {
            continue;
        };
        assert_eq!(decoded, Ok(item));
        let mut out = vec![0; item.size()];
        // A name may hold a NUL when it comes, and may not when it goes.
        let _ = item.encode(&mut Writer::new(&mut out));
    }
}

fn request<L: Lookup>(bytes: &[u8]) {
    let Ok(valid) = Valid::<LookupRequest<'_, L>>::decode(bytes) else {
        return;
    };
    let request = valid.view();
    for key in request.keys() {
        let mut out = vec![0; key.size()];
        key.encode(&mut Writer::new(&mut out))
            .expect("a key that came can go");
    }
    // Any budget, also one that is too short for the answer.
    let mut buf = vec![0; bytes.len()];
    if let Ok(mut answer) = L::answer(&request, &mut buf) {
        while answer.remaining() > 0 && answer.add_bare(1).is_ok() {}
        let _ = L::finish(answer);
    }
}

fn reply<L: Lookup>(bytes: &[u8]) {
    let Ok(valid) = Valid::<LookupReply<'_, L>>::decode(bytes) else {
        return;
    };
    let reply = valid.view();
    for item in reply.iter() {
        let mut out = vec![0; item.size()];
        item.encode(&mut Writer::new(&mut out))
            .expect("an item that came can go");
        let again = Valid::<L::Item<'_>>::decode(&out).expect("what was written");
        assert_eq!(again.view().size(), item.size());
        assert!(L::same(again.view().key(), item.key()));
    }
}
