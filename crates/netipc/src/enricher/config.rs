//! How much an enricher keeps, and how often it asks.

use std::time::Duration;

/// Keys of a batch where keys are texts.
const TEXT_BATCH: usize = 256;
/// Keys of a batch where keys have a fixed size.
const NUMBER_BATCH: usize = 8_192;

/// How much an enricher keeps, and how often it asks. Zero is the default.
///
/// ```
/// use std::time::Duration;
///
/// use netipc::enricher::EnricherConfig;
///
/// let config = EnricherConfig { max_age: Duration::from_secs(60), ..EnricherConfig::default() };
/// assert_eq!(config.capacity, 0); // that is, 8,192 keys
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct EnricherConfig {
    /// Keys whose answers are kept, beside those that are pinned; 0 is 8,192.
    pub capacity: usize,
    /// Keys that may wait to be asked; 0 is 16,384. Beyond it the one that waits longest is dropped.
    pub intake: usize,
    /// Most keys of one call; 0 is 256 where keys are texts, and 8,192 where they have a fixed size.
    pub batch: usize,
    /// How long "not known now" holds at least; zero is a second.
    pub retry: Duration,
    /// How long "not known now" holds at most, where the provider's generation stays; zero is a minute.
    pub retry_most: Duration,
    /// How old an answer gets before it is asked again, or dropped where nobody used it; zero is 10 minutes.
    pub max_age: Duration,
    /// How long a provider that failed is left alone at first; zero is a second.
    pub backoff_first: Duration,
    /// How long it is left alone at most; zero is 30 seconds.
    pub backoff_most: Duration,
}

impl EnricherConfig {
    /// With every default filled in, for keys of this kind. An age that no clock reaches stays as it is.
    pub(super) fn resolved(&self, texts: bool) -> Self {
        let batch = if texts { TEXT_BATCH } else { NUMBER_BATCH };
        let number = |given: usize, default| if given == 0 { default } else { given };
        let time = |given: Duration, seconds| {
            if given.is_zero() {
                Duration::from_secs(seconds)
            } else {
                given
            }
        };
        Self {
            capacity: number(self.capacity, 8_192).min(MOST_KEYS),
            intake: number(self.intake, 16_384).min(MOST_KEYS),
            batch: number(self.batch, batch).min(MOST_KEYS),
            retry: time(self.retry, 1),
            retry_most: time(self.retry_most, 60),
            max_age: time(self.max_age, 600),
            backoff_first: time(self.backoff_first, 1),
            backoff_most: time(self.backoff_most, 30),
        }
    }
}

/// More keys than any table is made for.
const MOST_KEYS: usize = 1 << 24;
