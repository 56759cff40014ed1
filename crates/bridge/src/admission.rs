//! Which questions are let in, in the order in which that costs: a flood of whatever kind is refused by its number,
//! before anything of it is read.

use std::time::Instant;

use crate::allow::Askers;
use crate::keys::EVERYONE;
use crate::limits::{Limits, Rates};
use crate::wire::{Malformed, Outcome, Question};

/// Those who may not ask share a row and a rate: they choose their names. No asker is called so.
const STRANGERS: &str = "";

/// What an exporter lets in.
#[derive(Debug)]
pub(crate) struct Admission {
    askers: Askers,
    everyone: bool,
    claim: u64,
    limits: Limits,
    rates: Rates,
}

/// A question as it came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) service: &'a str,
    /// Who asks, by the key.
    pub(crate) asker: &'a str,
    pub(crate) key: &'a str,
    pub(crate) header: &'a [u8],
    /// Bytes of the request.
    pub(crate) len: usize,
    /// Whether something stands beside header and request, which nothing of ours ever does.
    pub(crate) has_more: bool,
}

/// A question that is not let in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) question: Question,
    pub(crate) outcome: Outcome,
    /// Whether the asker is told: not beyond its rate.
    pub(crate) is_told: bool,
}

impl Admission {
    pub(crate) fn new(askers: Askers, everyone: bool, claim: u64, limits: Limits) -> Self {
        Self {
            askers,
            everyone,
            claim,
            limits,
            rates: Rates::new(limits.rate),
        }
    }

    /// Whether this asker may ask this service.
    pub(crate) fn knows(&self, asker: &str, service: &str) -> bool {
        self.askers.allow(asker, service)
    }

    /// Reads a question that came at `now`, where it is let in.
    pub(crate) fn admit(&self, asked: &Asked<'_>, now: Instant) -> Result<Question, Refusal> {
        let known = self.knows(asked.asker, asked.service);
        let payer = if known { asked.asker } else { STRANGERS };
        if !self.rates.take(payer, now) {
            return Err(Refusal {
                question: Question::UNREADABLE,
                outcome: Outcome::BUSY,
                is_told: false,
            });
        }
        let unreadable = |outcome| Refusal {
            question: Question::UNREADABLE,
            outcome,
            is_told: true,
        };
        let question = Question::decode(asked.header).map_err(|error| match error {
            Malformed::Version(_) => unreadable(Outcome::VERSION),
            _ => unreadable(Outcome::MALFORMED),
        })?;
        let to_everyone =
            asked.key.starts_with(&format!("netipc/{EVERYONE}/")) || question.claim == 0;
        let outcome = if asked.has_more {
            Outcome::MALFORMED
        } else if !known || (to_everyone && !self.everyone) {
            Outcome::REFUSED
        } else if question.claim != 0 && question.claim != self.claim {
            Outcome::STALE
        } else if asked.len > self.limits.request_bytes as usize {
            Outcome::TOO_LONG
        } else {
            return Ok(question);
        };
        Err(Refusal {
            question,
            outcome,
            is_told: true,
        })
    }
}

#[cfg(test)]
mod tests {
    use netipc::wire::MethodCode;

    use super::*;

    const CLAIM: u64 = 7;

    fn header(claim: u64) -> [u8; crate::wire::HEADER_LEN] {
        let question = Question {
            method: MethodCode(1),
            batch: None,
            deadline_ms: 1,
            room: 1,
            life: 0,
            claim,
            held: 0,
            takes_lz4: false,
        };
        question.encode()
    }

    fn admission(rate: u32) -> Admission {
        let limits = Limits {
            rate,
            request_bytes: 8,
            ..Limits::default()
        };
        let askers = Askers::parse(&["viewer".to_owned()]).unwrap();
        Admission::new(askers, false, CLAIM, limits)
    }

    fn asked<'a>(asker: &'a str, header: &'a [u8]) -> Asked<'a> {
        Asked {
            service: "s",
            asker,
            key: "netipc/h/s/viewer",
            header,
            len: 8,
            has_more: false,
        }
    }

    #[test]
    fn whatever_is_asked_is_paid_for_before_it_is_read() {
        let (good, stale) = (header(CLAIM), header(CLAIM + 1));
        let mut newer = good;
        newer[2] = 9;
        for (asker, header, outcome) in [
            ("viewer", &b""[..], Outcome::MALFORMED),
            ("viewer", &newer, Outcome::VERSION),
            ("viewer", &stale, Outcome::STALE),
            ("viewer", &header(0), Outcome::REFUSED),
            ("stranger", &good, Outcome::REFUSED),
        ] {
            let (admission, now) = (admission(2), Instant::now());
            for is_told in [true, true, false, false] {
                let refusal = admission.admit(&asked(asker, header), now).unwrap_err();
                let wanted = if is_told { outcome } else { Outcome::BUSY };
                assert_eq!((refusal.outcome, refusal.is_told), (wanted, is_told));
            }
            // Strangers pay out of one purse, and nobody else's.
            let other = if asker == "viewer" {
                "stranger"
            } else {
                "viewer"
            };
            let refusal = admission.admit(&asked(other, b""), now).unwrap_err();
            assert_eq!(refusal.outcome, Outcome::MALFORMED, "{other}");
            let another = admission.admit(&asked("another", &good), now).unwrap_err();
            assert_eq!(another.is_told, asker == "viewer", "another of {asker}");
        }
    }

    #[test]
    fn what_is_more_than_a_question_is_refused() {
        let (admission, now, header) = (admission(100), Instant::now(), header(CLAIM));
        let one = asked("viewer", &header);
        assert!(admission.admit(&one, now).is_ok());
        let more = Asked {
            has_more: true,
            ..one
        };
        assert_eq!(
            admission.admit(&more, now).unwrap_err().outcome,
            Outcome::MALFORMED
        );
        let long = Asked { len: 9, ..one };
        assert_eq!(
            admission.admit(&long, now).unwrap_err().outcome,
            Outcome::TOO_LONG
        );
    }
}
