//! Every decoder of a service, on any bytes; whatever decodes is read again and written again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use netipc::lookup::{Lookup, LookupReply, LookupRequest};
use netipc::service::Service;
use netipc::service::apps_lookup::AppsLookup;
use netipc::service::cgroups_lookup::CgroupsLookup;
use netipc::service::cgroups_snapshot::CgroupsSnapshot;
use netipc::service::increment::Increment;
use netipc::service::string_reverse::StringReverse;
use netipc::wire::{Decode, Encode, Writer};

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
    let Ok(view) = <CgroupsSnapshot as Service>::Reply::decode(bytes) else { return };
    for item in view.iter().flatten() {
        let mut out = vec![0; item.size()];
        // A name may hold a NUL when it comes, and may not when it goes.
        let _ = item.encode(&mut Writer::new(&mut out));
    }
}

fn request<L: Lookup>(bytes: &[u8]) {
    let Ok(request) = LookupRequest::<L>::decode(bytes) else { return };
    for key in request.keys() {
        let mut out = vec![0; key.size()];
        key.encode(&mut Writer::new(&mut out)).expect("a key that came can go");
    }
    // Any budget, also one that is too short for the answer.
    let mut buf = vec![0; bytes.len()];
    if let Ok(mut answer) = L::answer(&request, &mut buf) {
        while answer.remaining() > 0 && answer.add_bare(1).is_ok() {}
        let _ = L::finish(answer);
    }
}

fn reply<L: Lookup>(bytes: &[u8]) {
    let Ok(reply) = LookupReply::<L>::decode(bytes) else { return };
    for item in reply.iter() {
        let mut out = vec![0; item.size()];
        item.encode(&mut Writer::new(&mut out)).expect("an item that came can go");
    }
}
