//! Where the areas of both directions are in a region: what the headers of all platforms say of them.

use crate::link::SessionPlan;

/// Areas are whole cache lines.
pub(crate) const ALIGN: u32 = 64;

/// The two areas, behind the header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Areas {
    pub(crate) request: Span,
    pub(crate) response: Span,
}

/// One area.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Span {
    pub(crate) offset: u32,
    pub(crate) capacity: u32,
}

impl Areas {
    /// What `plan` needs behind a header of `header` bytes, or `None` when that is beyond what a header can say.
    pub(crate) fn for_plan(plan: &SessionPlan, header: usize) -> Option<Self> {
        let request = Span {
            offset: u32::try_from(header).ok()?,
            capacity: capacity(plan.request_bytes)?,
        };
        let response = Span {
            offset: request.end()?,
            capacity: capacity(plan.response_bytes)?,
        };
        response.end()?;
        Some(Self { request, response })
    }

    /// As they stand in a header: offset and capacity of the requests, then those of the responses.
    pub(crate) const fn words(&self) -> [u32; 4] {
        let Self { request, response } = *self;
        [
            request.offset,
            request.capacity,
            response.offset,
            response.capacity,
        ]
    }

    /// From the words of a header, which may say anything.
    pub(crate) const fn from_words([request, requests, response, responses]: [u32; 4]) -> Self {
        Self {
            request: Span {
                offset: request,
                capacity: requests,
            },
            response: Span {
                offset: response,
                capacity: responses,
            },
        }
    }

    /// Bytes of the whole region.
    pub(crate) fn size(&self) -> u32 {
        // Cannot overflow in areas that were planned or checked.
        self.response.offset.saturating_add(self.response.capacity)
    }

    /// Whether they lie behind a header of `header` bytes, one after the other, in a region of `size` bytes.
    ///
    /// # Errors
    /// What is wrong.
    pub(crate) fn check(&self, header: usize, size: u64) -> Result<(), &'static str> {
        let fields = self.words();
        if fields.iter().any(|field| *field == 0 || field % ALIGN != 0) {
            return Err("an offset or a capacity is 0 or no multiple of 64");
        }
        if (self.request.offset as usize) < header {
            return Err("its request area is inside its header");
        }
        let (Some(request_end), Some(end)) = (self.request.end(), self.response.end()) else {
            return Err("its areas overflow");
        };
        if self.response.offset < request_end {
            return Err("its areas overlap");
        }
        if u64::from(end) > size {
            return Err("its areas are larger than its memory");
        }
        Ok(())
    }

    /// Whether they hold what `plan` needs.
    ///
    /// # Errors
    /// Which does not, and what it lacks.
    pub(crate) fn check_plan(&self, plan: &SessionPlan) -> Result<(), String> {
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

/// The first words of a header, the part that never changes.
pub(crate) fn words<const N: usize>(header: &[u8]) -> [u32; N] {
    let mut words = [0; N];
    for (word, bytes) in words.iter_mut().zip(header.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    words
}

/// Writes the words of a header from its beginning on.
pub(crate) fn put_words(header: &mut [u8], words: &[u32]) {
    for (place, word) in header.chunks_exact_mut(4).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A plan of a session of profile 0x02.
    pub(crate) fn plan(request_bytes: u64, response_bytes: u64) -> SessionPlan {
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
        let areas = Areas::for_plan(&plan(4128, 4128), 64).unwrap();
        assert_eq!(areas.words(), [64, 4160, 4224, 4160]);
        assert_eq!(areas.size(), 8384);
        assert_eq!(Areas::from_words(areas.words()), areas);
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
            let areas = Areas::for_plan(&plan(request, response), 64);
            assert_eq!(areas, None, "{request} {response}");
        }
    }

    #[test]
    fn areas_lie_behind_the_header_and_within_the_region() {
        let good = [128, 4160, 4288, 4160];
        let check = |words| Areas::from_words(words).check(128, 8448);
        assert_eq!(check(good), Ok(()));
        let spoilt: &[(usize, u32, &str)] = &[
            (0, 0, "multiple of 64"),
            (0, 64, "inside its header"),
            (0, 129, "multiple of 64"),
            (1, 0, "multiple of 64"),
            (1, 4161, "multiple of 64"),
            (1, 4224, "overlap"),
            (2, 128, "overlap"),
            (2, 0xffff_ffc0, "overflow"),
            (3, 0, "multiple of 64"),
            (3, 4224, "larger than its memory"),
            (3, 0xffff_ffc0, "overflow"),
        ];
        for (at, value, why) in spoilt {
            let mut words = good;
            words[*at] = *value;
            assert!(check(words).unwrap_err().contains(why), "{at} {value}");
        }
    }

    #[test]
    fn areas_too_small_for_a_plan_are_named() {
        let areas = Areas::for_plan(&plan(4128, 4128), 64).unwrap();
        assert_eq!(areas.check_plan(&plan(4160, 4160)), Ok(()));
        for (plan, name) in [(plan(4161, 1), "request"), (plan(1, 4161), "response")] {
            let why = areas.check_plan(&plan).unwrap_err();
            assert_eq!(
                why,
                format!("its {name} area has 4160 bytes and the session needs 4161")
            );
        }
    }
}
