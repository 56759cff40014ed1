//! Who claims which name: the tokens that are alive.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use zenoh::liveliness::LivelinessToken;
use zenoh::pubsub::Subscriber;
use zenoh::sample::SampleKind;
use zenoh::{Session, Wait as _};

use crate::error::Error;
use crate::keys;

/// Where a host stands, as those who watch its claims see it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// Nobody claims the name.
    Absent,
    /// One exporter does: this one.
    Up(u64),
    /// So many exporters do, and none is believed: nobody can tell which is the host.
    Disputed(usize),
}

impl Standing {
    fn of(claims: &OfHost) -> Self {
        match (claims.len(), claims.known.first()) {
            (0, _) => Self::Absent,
            (1, Some(claim)) => Self::Up(*claim),
            (several, _) => Self::Disputed(several),
        }
    }

    /// In one word, for people and for `status`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Up(_) => "up",
            Self::Disputed(_) => "disputed",
        }
    }
}

/// The most claims of one host that are remembered. Those beyond are counted: more than one are disputed anyway.
const REMEMBERED: usize = 16;

/// The claims of one host.
#[derive(Clone, Debug, Default)]
struct OfHost {
    known: BTreeSet<u64>,
    /// How many more there are.
    more: usize,
}

impl OfHost {
    fn len(&self) -> usize {
        self.known.len().saturating_add(self.more)
    }

    fn change(&mut self, claim: u64, alive: bool) {
        match (alive, self.known.contains(&claim)) {
            (true, true) => {}
            (true, false) if self.known.len() < REMEMBERED => {
                self.known.insert(claim);
            }
            (true, false) => self.more = self.more.saturating_add(1),
            (false, true) => {
                self.known.remove(&claim);
            }
            (false, false) => self.more = self.more.saturating_sub(1),
        }
    }
}

/// The claims of one service, by host: of one host, or of those that are believed, so that what others claim takes no room.
#[derive(Clone, Debug, Default)]
struct Claims(BTreeMap<String, OfHost>);

impl Claims {
    /// Takes in that a token came or went, where it is of a host that `counts`; returns which, and where that stands now.
    fn change(
        &mut self,
        key: &str,
        alive: bool,
        counts: impl Fn(&str) -> bool,
    ) -> Option<(String, Standing)> {
        let (host, _, claim) = keys::parse_claim(key)?;
        if !counts(host) {
            return None;
        }
        let claims = self.0.entry(host.to_owned()).or_default();
        claims.change(claim, alive);
        let standing = Standing::of(claims);
        if claims.len() == 0 {
            self.0.remove(host);
        }
        Some((host.to_owned(), standing))
    }
}

/// Watches the claims of a service.
pub struct Watch {
    claims: Arc<Mutex<Claims>>,
    _subscriber: Subscriber<()>,
}

impl Watch {
    /// Watches the claims of `service` on `host`; tells `changed` of each change, on a thread of zenoh's.
    ///
    /// # Errors
    /// [`Error::Zenoh`].
    pub fn begin(
        session: &Session,
        host: &str,
        service: &str,
        changed: impl Fn(&str, Standing) + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        Self::over(session, host, service, |_its| true, changed)
    }

    /// The same, of each of `hosts`, whoever else there is.
    ///
    /// # Errors
    /// [`Error::Zenoh`].
    pub fn of_all(
        session: &Session,
        hosts: BTreeSet<String>,
        service: &str,
        changed: impl Fn(&str, Standing) + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let counts = move |host: &str| hosts.contains(host);
        Self::over(session, keys::EVERYONE, service, counts, changed)
    }

    fn over(
        session: &Session,
        host: &str,
        service: &str,
        counts: impl Fn(&str) -> bool + Send + Sync + 'static,
        changed: impl Fn(&str, Standing) + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let claims = Arc::new(Mutex::new(Claims::default()));
        let shared = Arc::clone(&claims);
        let subscriber = session
            .liveliness()
            .declare_subscriber(keys::claims(host, service))
            .history(true)
            .callback(move |sample| {
                let alive = sample.kind() == SampleKind::Put;
                // Told under the lock, so that changes are told in their order.
                let mut claims = shared.lock().unwrap_or_else(PoisonError::into_inner);
                let change = claims.change(sample.key_expr().as_str(), alive, &counts);
                if let Some((host, standing)) = change {
                    changed(&host, standing);
                }
            })
            .wait()
            .map_err(Error::zenoh(format!(
                "watching who claims {service} of {host}"
            )))?;
        Ok(Self {
            claims,
            _subscriber: subscriber,
        })
    }

    /// Where `host` stands now.
    #[must_use]
    pub fn standing(&self, host: &str) -> Standing {
        let claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        claims.0.get(host).map_or(Standing::Absent, Standing::of)
    }

    /// How many others than `own` claim to be `host`.
    #[must_use]
    pub fn others(&self, host: &str, own: u64) -> usize {
        let claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        let claims = claims.0.get(host);
        claims.map_or(0, |claims| {
            claims.len() - usize::from(claims.known.contains(&own))
        })
    }

    /// Every host of which something is known, and where it stands.
    #[must_use]
    pub fn standings(&self) -> Vec<(String, Standing)> {
        let claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        let standing = |(host, claims): (&String, _)| (host.clone(), Standing::of(claims));
        claims.0.iter().map(standing).collect()
    }
}

/// Claims `service` of `host`, as long as the token lives.
///
/// # Errors
/// [`Error::Zenoh`].
pub fn claim(
    session: &Session,
    host: &str,
    service: &str,
    claim: u64,
) -> Result<LivelinessToken, Error> {
    session
        .liveliness()
        .declare_token(keys::claim(host, service, claim))
        .wait()
        .map_err(Error::zenoh(format!("claiming {service} of {host}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_two_claim_is_nobodys() {
        let mut claims = Claims::default();
        let mut change = |claim, alive| {
            let key = keys::claim("h", "s", claim);
            let changed = claims.change(&key, alive, |_| true);
            changed.map(|(_, standing)| standing)
        };
        assert_eq!(change(1, true), Some(Standing::Up(1)));
        assert_eq!(change(1, true), Some(Standing::Up(1)), "told twice");
        assert_eq!(change(2, true), Some(Standing::Disputed(2)));
        assert_eq!(change(1, false), Some(Standing::Up(2)));
        assert_eq!(change(3, false), Some(Standing::Up(2)), "never there");
        assert_eq!(change(2, false), Some(Standing::Absent));
        assert_eq!(claims.change("netipc/h/s/x", true, |_| true), None);
        assert!(
            claims.0.is_empty(),
            "nothing is kept of hosts that are gone"
        );
    }

    #[test]
    fn whatever_is_claimed_little_is_remembered() {
        let mut claims = Claims::default();
        let mut change = |host: &str, claim, alive| {
            let key = keys::claim(host, "s", claim);
            claims.change(&key, alive, |host| host == "h")
        };
        for claim in 0..10_000 {
            assert_eq!(change(&format!("other-{claim}"), claim, true), None);
            let (_, standing) = change("h", claim, true).unwrap();
            let many = usize::try_from(claim).unwrap() + 1;
            assert_eq!(standing != Standing::Up(claim), many > 1);
            assert!(many == 1 || standing == Standing::Disputed(many));
        }
        // In the order in which they came: those that are not remembered keep the name disputed.
        for claim in 0..9_999 {
            let (_, standing) = change("h", claim, false).unwrap();
            assert!(matches!(standing, Standing::Disputed(_)), "{claim}");
        }
        assert_eq!(change("h", 9_999, false).unwrap().1, Standing::Absent);
        for claim in 0..10_000 {
            change("h", claim, true);
        }
        assert_eq!(claims.0.len(), 1);
        assert_eq!(claims.0["h"].known.len(), REMEMBERED);
    }
}
