//! Fields of few layouts, names of numbers, and what values show of themselves.

use std::net::IpAddr;

use netipc_proto::wire::{
    CStrBuf, CStrView, Fields, Kind, ListRules, Profiles, Reader, Status, WireErrorKind,
};

#[test]
fn bytes_and_addresses_come_back_as_they_were_written() {
    let addresses: [Option<IpAddr>; 3] = [
        None,
        Some("192.0.2.7".parse().unwrap()),
        Some("2001:db8::1".parse().unwrap()),
    ];
    for address in addresses {
        let record: [u8; 19] = Fields::record(|fields| fields.u8(7).ip(address));
        let mut r = Reader::new(&record);
        assert_eq!((r.u8("byte"), r.ip("address")), (Ok(7), Ok(address)));
        assert_eq!(r.u8("end").unwrap_err().kind(), WireErrorKind::Truncated);
    }
}

#[test]
fn addresses_of_other_sizes_and_bytes_behind_them_are_refused() {
    for (size, last) in [(5_u16, 0), (17, 0), (0, 1), (4, 1)] {
        let mut record: [u8; 18] = Fields::record(|fields| fields.u16(size).bytes([0; 16]));
        record[17] = last;
        let error = Reader::new(&record).ip("address").unwrap_err();
        assert_eq!(error.kind(), WireErrorKind::BadLayout, "{size} {last}");
        assert!(error.to_string().contains("address"), "{error}");
    }
}

#[test]
fn texts_of_fixed_size_have_zeros_behind_them() {
    assert_eq!(Reader::new(b"ab\0\0").chars::<4>("name"), Ok(*b"ab\0\0"));
    assert_eq!(Reader::new(b"abcd").chars::<4>("name"), Ok(*b"abcd"));
    let error = Reader::new(b"a\0b\0").chars::<4>("name").unwrap_err();
    assert_eq!(error.kind(), WireErrorKind::BadLayout, "{error}");
}

#[test]
fn an_item_beyond_the_last_is_refused() {
    let rules = ListRules {
        min_len: 1,
        ordered: false,
    };
    let payload: [u8; 16] = Fields::record(|fields| fields.u32(0).u32(8).u64(9));
    assert_eq!(
        rules.item(&payload, 1, 0),
        Ok(&[9, 0, 0, 0, 0, 0, 0, 0][..])
    );
    let error = rules.item(&payload, 1, 1).unwrap_err();
    assert_eq!(error.kind(), WireErrorKind::OutOfBounds);
    assert!(error.to_string().contains("item index"), "{error}");
}

#[test]
fn numbers_have_names_and_names_have_numbers() {
    for (_, status) in Status::NAMED {
        let name = status.name().unwrap();
        assert_eq!(Status::from_name(name), Some(*status));
        assert_eq!(format!("{status:?}"), name);
    }
    assert_eq!(Status::from_name("no such name"), None);
    assert_eq!(format!("{:?}", Kind(77)), "Kind 77");
    let both = Profiles::BASELINE.or(Profiles::SHM_RING);
    assert_eq!(format!("{both:?}"), "baseline+shm-ring");
    assert_eq!(both.highest(), Profiles::SHM_RING);
    assert_eq!(Profiles::NONE.highest(), Profiles::NONE);
}

#[test]
fn texts_show_their_text() {
    let text = CStrBuf::from(CStrView::new(b"/docker/a"));
    assert_eq!(
        format!("{text:?}"),
        format!("{:?}", CStrView::new(b"/docker/a"))
    );
    assert!(format!("{text:?}").contains("/docker/a"));
}
