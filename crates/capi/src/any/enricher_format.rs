//! What an enricher of C asks for: a lookup that the library knows, or one that C describes.

#![expect(unsafe_code, reason = "functions of C are called")]

use std::ffi::c_void;
use std::marker::PhantomData;

use netipc::ErrorCode;
use netipc::enricher::{EnrichedFormat, Verdict};
use netipc::lookup::{Key, Lookup, LookupFormat, LookupItem, LookupKey};
use netipc::proto::internals::assume_valid;
use netipc::wire::{Decode, Encode, MethodCode, WireError, Writer};

use super::lookup::{Format, nipc_any_lookup_t};
use super::types::nipc_bytes_view_t;
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
/// whoever steps or runs the enricher, in one thread at a time; they must return: not by an exception,
/// longjmp, or the end of the thread.
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
}

/// One of the formats.
pub(super) struct CFormat(Box<dyn EnrichedFormat>);

impl CFormat {
    /// That of a lookup that the library knows.
    pub(super) fn known<L: Lookup>() -> Self {
        Self(Box::new(Known::<L>(PhantomData)))
    }

    /// That of a lookup of C.
    pub(super) fn described(described: &nipc_any_enriched_t) -> CodeResult<Self> {
        // Looked through once; what is kept is a copy.
        Format::new(&described.lookup)?;
        Ok(Self(Box::new(Described(*described))))
    }
}

/// A lookup that the library knows.
struct Known<L>(PhantomData<fn() -> L>);

impl<L: Lookup> Known<L> {
    fn item(bytes: &[u8]) -> L::Item<'_> {
        L::Item::view(assume_valid(bytes))
    }

    fn key(bytes: &[u8]) -> Key<'_, L> {
        Key::<'_, L>::view(assume_valid(bytes))
    }
}

impl<L: Lookup> LookupFormat for Known<L> {
    fn method(&self) -> MethodCode {
        L::METHOD.code
    }

    fn layout(&self) -> u16 {
        L::LAYOUT
    }

    fn exceeded(&self) -> u16 {
        L::Item::EXCEEDED
    }

    fn oversized(&self) -> u16 {
        L::Item::OVERSIZED
    }

    fn min_item_len(&self) -> usize {
        L::Item::HEADER_LEN
    }

    fn check(&self, item: &[u8]) -> Result<(), WireError> {
        L::Item::decode(item).map(drop)
    }

    fn status(&self, item: &[u8]) -> u16 {
        Self::item(item).status()
    }

    fn answers(&self, item: &[u8], key: &[u8]) -> bool {
        L::same(Self::item(item).key(), Self::key(key))
    }

    fn bare(&self, key: &[u8], status: u16) -> Vec<u8> {
        let item = L::Item::bare(Self::key(key), status);
        let mut bytes = vec![0; item.size()];
        // There is room for it, and one without data can be sent.
        let _ = item.encode(&mut Writer::new(&mut bytes));
        bytes
    }

    fn reply_estimate(&self, key: &[u8]) -> usize {
        L::reply_estimate(Self::key(key))
    }
}

impl<L: Lookup> EnrichedFormat for Known<L> {
    fn verdict(&self, item: &[u8]) -> Verdict {
        Self::item(item).verdict()
    }

    fn identity(&self, item: &[u8]) -> u64 {
        Self::item(item).identity()
    }

    fn has_text_keys(&self) -> bool {
        <Key<'_, L> as LookupKey<'_>>::MIN_LEN < 4
    }
}

/// A lookup of C, whose functions are there.
struct Described(nipc_any_enriched_t);

// SAFETY: what is not fit for other threads by itself is the user's pointer, which is only handed to
// functions that the header asks to be fit for any thread, one at a time.
unsafe impl Send for Described {}
// SAFETY: as above: whoever calls them holds the enricher.
unsafe impl Sync for Described {}

impl Described {
    /// The format. It is there: its functions were looked for.
    fn format(&self) -> CodeResult<Format<'_>> {
        Format::new(&self.0.lookup)
    }
}

impl LookupFormat for Described {
    fn method(&self) -> MethodCode {
        MethodCode(self.0.lookup.method)
    }

    fn layout(&self) -> u16 {
        self.0.lookup.layout
    }

    fn exceeded(&self) -> u16 {
        self.0.lookup.exceeded
    }

    fn oversized(&self) -> u16 {
        self.0.lookup.oversized
    }

    fn min_item_len(&self) -> usize {
        self.0.lookup.min_item_len
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
        let Some(verdict) = self.0.verdict else {
            return Verdict::of_status(self.status(item), self.oversized());
        };
        // SAFETY: it is called as the header says.
        match unsafe { verdict(self.0.lookup.user, nipc_bytes_view_t::of(item)) } {
            NIPC_VERDICT_KNOWN => Verdict::Known,
            NIPC_VERDICT_PROVISIONAL => Verdict::Provisional,
            NIPC_VERDICT_FOR_GOOD => Verdict::ForGood,
            NIPC_VERDICT_OVERSIZED => Verdict::Oversized,
            _ => Verdict::ForNow,
        }
    }

    fn identity(&self, item: &[u8]) -> u64 {
        let tell = self.0.identity;
        // SAFETY: it is called as the header says.
        tell.map_or(0, |tell| unsafe {
            tell(self.0.lookup.user, nipc_bytes_view_t::of(item))
        })
    }

    fn has_text_keys(&self) -> bool {
        !self.0.fixed_size_keys
    }
}

impl LookupFormat for CFormat {
    fn method(&self) -> MethodCode {
        self.0.method()
    }

    fn layout(&self) -> u16 {
        self.0.layout()
    }

    fn exceeded(&self) -> u16 {
        self.0.exceeded()
    }

    fn oversized(&self) -> u16 {
        self.0.oversized()
    }

    fn min_item_len(&self) -> usize {
        self.0.min_item_len()
    }

    fn check(&self, item: &[u8]) -> Result<(), WireError> {
        self.0.check(item)
    }

    fn status(&self, item: &[u8]) -> u16 {
        self.0.status(item)
    }

    fn answers(&self, item: &[u8], key: &[u8]) -> bool {
        self.0.answers(item, key)
    }

    fn bare(&self, key: &[u8], status: u16) -> Vec<u8> {
        self.0.bare(key, status)
    }

    fn bare_len(&self, key: &[u8]) -> usize {
        self.0.bare_len(key)
    }

    fn reply_estimate(&self, key: &[u8]) -> usize {
        self.0.reply_estimate(key)
    }
}

impl EnrichedFormat for CFormat {
    fn verdict(&self, item: &[u8]) -> Verdict {
        self.0.verdict(item)
    }

    fn identity(&self, item: &[u8]) -> u64 {
        self.0.identity(item)
    }

    fn has_text_keys(&self) -> bool {
        self.0.has_text_keys()
    }
}

/// Whether a kind was meant that is not this enricher's.
pub(super) const OTHER_KIND: ErrorCode = ErrorCode::UNSUPPORTED;
