//! The header of a region: what is where.

use crate::link::SessionPlan;

/// Bytes of the header.
pub(super) const HEADER: usize = 64;

const MAGIC: u32 = 0x4e53_484d;
const VERSION: u16 = 3;
/// Header and areas are whole cache lines.
const ALIGN: u32 = 64;

pub(super) const REQ_SEQ: usize = 32;
pub(super) const RESP_SEQ: usize = 40;
pub(super) const REQ_LEN: usize = 48;
pub(super) const RESP_LEN: usize = 52;
pub(super) const REQ_SIGNAL: usize = 56;
pub(super) const RESP_SIGNAL: usize = 60;

/// Where the two areas are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Layout {
    pub(super) request: Span,
    pub(super) response: Span,
}

/// One area.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Span {
    pub(super) offset: u32,
    pub(super) capacity: u32,
}

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

impl Layout {
    /// The areas that `plan` needs, or `None` when they are beyond what the header can say.
    pub(super) fn for_plan(plan: &SessionPlan) -> Option<Self> {
        let request = Span {
            offset: ALIGN,
            capacity: capacity(plan.request_bytes)?,
        };
        let response = Span {
            offset: request.end()?,
            capacity: capacity(plan.response_bytes)?,
        };
        response.end()?;
        Some(Self { request, response })
    }

    /// Checks a private copy of the header of a file of `file_size` bytes.
    pub(super) fn decode(
        header: &[u8; HEADER],
        file_size: u64,
        plan: &SessionPlan,
    ) -> Result<Self, Flaw> {
        let [
            magic,
            version_and_len,
            _,
            _,
            request,
            request_size,
            response,
            response_size,
        ] = words(header);
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
        let layout = Self {
            request: Span {
                offset: request,
                capacity: request_size,
            },
            response: Span {
                offset: response,
                capacity: response_size,
            },
        };
        layout.check(file_size).map_err(unfinished)?;
        layout.check_plan(plan)?;
        Ok(layout)
    }

    /// The header as bytes, all counters 0.
    pub(super) fn encode(&self, owner: Owner) -> [u8; HEADER] {
        let words = [
            MAGIC,
            u32::from(VERSION) | ALIGN << 16,
            owner.pid.cast_unsigned(),
            owner.generation,
            self.request.offset,
            self.request.capacity,
            self.response.offset,
            self.response.capacity,
        ];
        let mut header = [0; HEADER];
        for (place, word) in header.chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        header
    }

    /// Bytes of the whole region.
    pub(super) fn size(&self) -> u32 {
        // Cannot overflow in a layout that was planned or checked.
        self.response.offset.saturating_add(self.response.capacity)
    }

    fn check(&self, file_size: u64) -> Result<(), &'static str> {
        let fields = [
            self.request.offset,
            self.request.capacity,
            self.response.offset,
            self.response.capacity,
        ];
        if fields.iter().any(|field| *field == 0 || field % ALIGN != 0) {
            return Err("an offset or a capacity is 0 or no multiple of 64");
        }
        let (Some(request_end), Some(end)) = (self.request.end(), self.response.end()) else {
            return Err("its areas overflow");
        };
        if self.response.offset < request_end {
            return Err("its areas overlap");
        }
        if u64::from(end) > file_size {
            return Err("its areas are larger than its file");
        }
        Ok(())
    }

    fn check_plan(&self, plan: &SessionPlan) -> Result<(), Flaw> {
        let areas = [
            ("request", self.request.capacity, plan.request_bytes),
            ("response", self.response.capacity, plan.response_bytes),
        ];
        for (name, capacity, needed) in areas {
            if u64::from(capacity) < needed {
                let why =
                    format!("its {name} area has {capacity} bytes and the session needs {needed}");
                return Err(Flaw { why, lasting: true });
            }
        }
        Ok(())
    }
}

impl Span {
    fn end(self) -> Option<u32> {
        self.offset.checked_add(self.capacity)
    }
}

/// Who made the region of this header, unless it is none.
pub(super) fn owner(header: &[u8; HEADER]) -> Option<Owner> {
    let [magic, _, pid, generation, ..] = words(header);
    let owner = Owner {
        pid: pid.cast_signed(),
        generation,
    };
    (magic == MAGIC && generation != 0).then_some(owner)
}

fn capacity(bytes: u64) -> Option<u32> {
    let aligned = bytes.max(1).checked_next_multiple_of(ALIGN.into())?;
    u32::try_from(aligned).ok()
}

/// The first half of the header, the part that never changes.
fn words(header: &[u8; HEADER]) -> [u32; 8] {
    let mut words = [0; 8];
    for (word, bytes) in words.iter_mut().zip(header.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: Owner = Owner {
        pid: 0x0102_0304,
        generation: 0x0506_0708,
    };

    fn plan(request_bytes: u64, response_bytes: u64) -> SessionPlan {
        SessionPlan {
            session_id: 1,
            profile: 0x02,
            auth_token: 0,
            request_bytes,
            response_bytes,
        }
    }

    // Rule L21.
    #[test]
    fn the_sizes_of_the_worked_example() {
        let layout = Layout::for_plan(&plan(4128, 4128)).unwrap();
        assert_eq!(
            layout.request,
            Span {
                offset: 64,
                capacity: 4160
            }
        );
        assert_eq!(
            layout.response,
            Span {
                offset: 4224,
                capacity: 4160
            }
        );
        assert_eq!(layout.size(), 8384);
    }

    // Rule L21.
    #[test]
    fn what_a_header_cannot_say_is_no_plan() {
        let most = u64::from(u32::MAX);
        for (request, response) in [
            (u64::MAX, 64),
            (64, u64::MAX),
            (most, 64),
            (64, most),
            (most / 2, most / 2 + 64),
        ] {
            assert_eq!(
                Layout::for_plan(&plan(request, response)),
                None,
                "{request} {response}"
            );
        }
    }

    #[test]
    fn the_header_is_fixed_to_the_byte() {
        let header = Layout::for_plan(&plan(4128, 4128)).unwrap().encode(OWNER);
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
        let plan = plan(1056, 65568);
        let layout = Layout::for_plan(&plan).unwrap();
        let header = layout.encode(OWNER);
        assert_eq!(
            Layout::decode(&header, layout.size().into(), &plan),
            Ok(layout)
        );
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
            let mut header = Layout::for_plan(&small).unwrap().encode(OWNER);
            header[*offset..offset + 4].copy_from_slice(&value.to_le_bytes());
            let flaw = Layout::decode(&header, 8384, &small).expect_err(what);
            assert_eq!(flaw.lasting, *lasting, "{what}: {}", flaw.why);
        }
    }

    // Rule L32.
    #[test]
    fn a_region_has_an_owner_only_with_magic_and_generation() {
        let layout = Layout::for_plan(&plan(64, 64)).unwrap();
        assert_eq!(
            owner(&layout.encode(Owner {
                pid: 1,
                generation: 0
            })),
            None
        );
        assert_eq!(owner(&[0xff; HEADER]), None);
    }
}
