//! The answers of lookups against the rules of the contract, written down once more and plainly.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{AppsText, CgroupText, apps_text, cgroup_text};
use netipc::lookup::{Lookup, LookupItem, LookupReply, LookupRequest, encode_request};
use netipc::service::Service;
use netipc::service::apps_lookup::AppsLookup;
use netipc::service::cgroups_lookup::CgroupsLookup;
use netipc::wire::{Decode, Encode, WireErrorKind};
use proptest::collection::vec;
use proptest::prelude::*;

/// What a handler adds, and what the answer must hold.
#[derive(Clone, Copy, Debug)]
struct Given {
    size: usize,
    status: u16,
    placeholder: usize,
}

#[derive(Clone, Copy)]
struct Codes {
    exceeded: u16,
    oversized: u16,
}

/// Statuses and length of the answer to items of these sizes, or that it overflows.
fn model(items: &[Given], budget: usize, codes: Codes) -> Option<(Vec<u16>, usize)> {
    let round = |n: usize| n.div_ceil(8) * 8;
    let reserve = |from: usize| {
        let sizes = items[from..].iter().map(|item| item.placeholder);
        let last = items.last().map_or(0, |item| item.placeholder);
        sizes.map(round).sum::<usize>() - (round(last) - last)
    };
    let mut end = 16 + 8 * items.len();
    let mut full = false;
    let mut statuses = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let start = round(end);
        let last = i + 1 == items.len();
        let fits = match last {
            true => start + item.size <= budget,
            false => round(start + item.size) + reserve(i + 1) <= budget,
        };
        full |= i > 0 && item.status == codes.exceeded;
        let (status, size) = if full {
            (codes.exceeded, item.placeholder)
        } else if fits {
            (item.status, item.size)
        } else if 16 + 8 + item.size > budget {
            (codes.oversized, item.placeholder)
        } else if i > 0 {
            full = true;
            (codes.exceeded, item.placeholder)
        } else {
            return None;
        };
        end = start + size;
        if end > budget {
            return None;
        }
        statuses.push(status);
    }
    (end <= budget).then_some((statuses, end))
}

/// Adds `items` to an answer of at most `budget` bytes and compares.
fn answers_like_the_model<'a, L: Lookup>(
    items: &[L::Item<'a>],
    placeholder: impl Fn(usize) -> usize,
    budget: usize,
) {
    let keys: Vec<_> = items.iter().map(|item| item.key()).collect();
    let mut request = Vec::new();
    encode_request::<L>(&keys, &mut request).unwrap();
    let request = LookupRequest::<L>::decode(&request).unwrap();
    let given: Vec<_> = items
        .iter()
        .enumerate()
        .map(|(i, item)| Given {
            size: item.size(),
            status: item.status(),
            placeholder: placeholder(i),
        })
        .collect();
    let codes = Codes {
        exceeded: L::Item::EXCEEDED,
        oversized: L::Item::OVERSIZED,
    };
    let expected = model(&given, budget, codes);

    let mut buf = vec![0xee; budget + 16];
    let answered = L::answer(&request, &mut buf[..budget]).and_then(|mut answer| {
        let mut first = None;
        for item in items {
            let added = answer.add(item);
            assert!(first.is_none() || added.is_err(), "errors are sticky");
            first = first.or(added.err());
        }
        assert_eq!(answer.error(), first);
        L::finish(answer)
    });
    assert_eq!(buf[budget..], [0xee; 16], "nothing beyond the budget");
    let answered = answered.map_err(|error| {
        assert_eq!(error.kind(), WireErrorKind::Overflow, "{error}");
    });
    let answered = answered.ok().map(|len| {
        let reply = LookupReply::<L>::decode(&buf[..len]).unwrap();
        for (item, given) in reply.iter().zip(items) {
            let whole = item.status() == given.status() && item.size() == given.size();
            assert!(whole || item.size() == L::Item::bare(given.key(), 0).size());
        }
        (
            reply.iter().map(|item| item.status()).collect::<Vec<_>>(),
            len,
        )
    });
    assert_eq!(answered, expected);
}

/// A share of what all items need, now and then a little more.
fn share(total: usize, percent: usize, extra: usize) -> usize {
    (total * percent / 100 + extra).saturating_sub(8)
}

fn total(items: impl Iterator<Item = usize>) -> usize {
    16 + items
        .map(|size| 8 + size.next_multiple_of(8))
        .sum::<usize>()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    // Rules C25, C26, C27, C29, C30, C31, C32.
    #[test]
    fn cgroups_answers(
        mut items in vec(cgroup_text(), 0..10),
        names in vec(0_usize..400, 10),
        full in prop_oneof![4 => Just(99_usize), 1 => 1_usize..10],
        (percent, extra) in (0_usize..110, 0_usize..24),
    ) {
        for (i, item) in items.iter_mut().enumerate() {
            item.name.resize(names[i], b'n');
            if i == full {
                item.status = 3;
            }
        }
        let labels: Vec<_> = items.iter().map(CgroupText::labels).collect();
        let views: Vec<_> = items.iter().zip(&labels).map(|(item, l)| item.item(l)).collect();
        let budget = share(total(views.iter().map(Encode::size)), percent, extra);
        let placeholder = |i: usize| 28 + items[i].path.len() + 2;
        answers_like_the_model::<CgroupsLookup>(&views, placeholder, budget);
    }

    // Rules C25, C26, C27, C29, C30, C31, C32.
    #[test]
    fn apps_answers(
        mut items in vec(apps_text(), 0..10),
        names in vec(0_usize..400, 10),
        full in prop_oneof![4 => Just(99_usize), 1 => 1_usize..10],
        (percent, extra) in (0_usize..110, 0_usize..24),
    ) {
        for (i, item) in items.iter_mut().enumerate() {
            item.name.resize(names[i], b'n');
            if i == full {
                item.status = 2;
            }
        }
        let labels: Vec<_> = items.iter().map(AppsText::labels).collect();
        let views: Vec<_> = items.iter().zip(&labels).map(|(item, l)| item.item(l)).collect();
        let budget = share(total(views.iter().map(Encode::size)), percent, extra);
        answers_like_the_model::<AppsLookup>(&views, |_| 63, budget);
    }
}

// Rule C33.
#[test]
fn a_handler_never_begins_with_full() {
    with_answer(|answer| {
        let error = answer.add_bare(2).unwrap_err();
        assert_eq!(error.kind(), WireErrorKind::BadLayout);
        Some(error.kind())
    });
}

// Rules C28, C33.
#[test]
fn every_key_needs_its_item_and_no_more() {
    with_answer(|answer| {
        assert_eq!(answer.remaining(), 2);
        answer.add_bare(1).unwrap();
        Some(WireErrorKind::BadItemCount)
    });
    with_answer(|answer| {
        answer.add_bare(1).unwrap();
        answer.add_bare(1).unwrap();
        assert_eq!(answer.remaining(), 0);
        None
    });
    with_answer(|answer| {
        answer.add_bare(1).unwrap();
        answer.add_bare(1).unwrap();
        answer.add_bare(1).unwrap_err();
        Some(WireErrorKind::BadItemCount)
    });
}

// Rules C25, C33.
#[test]
fn an_item_answers_its_own_key() {
    with_answer(|answer| {
        let other = netipc::service::apps_lookup::AppsLookupItem {
            pid: 3,
            ..Default::default()
        };
        let error = answer.add(&other).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("item 0: not the one"), "{text}");
        answer.add_bare(1).unwrap_err();
        Some(WireErrorKind::BadLayout)
    });
}

// Rule C22.
#[test]
fn an_item_with_data_for_its_status_is_refused() {
    with_answer(|answer| {
        let unknown = netipc::service::apps_lookup::AppsLookupItem {
            pid: 1,
            comm: "data".into(),
            ..Default::default()
        };
        answer.add(&unknown).unwrap_err();
        Some(WireErrorKind::BadLayout)
    });
}

/// Lets `fill` answer a request for the processes 1 and 2, and compares how that ends.
fn with_answer(
    fill: impl FnOnce(&mut netipc::service::apps_lookup::AppsLookupBuilder<'_>) -> Option<WireErrorKind>,
) {
    let mut request = Vec::new();
    encode_request::<AppsLookup>(&[1.into(), 2.into()], &mut request).unwrap();
    let request = LookupRequest::<AppsLookup>::decode(&request).unwrap();
    let mut buf = [0; 1000];
    let mut answer = AppsLookup::answer(&request, &mut buf).unwrap();
    let expected = fill(&mut answer);
    let ended = AppsLookup::finish(answer);
    assert_eq!(ended.err().map(|error| error.kind()), expected);
}
