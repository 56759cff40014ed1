//! Lookups whose provider knows an item for every key, in one shape, so that peers serve and check each alike.

#[path = "../../crates/generated/src/ip_to_asn.rs"]
pub mod ip_to_asn;
#[path = "../../crates/generated/src/pid_traffic.rs"]
pub mod pid_traffic;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netipc::lookup::{Key, Lookup, LookupItem, TextKey};
use netipc::service::apps_lookup::{AppsLookup, AppsLookupItem, Pid};
use netipc::service::cgroups_lookup::{CgroupsLookup, CgroupsLookupItem};

use crate::data::{is_huge, name, path, with_path, with_process};
use ip_to_asn::{IpToAsn, IpToAsnItem, IpToAsnKey};
use pid_traffic::{PidTraffic, PidTrafficItem, PidTrafficKey};

/// Every lookup that is tried, for a macro that takes a name of each.
///
/// A new one is a line here, an `impl Known`, its cases, and its data in the README.
#[macro_export]
macro_rules! known_lookups {
    ($take:ident) => {
        $take! {
            CgroupsLookup: netipc::service::cgroups_lookup::CgroupsLookup;
            AppsLookup: netipc::service::apps_lookup::AppsLookup;
            IpToAsn: netipc_interop::known::ip_to_asn::IpToAsn;
            PidTraffic: netipc_interop::known::pid_traffic::PidTraffic;
        }
    };
}

/// A lookup whose items are a pure function of their keys.
pub trait Known: Lookup {
    /// What a key borrows.
    type Owned;

    /// What stands for a number.
    fn owned(number: u32) -> Self::Owned;

    /// The key of it.
    fn key(owned: &Self::Owned) -> Key<'_, Self>;

    /// Hands what is known of a key to `see`. With `small`, answers are too small for huge items.
    fn with_item<R>(key: Key<'_, Self>, small: bool, see: impl FnOnce(&Self::Item<'_>) -> R) -> R;
}

impl Known for CgroupsLookup {
    type Owned = String;

    fn owned(number: u32) -> String {
        path(number)
    }

    fn key(owned: &String) -> TextKey<'_> {
        TextKey::new(owned.as_bytes()).expect("a path is a key")
    }

    fn with_item<R>(
        key: TextKey<'_>,
        small: bool,
        see: impl FnOnce(&CgroupsLookupItem<'_>) -> R,
    ) -> R {
        with_path(key, small, see)
    }
}

impl Known for AppsLookup {
    type Owned = u32;

    fn owned(number: u32) -> u32 {
        number
    }

    fn key(owned: &u32) -> Pid {
        Pid(*owned)
    }

    fn with_item<R>(key: Pid, small: bool, see: impl FnOnce(&AppsLookupItem<'_>) -> R) -> R {
        with_process(key.0, small, see)
    }
}

impl Known for IpToAsn {
    type Owned = IpAddr;

    fn owned(number: u32) -> IpAddr {
        address(number)
    }

    fn key(owned: &IpAddr) -> IpToAsnKey {
        IpToAsnKey(*owned)
    }

    fn with_item<R>(key: IpToAsnKey, small: bool, see: impl FnOnce(&IpToAsnItem<'_>) -> R) -> R {
        let n = number_of_address(key.0);
        let bare = |status: ip_to_asn::LookupStatus| IpToAsnItem::bare(key, status.0);
        if small && is_huge(n) {
            return see(&bare(ip_to_asn::LookupStatus::OVERSIZED_ITEM));
        }
        let organisation = name(n);
        let known = IpToAsnItem {
            asn: n,
            ..bare(ip_to_asn::LookupStatus::KNOWN)
        };
        see(&match n % 8 {
            0 | 1 => bare(ip_to_asn::LookupStatus::UNKNOWN),
            2 => known,
            _ => IpToAsnItem {
                country: [n, n / 26].map(letter),
                organisation: (&organisation).into(),
                ..known
            },
        })
    }
}

impl Known for PidTraffic {
    type Owned = PidTrafficKey;

    fn owned(number: u32) -> PidTrafficKey {
        PidTrafficKey {
            pid: number,
            starttime: (1 << 40) + u64::from(number) * 1_000_003,
        }
    }

    fn key(owned: &PidTrafficKey) -> PidTrafficKey {
        *owned
    }

    fn with_item<R>(key: PidTrafficKey, _: bool, see: impl FnOnce(&PidTrafficItem) -> R) -> R {
        let bare = |status: pid_traffic::LookupStatus| PidTrafficItem::bare(key, status.0);
        let n = u64::from(key.pid);
        see(&if key.pid.is_multiple_of(8) {
            bare(pid_traffic::LookupStatus::UNKNOWN)
        } else {
            PidTrafficItem {
                bytes_received: (1 << 33) + n * 1500,
                bytes_sent: n * 700,
                packets_received: n,
                packets_sent: n / 2,
                connections: key.pid % 64,
                ..bare(pid_traffic::LookupStatus::KNOWN)
            }
        })
    }
}

/// The address that stands for a number.
#[must_use]
pub fn address(number: u32) -> IpAddr {
    if number.is_multiple_of(2) {
        Ipv4Addr::from_bits(0x0a00_0000 | (number & 0x00ff_ffff)).into()
    } else {
        Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(number)).into()
    }
}

/// The number that an address stands for.
#[must_use]
pub fn number_of_address(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(v4) => v4.to_bits() & 0x00ff_ffff,
        IpAddr::V6(v6) => {
            let [.., a, b, c, d] = v6.octets();
            u32::from_be_bytes([a, b, c, d])
        }
    }
}

fn letter(n: u32) -> u8 {
    b'A' + u8::try_from(n % 26).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use netipc::wire::{Encode, Writer};

    use super::*;
    use crate::data::number;

    #[test]
    fn addresses_stand_for_numbers() {
        assert_eq!(address(38).to_string(), "10.0.0.38");
        assert_eq!(address(1999).to_string(), "2001:db8::7cf");
        for n in [1, 38, 1999, 740_000] {
            assert_eq!(number_of_address(address(n)), n);
        }
    }

    /// Every item can be sent; those that are huge, and no others, fit no answer of 16 KiB.
    fn all_can_be_sent<L: Known>(are_huge: bool) {
        for index in 0..20_000 {
            let n = number(index);
            let owned = L::owned(n);
            L::with_item(L::key(&owned), false, |item| {
                let mut buf = vec![0; item.size()];
                item.encode(&mut Writer::new(&mut buf))
                    .expect("it can be sent");
                assert_eq!(buf.len() + 24 > 16_384, are_huge && is_huge(n), "{n}");
            });
            let small = L::with_item(L::key(&owned), true, |item| item.size());
            assert!(small + 24 <= 16_384, "{n}");
        }
    }

    #[test]
    fn every_item_can_be_sent() {
        all_can_be_sent::<CgroupsLookup>(true);
        all_can_be_sent::<AppsLookup>(true);
        all_can_be_sent::<IpToAsn>(true);
        all_can_be_sent::<PidTraffic>(false);
    }
}
