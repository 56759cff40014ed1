//! Fields, strings and errors: the parts that every layout is made of.

use netipc_proto::wire::{
    CStrView, Fields, Reader, Span, WireError, WireErrorKind, Writer, align8, lay_out, strings,
};
use proptest::collection::vec;
use proptest::prelude::*;

const HEADER: usize = 4;

fn span(offset: usize, len: usize) -> Span {
    Span { offset, len }
}

// Rule W1.
#[test]
fn fields_are_little_endian_and_in_order() {
    let bytes: [u8; 22] =
        Fields::record(|fields| fields.u16(0x0102).u32(0x0304_0506).u64(7).span(span(8, 9)));
    assert_eq!(bytes[..6], [2, 1, 6, 5, 4, 3]);
    let mut r = Reader::new(&bytes);
    assert_eq!(r.u16("a"), Ok(0x0102));
    assert_eq!(r.u32("b"), Ok(0x0304_0506));
    assert_eq!(r.u64("c"), Ok(7));
    assert_eq!(r.span("d"), Ok(span(8, 9)));
    assert_eq!(r.u16("end"), Err(WireError::truncated("end", 2, 0)));
}

#[test]
#[should_panic(expected = "add up")]
fn fields_that_do_not_fill_the_record() {
    let _: [u8; 4] = Fields::record(|fields| fields.u16(1));
}

#[test]
#[should_panic(expected = "add up")]
fn fields_beyond_the_record() {
    let _: [u8; 4] = Fields::record(|fields| fields.u16(1).u32(2));
}

#[test]
#[should_panic(expected = "32-bit")]
fn a_size_that_is_no_size() {
    let _: [u8; 4] = Fields::record(|fields| fields.size(1 << 32));
}

#[test]
fn a_record_ends_where_it_says() {
    let bytes = [1, 0, 2, 0, 3, 0];
    assert_eq!(
        Reader::record::<7>(&bytes, "rec").unwrap_err(),
        WireError::truncated("rec", 7, 6)
    );
    let mut r = Reader::record::<4>(&bytes, "rec").unwrap();
    assert_eq!((r.u16("x"), r.u16("x")), (Ok(1), Ok(2)));
    assert!(r.u16("x").is_err());
}

#[test]
fn fields_that_must_have_a_value() {
    let mut r = Reader::new(&[1, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1, 5]);
    assert_eq!(r.expect_u16(1, "layout"), Ok(()));
    assert_eq!(
        r.expect_u16(1, "flags"),
        Err(WireError::layout("flags", 1, 9))
    );
    assert_eq!(r.expect_zero_u32("zero"), Ok(()));
    assert_eq!(
        r.expect_zero_u32("zero"),
        Err(WireError::layout("zero", 0, 0x0100_0000))
    );
    assert_eq!(
        r.expect_u16(5, "end").unwrap_err().kind(),
        WireErrorKind::Truncated
    );
    assert_eq!(
        r.expect_zero_u32("end").unwrap_err().kind(),
        WireErrorKind::Truncated
    );
}

#[test]
fn a_writer_stops_at_the_end_of_its_buffer() {
    let mut buf = [0xee; 8];
    let mut w = Writer::new(&mut buf);
    assert!(w.is_empty());
    w.bytes(b"abc").unwrap();
    w.align().unwrap();
    assert_eq!(w.len(), 8);
    w.align().unwrap();
    w.bytes(&[]).unwrap();
    assert_eq!(w.bytes(b"x"), Err(WireError::overflow("buffer", 0, 1)));
    assert_eq!(w.len(), 8);
    assert_eq!(buf, *b"abc\0\0\0\0\0");
}

#[test]
fn what_does_not_fit_is_not_written() {
    let mut buf = [0xee; 5];
    let mut w = Writer::new(&mut buf);
    w.bytes(b"ab").unwrap();
    assert_eq!(w.bytes(b"long"), Err(WireError::overflow("buffer", 3, 4)));
    assert_eq!(
        w.record::<4>(|fields| fields.u32(1)),
        Err(WireError::overflow("buffer", 3, 4))
    );
    assert_eq!(w.align(), Err(WireError::overflow("buffer", 3, 6)));
    assert_eq!(w.len(), 2);
    w.text("cd".into(), "text").unwrap();
    assert_eq!(buf, *b"abcd\0");
}

// Rule C1.
#[test]
fn text_with_a_nul_is_not_written() {
    let mut buf = [0xee; 16];
    let mut w = Writer::new(&mut buf);
    assert_eq!(
        w.text("ab\0c".into(), "name"),
        Err(WireError::layout("name", 4, 2))
    );
    assert!(w.is_empty());
    w.clean_text(CStrView::EMPTY).unwrap();
    assert_eq!(w.len(), 1);
}

#[test]
fn a_nul_is_seen_wherever_it_is() {
    for len in 1..140 {
        let mut text = vec![b'x'; len];
        assert!(!CStrView::new(&text).has_nul(), "{len}");
        for at in 0..len {
            text[at] = 0;
            assert!(CStrView::new(&text).has_nul(), "{at} of {len}");
            let mut buf = vec![0xee; len + 1];
            let error = Writer::new(&mut buf).text(CStrView::new(&text), "name");
            assert_eq!(error, Err(WireError::layout("name", len as u64, at as u64)));
            text[at] = b'x';
        }
    }
    assert!(!CStrView::EMPTY.has_nul());
}

// Rule W1.
#[test]
fn align8_rounds_up() {
    for (n, want) in [
        (0, 0),
        (1, 8),
        (7, 8),
        (8, 8),
        (9, 16),
        (usize::MAX, usize::MAX - 7),
    ] {
        assert_eq!(align8(n), want);
    }
}

#[test]
fn spans_do_not_overflow() {
    assert_eq!(span(3, 4).end(), 8);
    assert_eq!(span(usize::MAX, 1).end(), usize::MAX);
    assert_eq!(
        lay_out(10, ["abc".into(), CStrView::EMPTY]),
        [span(10, 3), span(14, 0)]
    );
}

// Rules C1, C24.
#[test]
fn every_rule_of_strings() {
    use WireErrorKind::{BadLayout, MissingNul, OutOfBounds};
    let item = b"headab\0cde\0\0";
    let read = |spans: [Span; 2]| strings(item, HEADER, spans, "s").map_err(|e| e.kind());
    let good = |a: &'static str, b: &'static str, end| Ok(([a.into(), b.into()], end));
    assert_eq!(read([span(4, 2), span(7, 3)]), good("ab", "cde", 11));
    assert_eq!(
        read([span(7, 3), span(4, 2)]),
        good("cde", "ab", 11),
        "order is free"
    );
    assert_eq!(
        read([span(4, 2), span(11, 0)]),
        good("ab", "", 12),
        "gaps are free"
    );
    assert_eq!(read([span(6, 0), span(10, 0)]), good("", "", 11));

    let rows = [
        (span(3, 3), OutOfBounds), // in the header
        (span(4, 1), MissingNul),
        (span(9, 3), OutOfBounds),
        (span(12, 0), OutOfBounds),
        (span(0xffff_ffff, 0xffff_ffff), OutOfBounds),
        (span(4, 6), BadLayout), // a NUL inside
        (span(7, 3), BadLayout), // the same bytes twice
        (span(8, 2), BadLayout),
        (span(10, 0), BadLayout), // only the NUL is shared
    ];
    for (second, kind) in rows {
        assert_eq!(read([span(7, 3), second]), Err(kind), "{second:?}");
    }
}

#[test]
fn strings_need_not_be_utf_8() {
    let text = CStrView::new(b"caf\xe9");
    assert!(text.as_str().is_err());
    assert_eq!(text.to_string(), "caf\u{fffd}");
    assert_eq!(format!("{text:?}"), "\"caf\u{fffd}\"");
    assert_eq!(text.as_bytes(), b"caf\xe9");
    assert_eq!(text, b"caf\xe9"[..]);
    assert_eq!(text.len(), 4);
}

#[test]
fn strings_read_like_text() {
    let text = CStrView::from("name");
    assert_eq!(
        format!("[{text:>6}|{text:<6}|{text:.2}]"),
        "[  name|name  |na]"
    );
    assert_eq!(text, CStrView::from(&String::from("name")));
    assert_eq!(text, "name");
    assert!(CStrView::from("a") < CStrView::from("ab"));
    assert_eq!(CStrView::default(), CStrView::EMPTY);
}

// Rule C3.
#[test]
fn errors_say_what_was_expected_and_what_came() {
    use WireErrorKind as K;
    let rows = [
        (K::Truncated, "f: truncated, expected 8 bytes, found 3"),
        (K::BadMagic, "f: expected 0x00000008, found 0x00000003"),
        (K::BadVersion, "f: expected 8, found 3"),
        (K::BadHeaderLen, "f: expected 8, found 3"),
        (K::BadKind, "f: expected 8, found 3"),
        (K::BadLayout, "f: expected 8, found 3"),
        (K::BadItemCount, "f: expected 8, found 3"),
        (
            K::OutOfBounds,
            "f: starts at 3, inside the 8 bytes of the header",
        ),
        (K::MissingNul, "f: no NUL at 8, found 0x03"),
        (K::BadAlignment, "f: 3 is not a multiple of 8"),
        (K::Overflow, "f: needs 3 bytes, there is room for 8"),
    ];
    for (kind, want) in rows {
        let error = WireError::new(kind, "f", 8, 3);
        assert_eq!(error.to_string(), want);
        let parts = (error.kind(), error.field(), error.expected(), error.found());
        assert_eq!(parts, (kind, "f", 8, 3));
    }
    let behind = WireError::new(K::OutOfBounds, "f", 8, 11);
    assert_eq!(behind.to_string(), "f: ends at 11, beyond its 8 bytes");
}

/// The rules of strings, said plainly.
fn allowed(item: &[u8], spans: &[Span]) -> bool {
    let taken = |span: &Span| span.offset..span.offset + span.len + 1;
    let alone = |i: usize, byte: usize| {
        let others = spans.iter().enumerate().filter(|(j, _)| *j != i);
        others
            .map(|(_, other)| taken(other))
            .all(|other| !other.contains(&byte))
    };
    spans.iter().enumerate().all(|(i, span)| {
        span.offset >= HEADER
            && taken(span).end <= item.len()
            && item[taken(span)].iter().position(|byte| *byte == 0) == Some(span.len)
            && taken(span).all(|byte| alone(i, byte))
    })
}

proptest! {
    // Rules C1, C24.
    #[test]
    fn strings_keep_the_rules(
        item in vec(prop_oneof![3 => Just(0_u8), 4 => Just(b'x')], 0..24),
        spans in prop::array::uniform3((0_usize..26, 0_usize..6)),
    ) {
        let spans = spans.map(|(offset, len)| span(offset, len));
        let result = strings(&item, HEADER, spans, "strings");
        prop_assert_eq!(result.is_ok(), allowed(&item, &spans));
        if let Ok((texts, end)) = result {
            let found = spans.map(|span| CStrView::new(&item[span.offset..][..span.len]));
            prop_assert_eq!(texts, found);
            prop_assert_eq!(Some(end), spans.iter().map(|span| span.end()).max());
        }
    }

    #[test]
    fn texts_round_trip(texts in prop::array::uniform3(vec(1_u8.., 0..20))) {
        let mut item = vec![0xee; 100];
        let mut w = Writer::new(&mut item);
        w.bytes(b"head").unwrap();
        for text in &texts {
            w.text(text.into(), "text").unwrap();
        }
        let len = w.len();
        let spans = lay_out(HEADER, texts.each_ref().map(CStrView::from));
        let (read, end) = strings(&item[..len], HEADER, spans, "texts").unwrap();
        prop_assert_eq!(end, len);
        prop_assert_eq!(read.map(|text| text.to_vec()), texts);
    }
}
