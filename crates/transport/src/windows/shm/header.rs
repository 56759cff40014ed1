//! The header of a region: what is where.

use crate::link::SessionPlan;
use crate::shm::areas::{Areas, put_words, words};

/// Bytes of the header.
pub(super) const HEADER: usize = 128;

const MAGIC: u32 = 0x4e53_5748;
const VERSION: u32 = 3;
/// [`HEADER`], as it stands in it.
const LEN: u32 = 128;
/// How often a receiver of another make may look before it sleeps. Ours decides by time, and lets no
/// peer decide for it.
const SPIN_TRIES: u32 = 1024;

/// Where the words of one direction are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Words {
    pub(super) len: usize,
    pub(super) closed: usize,
    pub(super) waiting: usize,
    pub(super) seq: usize,
}

pub(super) const REQUEST: Words = Words {
    len: 36,
    closed: 44,
    waiting: 48,
    seq: 64,
};
pub(super) const RESPONSE: Words = Words {
    len: 40,
    closed: 52,
    waiting: 56,
    seq: 72,
};

/// Checks a private copy of the header of a view of `view_size` bytes, of a region for `plan`.
pub(super) fn decode(
    header: &[u8; HEADER],
    view_size: usize,
    plan: &SessionPlan,
) -> Result<Areas, String> {
    let [magic, version, len, profile, areas @ ..] = words::<8>(header);
    for (what, found, expected) in [
        ("magic number", magic, MAGIC),
        ("version", version, VERSION),
        ("header size", len, LEN),
        ("profile", profile, plan.profile),
    ] {
        if found != expected {
            return Err(format!("its {what} is {found:#x} and not {expected:#x}"));
        }
    }
    let areas = Areas::from_words(areas);
    areas.check(HEADER, view_size as u64)?;
    areas.check_plan(plan)?;
    Ok(areas)
}

/// The header as bytes, all counters 0.
pub(super) fn encode(areas: &Areas, profile: u32) -> [u8; HEADER] {
    let [request, requests, response, responses] = areas.words();
    let words = [
        MAGIC, VERSION, LEN, profile, request, requests, response, responses, SPIN_TRIES,
    ];
    let mut header = [0; HEADER];
    put_words(&mut header, &words);
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shm::areas::tests::plan;

    // Rule N14.
    #[test]
    fn the_header_is_fixed_to_the_byte() {
        let areas = Areas::for_plan(&plan(4128, 4128), HEADER).unwrap();
        assert_eq!(areas.size(), 128 + 2 * 4160);
        let header = encode(&areas, 0x02);
        let expected = [
            0x48, 0x57, 0x53, 0x4e, 3, 0, 0, 0, 128, 0, 0, 0, 2, 0, 0, 0, 128, 0, 0, 0, 0x40, 0x10,
            0, 0, 0xc0, 0x10, 0, 0, 0x40, 0x10, 0, 0, 0, 4, 0, 0,
        ];
        assert_eq!(header[..36], expected);
        assert_eq!(header[36..], [0; 92]);
        let decoded = decode(&header, areas.size() as usize, &plan(4128, 4128));
        assert_eq!(decoded, Ok(areas));
    }

    // Rule N15.
    #[test]
    fn spoilt_headers_are_refused() {
        let plan = plan(4128, 4128);
        let good = Areas::for_plan(&plan, HEADER).unwrap();
        let spoilt: &[(usize, u32, &str)] = &[
            (0, 0x4e53_484d, "another magic number"),
            (4, 4, "another version"),
            (8, 64, "another header size"),
            (12, 4, "another profile"),
            (16, 0, "no request offset"),
            (16, 64, "request area in the header"),
            (16, 129, "odd request offset"),
            (20, 0, "no request area"),
            (20, 4161, "odd request capacity"),
            (20, 4224, "areas overlap"),
            (24, 128, "areas overlap"),
            (24, 0xffff_ffc0, "overflow"),
            (28, 0, "no response area"),
            (28, 4224, "beyond the view"),
            (28, 0xffff_ffc0, "overflow"),
            (28, 64, "too small for the session"),
        ];
        for (offset, value, what) in spoilt {
            let mut header = encode(&good, 0x02);
            header[*offset..offset + 4].copy_from_slice(&value.to_le_bytes());
            let decoded = decode(&header, good.size() as usize, &plan);
            assert!(decoded.is_err(), "{what}");
        }
    }
}
