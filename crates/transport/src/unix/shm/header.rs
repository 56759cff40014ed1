//! The header of a region: what is where.

use crate::link::SessionPlan;
use crate::shm::areas::{ALIGN, Areas, put_words, words};

/// Bytes of the header.
pub(super) const HEADER: usize = 64;

const MAGIC: u32 = 0x4e53_484d;
const VERSION: u16 = 3;

pub(super) const REQ_SEQ: usize = 32;
pub(super) const RESP_SEQ: usize = 40;
pub(super) const REQ_LEN: usize = 48;
pub(super) const RESP_LEN: usize = 52;
pub(super) const REQ_SIGNAL: usize = 56;
pub(super) const RESP_SIGNAL: usize = 60;

/// Who made a region.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Owner {
    pub(super) pid: i32,
    /// Never 0.
    pub(super) generation: u32,
}

/// What is wrong with a header.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Flaw {
    pub(super) why: String,
    /// Whether the header is finished, so that waiting for its writer does not help.
    pub(super) lasting: bool,
}

/// Checks a private copy of the header of a file of `file_size` bytes, of a region for `plan`.
pub(super) fn decode(
    header: &[u8; HEADER],
    file_size: u64,
    plan: &SessionPlan,
) -> Result<Areas, Flaw> {
    let [magic, version_and_len, _, _, areas @ ..] = words::<8>(header);
    let unfinished = |why: &str| Flaw {
        why: why.to_owned(),
        lasting: false,
    };
    if magic != MAGIC {
        return Err(unfinished("it has no magic number"));
    }
    let (version, len) = (version_and_len & 0xffff, version_and_len >> 16);
    if version != u32::from(VERSION) {
        let why = format!("its version is {version} and not {VERSION}");
        return Err(Flaw {
            why,
            lasting: version != 0,
        });
    }
    if len != ALIGN {
        return Err(unfinished("its header has another size"));
    }
    let areas = Areas::from_words(areas);
    areas.check(HEADER, file_size).map_err(unfinished)?;
    areas
        .check_plan(plan)
        .map_err(|why| Flaw { why, lasting: true })?;
    Ok(areas)
}

/// The header as bytes, all counters 0.
pub(super) fn encode(areas: &Areas, owner: Owner) -> [u8; HEADER] {
    let [request, requests, response, responses] = areas.words();
    let words = [
        MAGIC,
        u32::from(VERSION) | ALIGN << 16,
        owner.pid.cast_unsigned(),
        owner.generation,
        request,
        requests,
        response,
        responses,
    ];
    let mut header = [0; HEADER];
    put_words(&mut header, &words);
    header
}

/// Who made the region of this header, unless it is none.
pub(super) fn owner(header: &[u8; HEADER]) -> Option<Owner> {
    let [magic, _, pid, generation] = words(header);
    let owner = Owner {
        pid: pid.cast_signed(),
        generation,
    };
    (magic == MAGIC && generation != 0).then_some(owner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shm::areas::tests::plan;

    const OWNER: Owner = Owner {
        pid: 0x0102_0304,
        generation: 0x0506_0708,
    };

    fn areas(request_bytes: u64, response_bytes: u64) -> Areas {
        Areas::for_plan(&plan(request_bytes, response_bytes), HEADER).unwrap()
    }

    #[test]
    fn the_header_is_fixed_to_the_byte() {
        let header = encode(&areas(4128, 4128), OWNER);
        let expected = [
            0x4d, 0x48, 0x53, 0x4e, 3, 0, 64, 0, 4, 3, 2, 1, 8, 7, 6, 5, 64, 0, 0, 0, 0x40, 0x10,
            0, 0, 0x80, 0x10, 0, 0, 0x40, 0x10, 0, 0,
        ];
        assert_eq!(header[..32], expected);
        assert_eq!(header[32..], [0; 32]);
        assert_eq!(owner(&header), Some(OWNER));
    }

    #[test]
    fn what_was_encoded_is_accepted() {
        let areas = areas(1056, 65568);
        let decoded = decode(
            &encode(&areas, OWNER),
            areas.size().into(),
            &plan(1056, 65568),
        );
        assert_eq!(decoded, Ok(areas));
    }

    // Rule L23.
    #[test]
    fn spoilt_headers_are_refused() {
        let small = plan(4128, 4128);
        let spoilt: &[(usize, u32, bool, &str)] = &[
            (0, 0, false, "no magic"),
            (4, 0x0040_0000, false, "no version yet"),
            (4, 0x0040_0004, true, "another version"),
            (4, 0x0080_0003, false, "another header size"),
            (16, 0, false, "request area in the header"),
            (16, 65, false, "odd request offset"),
            (20, 0, false, "no request area"),
            (20, 4161, false, "odd request capacity"),
            (20, 4224, false, "areas overlap"),
            (24, 64, false, "areas overlap"),
            (24, 0xffff_ffc0, false, "overflow"),
            (28, 0, false, "no response area"),
            (28, 4224, false, "beyond the file"),
            (28, 0xffff_ffc0, false, "overflow"),
            (28, 64, true, "too small for the session"),
        ];
        for (offset, value, lasting, what) in spoilt {
            let mut header = encode(&areas(4128, 4128), OWNER);
            header[*offset..offset + 4].copy_from_slice(&value.to_le_bytes());
            let flaw = decode(&header, 8384, &small).expect_err(what);
            assert_eq!(flaw.lasting, *lasting, "{what}: {}", flaw.why);
        }
    }

    // Rule L32.
    #[test]
    fn a_region_has_an_owner_only_with_magic_and_generation() {
        let nobody = Owner {
            pid: 1,
            generation: 0,
        };
        assert_eq!(owner(&encode(&areas(64, 64), nobody)), None);
        assert_eq!(owner(&[0xff; HEADER]), None);
    }
}
