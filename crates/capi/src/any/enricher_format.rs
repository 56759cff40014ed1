//! What an enricher of C asks for that is a lookup which C describes.

#![expect(unsafe_code, reason = "functions of C are called")]

use std::ffi::c_void;

use netipc::ErrorCode;
use netipc::enricher::{EnrichedFormat, ItemParts, Verdict};
use netipc::lookup::LookupFormat;
use netipc::wire::{Labels, MethodCode, WireError};

use super::lookup::{Format, nipc_any_lookup_t};
use super::types::nipc_bytes_view_t;
use crate::border::elements;
use crate::calling::returned;
use crate::error::CodeResult;

/// Says what an item that has passed its check means for its key: a NIPC_VERDICT_ number.
pub type nipc_any_verdict_fn =
    Option<unsafe extern "C" fn(user: *mut c_void, item: nipc_bytes_view_t) -> u32>;
/// Tells the owner of a key from an earlier one, by an item that has passed its check; 0 is unknown.
pub type nipc_any_identity_fn =
    Option<unsafe extern "C" fn(user: *mut c_void, item: nipc_bytes_view_t) -> u64>;

/// There is an item.
pub const NIPC_VERDICT_KNOWN: u32 = 0;
/// There is an item, a part of which is not known yet: it is given, and asked for again.
pub const NIPC_VERDICT_PROVISIONAL: u32 = 1;
/// Not known now.
pub const NIPC_VERDICT_FOR_NOW: u32 = 2;
/// Not known, and asking again is of no use until the provider restarts.
pub const NIPC_VERDICT_FOR_GOOD: u32 = 3;
/// No answer can hold the item.
pub const NIPC_VERDICT_OVERSIZED: u32 = 4;

/// What an enricher has to know of a lookup that the library does not know. Its functions are called by
/// whoever steps or runs the enricher, in one thread at a time, and must return, as a nipc_any_check_fn. They may
/// read the enricher, pin keys and close it: the round frees it when it ends. A round there is NIPC_ERR_BUSY, and
/// nipc_enricher_refresh_now waits for nothing.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct nipc_any_enriched_t {
    /// Keys and items.
    pub lookup: nipc_any_lookup_t,
    /// Says what an item means; NULL goes by the status: 0 is known, and what is neither that nor
    /// oversized is not known now.
    pub verdict: nipc_any_verdict_fn,
    /// Tells owners of a key apart; NULL tells none.
    pub identity: nipc_any_identity_fn,
    /// Whether keys have a fixed size, so that more of them are asked at a time.
    pub fixed_size_keys: bool,
    /// Where in the fixed part of an item, of lookup.min_item_len bytes, offset and length of each text stand, four
    /// bytes each: copies share such texts, and nipc_enricher_get_parts gives them. NULL where items are kept whole.
    pub texts: *const u32,
    /// How many, at most 255.
    pub text_count: u32,
    /// Where in it the number of labels stands, in two bytes, whose table follows the texts; 0 is nowhere.
    pub labels: u32,
}

/// The format of a lookup of C.
pub(super) fn described(described: &nipc_any_enriched_t) -> CodeResult<Box<dyn EnrichedFormat>> {
    // Looked through once; what is kept is a copy.
    Format::new(&described.lookup)?;
    // SAFETY: C promises the places, if any.
    let places = unsafe { elements(described.texts, described.text_count as usize) }?;
    if places.len() > usize::from(u8::MAX) {
        return Err(ErrorCode::INVALID_ARGUMENT);
    }
    let places = places.iter().map(|place| *place as usize);
    Ok(Box::new(Described {
        described: *described,
        texts: places.collect(),
        labels: (described.labels > 0).then_some(described.labels as usize),
    }))
}

/// A lookup of C, whose functions are there.
struct Described {
    described: nipc_any_enriched_t,
    /// Where in an item offset and length of each text stand, and the number of its labels.
    texts: Box<[usize]>,
    labels: Option<usize>,
}

// SAFETY: what is not fit for other threads by itself is the user's pointer, which is only handed to
// functions that the header asks to be fit for any thread, one at a time.
unsafe impl Send for Described {}
// SAFETY: as above: whoever calls them holds the enricher.
unsafe impl Sync for Described {}

impl Described {
    /// The format. It is there: its functions were looked for.
    fn format(&self) -> CodeResult<Format<'_>> {
        Format::new(&self.described.lookup)
    }
}

impl LookupFormat for Described {
    fn method(&self) -> MethodCode {
        MethodCode(self.described.lookup.method)
    }

    fn layout(&self) -> u16 {
        self.described.lookup.layout
    }

    fn exceeded(&self) -> u16 {
        self.described.lookup.exceeded
    }

    fn oversized(&self) -> u16 {
        self.described.lookup.oversized
    }

    fn min_item_len(&self) -> usize {
        self.described.lookup.min_item_len
    }

    fn check(&self, item: &[u8]) -> Result<(), WireError> {
        self.format().map_or(Ok(()), |format| format.check(item))
    }

    fn status(&self, item: &[u8]) -> u16 {
        self.format().map_or(0, |format| format.status(item))
    }

    fn answers(&self, item: &[u8], key: &[u8]) -> bool {
        self.format().is_ok_and(|format| format.answers(item, key))
    }

    fn bare(&self, key: &[u8], status: u16) -> Vec<u8> {
        self.format()
            .map_or_else(|_| Vec::new(), |format| format.bare(key, status))
    }

    fn bare_len(&self, key: &[u8]) -> usize {
        self.format().map_or(0, |format| format.bare_len(key))
    }

    fn reply_estimate(&self, key: &[u8]) -> usize {
        self.format().map_or(0, |format| format.reply_estimate(key))
    }
}

impl EnrichedFormat for Described {
    fn verdict(&self, item: &[u8]) -> Verdict {
        let Some(verdict) = self.described.verdict else {
            return Verdict::of_status(self.status(item), self.oversized());
        };
        // SAFETY: it is called as the header says.
        let verdict =
            || unsafe { verdict(self.described.lookup.user, nipc_bytes_view_t::of(item)) };
        match returned(verdict) {
            NIPC_VERDICT_KNOWN => Verdict::Known,
            NIPC_VERDICT_PROVISIONAL => Verdict::Provisional,
            NIPC_VERDICT_FOR_GOOD => Verdict::ForGood,
            NIPC_VERDICT_OVERSIZED => Verdict::Oversized,
            _ => Verdict::ForNow,
        }
    }

    fn identity(&self, item: &[u8]) -> u64 {
        let Some(tell) = self.described.identity else {
            return 0;
        };
        // SAFETY: it is called as the header says.
        returned(|| unsafe { tell(self.described.lookup.user, nipc_bytes_view_t::of(item)) })
    }

    fn take_apart<'i>(&self, item: &'i [u8], parts: &mut ItemParts<'i>) {
        parts.whole(item);
        if self.texts.is_empty() && self.labels.is_none() {
            return;
        }
        // It has passed its check; what a description says that is not so is empty.
        let fixed = self.described.lookup.min_item_len;
        let mut end = fixed;
        for place in &self.texts {
            let [start, len] = [0, 4].map(|at| number(item, place + at));
            parts.texts.push(
                item.get(start..start.saturating_add(len))
                    .unwrap_or_default(),
            );
            end = end.max(start.saturating_add(len).saturating_add(1));
        }
        parts.item = item.get(..fixed).unwrap_or_default();
        if end <= item.len()
            && let Some(count) = self.labels.and_then(|at| item.get(at..)?.first_chunk())
        {
            // Its check is not ours: labels that are not in place could claim any length, one over another.
            let labels = Labels::parse(item, u16::from_le_bytes(*count), end);
            parts.set_labels(&labels.unwrap_or(Labels::NONE));
        }
    }

    fn has_text_keys(&self) -> bool {
        !self.described.fixed_size_keys
    }
}

/// A number of four bytes in an item; 0 beyond its end.
fn number(item: &[u8], at: usize) -> usize {
    let bytes = item.get(at..).and_then(|rest| rest.first_chunk());
    bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize)
}

/// Whether a kind was meant that is not this enricher's.
pub(super) const OTHER_KIND: ErrorCode = ErrorCode::UNSUPPORTED;

#[cfg(test)]
mod tests {
    use std::ptr;

    use netipc::wire::{Label, Writer};

    use super::*;

    const FIXED: usize = 16;

    /// A description whose check passes everything: labels are counted at byte 2, and there are no texts.
    fn described() -> Described {
        let lookup = nipc_any_lookup_t {
            method: 99,
            layout: 1,
            exceeded: 1,
            oversized: 2,
            min_item_len: FIXED,
            check: None,
            status: None,
            answers: None,
            bare: None,
            typical_item_len: 0,
            user: ptr::null_mut(),
        };
        Described {
            described: nipc_any_enriched_t {
                lookup,
                verdict: None,
                identity: None,
                fixed_size_keys: true,
                texts: ptr::null(),
                text_count: 0,
                labels: 2,
            },
            texts: Box::default(),
            labels: Some(2),
        }
    }

    fn item(count: u16, behind: &[u8]) -> Vec<u8> {
        let mut item = vec![0; FIXED];
        item[2..4].copy_from_slice(&count.to_le_bytes());
        item.extend_from_slice(behind);
        item
    }

    #[test]
    fn labels_that_claim_each_other_s_bytes_are_left_out() {
        let described = described();
        let pairs = [Label::new("app", "web")];
        let labels = Labels::from(&pairs[..]);
        let mut room = vec![0; labels.end_after(0)];
        let mut writer = Writer::new(&mut room);
        labels.encode(&mut writer).unwrap();
        // Texts are counted from the beginning of the item.
        for at in [0, 8] {
            let start = u32::from_le_bytes(room[at..at + 4].try_into().unwrap());
            let moved = start + u32::try_from(FIXED).unwrap();
            room[at..at + 4].copy_from_slice(&moved.to_le_bytes());
        }
        let honest = item(1, &room);
        let mut parts = ItemParts::default();
        described.take_apart(&honest, &mut parts);
        assert_eq!(parts.labels_count, 1);

        // A thousand labels, each of which claims all of them: 32 MB that are not there.
        let claim = [0, 16_000, 0, 16_000_u32].map(u32::to_le_bytes).concat();
        let hostile = item(1000, &claim.repeat(1000));
        described.take_apart(&hostile, &mut parts);
        assert_eq!((parts.labels_count, parts.labels.len()), (0, 0));
        assert_eq!(parts.item, &hostile[..FIXED]);
    }
}
