//! The header of a region: what is where.

use crate::link::SessionPlan;

/// Bytes of the header.
pub(super) const HEADER: usize = 128;

const MAGIC: u32 = 0x4e53_5748;
const VERSION: u32 = 3;
/// Areas are whole cache lines.
const ALIGN: u32 = 64;
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

impl Layout {
    /// The areas that `plan` needs, or `None` when they are beyond what the header can say.
    pub(super) fn for_plan(plan: &SessionPlan) -> Option<Self> {
        let request = Span {
            offset: u32::try_from(HEADER).ok()?,
            capacity: capacity(plan.request_bytes)?,
        };
        let response = Span {
            offset: request.end()?,
            capacity: capacity(plan.response_bytes)?,
        };
        response.end()?;
        Some(Self { request, response })
    }

    /// Checks a private copy of the header of a view of `view_size` bytes, of a region for `plan`.
    pub(super) fn decode(
        header: &[u8; HEADER],
        view_size: usize,
        plan: &SessionPlan,
    ) -> Result<Self, String> {
        let [
            magic,
            version,
            len,
            profile,
            request,
            request_size,
            response,
            response_size,
        ] = words(header);
        for (what, found, expected) in [
            ("magic number", magic, MAGIC),
            ("version", version, VERSION),
            ("header size", len, 128),
            ("profile", profile, plan.profile),
        ] {
            if found != expected {
                return Err(format!("its {what} is {found:#x} and not {expected:#x}"));
            }
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
        layout.check(view_size)?;
        layout.check_plan(plan)?;
        Ok(layout)
    }

    /// The header as bytes, all counters 0.
    pub(super) fn encode(&self, profile: u32) -> [u8; HEADER] {
        let words = [
            MAGIC,
            VERSION,
            128,
            profile,
            self.request.offset,
            self.request.capacity,
            self.response.offset,
            self.response.capacity,
            SPIN_TRIES,
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

    fn check(&self, view_size: usize) -> Result<(), &'static str> {
        let (request, response) = (self.request, self.response);
        let fields = [
            request.offset,
            request.capacity,
            response.offset,
            response.capacity,
        ];
        if fields.iter().any(|field| *field == 0 || field % ALIGN != 0) {
            return Err("an offset or a capacity is 0 or no multiple of 64");
        }
        if (request.offset as usize) < HEADER {
            return Err("its request area is inside its header");
        }
        let (Some(request_end), Some(end)) = (request.end(), response.end()) else {
            return Err("its areas overflow");
        };
        if response.offset < request_end {
            return Err("its areas overlap");
        }
        if end as usize > view_size {
            return Err("its areas are larger than its memory");
        }
        Ok(())
    }

    fn check_plan(&self, plan: &SessionPlan) -> Result<(), String> {
        let areas = [
            ("request", self.request.capacity, plan.request_bytes),
            ("response", self.response.capacity, plan.response_bytes),
        ];
        for (name, capacity, needed) in areas {
            if u64::from(capacity) < needed {
                return Err(format!(
                    "its {name} area has {capacity} bytes and the session needs {needed}"
                ));
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

fn capacity(bytes: u64) -> Option<u32> {
    let aligned = bytes.max(1).checked_next_multiple_of(ALIGN.into())?;
    u32::try_from(aligned).ok()
}

/// The part of the header that never changes.
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

    fn plan(request_bytes: u64, response_bytes: u64) -> SessionPlan {
        SessionPlan {
            profile: 0x02,
            session_id: 1,
            auth_token: 0,
            request_bytes,
            response_bytes,
        }
    }

    // Rule N14.
    #[test]
    fn the_header_is_fixed_to_the_byte() {
        let layout = Layout::for_plan(&plan(4128, 4128)).unwrap();
        assert_eq!(layout.size(), 128 + 2 * 4160);
        let header = layout.encode(0x02);
        let expected = [
            0x48, 0x57, 0x53, 0x4e, 3, 0, 0, 0, 128, 0, 0, 0, 2, 0, 0, 0, 128, 0, 0, 0, 0x40, 0x10,
            0, 0, 0xc0, 0x10, 0, 0, 0x40, 0x10, 0, 0, 0, 4, 0, 0,
        ];
        assert_eq!(header[..36], expected);
        assert_eq!(header[36..], [0; 92]);
        let decoded = Layout::decode(&header, layout.size() as usize, &plan(4128, 4128));
        assert_eq!(decoded, Ok(layout));
    }

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

    // Rule N15.
    #[test]
    fn spoilt_headers_are_refused() {
        let plan = plan(4128, 4128);
        let good = Layout::for_plan(&plan).unwrap();
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
            let mut header = good.encode(0x02);
            header[*offset..offset + 4].copy_from_slice(&value.to_le_bytes());
            let decoded = Layout::decode(&header, good.size() as usize, &plan);
            assert!(decoded.is_err(), "{what}");
        }
    }
}
