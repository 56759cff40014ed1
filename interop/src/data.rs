//! What every provider knows: a pure function of the key, the same in every language, so that a
//! client can tell by itself what each answer must be. The README has it in words.

use netipc::lookup::LookupItem;
use netipc::lookup::TextKey;
use netipc::protocol::{AppsCgroupStatus, CgroupStatus, PidStatus};
use netipc::service::Orchestrator;
use netipc::service::apps_lookup::{AppsLookupItem, Pid};
use netipc::service::cgroups_lookup::CgroupsLookupItem;
use netipc::service::cgroups_snapshot::CgroupsItemView;
use netipc::simple_hash;
use netipc::wire::{CStrView, Labels};

/// What texts of odd numbers end with.
const WIDE: &str = "-größe-日本";
/// Bytes of the padding of long texts.
const LONG: usize = 3_000;
/// Bytes of the padding of texts that fit no answer of 16 KiB.
const HUGE: usize = 20_000;

/// Which key `index` of a lookup is about.
#[must_use]
pub const fn number(index: u32) -> u32 {
    index.wrapping_mul(37).wrapping_add(1)
}

/// The path that stands for a number.
#[must_use]
pub fn path(number: u32) -> String {
    match number {
        n if n % 100 == 7 => format!("/{}/{n}", "p".repeat(LONG)),
        n if n % 2 == 1 => format!("/größe-日本/unit-{n}"),
        n => format!("/unit-{n}"),
    }
}

/// The number that a path ends with.
#[must_use]
pub fn number_of(path: &[u8]) -> u32 {
    let digits = path.iter().rev().take_while(|byte| byte.is_ascii_digit());
    path[path.len() - digits.count()..]
        .iter()
        .fold(0, |number: u32, digit| {
            number
                .wrapping_mul(10)
                .wrapping_add(u32::from(digit - b'0'))
        })
}

/// The name of what a number stands for.
#[must_use]
pub fn name(number: u32) -> String {
    let mut name = format!("name-{number}");
    if number % 2 == 1 {
        name.push_str(WIDE);
    }
    if number % 100 == 7 {
        name.push_str(&"n".repeat(LONG));
    }
    if is_huge(number) {
        name.push_str(&"x".repeat(HUGE));
    }
    name
}

/// Whether what is known of a number fits no answer of 16 KiB.
#[must_use]
pub const fn is_huge(number: u32) -> bool {
    number % 1000 == 999
}

/// The labels of what a number stands for: none to four.
#[must_use]
pub fn labels(number: u32) -> Vec<(String, String)> {
    (0..number % 5)
        .map(|nth| {
            let value = match nth {
                0 => String::new(),
                n if n % 2 == 1 => format!("value-{number}-{n}-ü"),
                n => format!("value-{number}-{n}"),
            };
            (format!("key-{nth}"), value)
        })
        .collect()
}

/// Hands what is known of a process to `see`. With `small`, answers are too small for huge items.
pub fn with_process<R>(pid: u32, small: bool, see: impl FnOnce(&AppsLookupItem<'_>) -> R) -> R {
    if small && is_huge(pid) {
        return see(&AppsLookupItem::bare(Pid(pid), PidStatus::OVERSIZED_ITEM.0));
    }
    let wide = if pid.is_multiple_of(3) { "é" } else { "c" };
    let (comm, path, name, labels) = (format!("{wide}{pid}"), path(pid), name(pid), labels(pid));
    let known = AppsLookupItem {
        status: PidStatus::KNOWN,
        pid,
        ppid: pid / 2,
        uid: pid % 1000,
        starttime: (1 << 40) + u64::from(pid) * 1_000_003,
        comm: (&comm).into(),
        ..AppsLookupItem::default()
    };
    see(&match pid % 8 {
        0 => AppsLookupItem::bare(Pid(pid), PidStatus::UNKNOWN.0),
        1 => AppsLookupItem {
            cgroup_status: AppsCgroupStatus::HOST_ROOT,
            ..known
        },
        2 => AppsLookupItem {
            cgroup_status: AppsCgroupStatus::UNKNOWN_RETRY_LATER,
            ..known
        },
        3 => AppsLookupItem {
            cgroup_status: AppsCgroupStatus::UNKNOWN_PERMANENT,
            cgroup_path: (&path).into(),
            ..known
        },
        _ => AppsLookupItem {
            orchestrator: orchestrator(pid),
            cgroup_path: (&path).into(),
            cgroup_name: (&name).into(),
            labels: Labels::Owned(&labels),
            ..known
        },
    })
}

/// Hands what is known of a cgroup to `see`. With `small`, answers are too small for huge items.
pub fn with_path<R>(
    path: TextKey<'_>,
    small: bool,
    see: impl FnOnce(&CgroupsLookupItem<'_>) -> R,
) -> R {
    let number = number_of(path.as_bytes());
    let bare = |status: CgroupStatus| CgroupsLookupItem::bare(path, status.0);
    if small && is_huge(number) {
        return see(&bare(CgroupStatus::OVERSIZED_ITEM));
    }
    let (name, labels) = (name(number), labels(number));
    see(&match number % 8 {
        0 => bare(CgroupStatus::UNKNOWN_RETRY_LATER),
        1 => bare(CgroupStatus::UNKNOWN_PERMANENT),
        2 => bare(CgroupStatus::KNOWN),
        _ => CgroupsLookupItem {
            orchestrator: orchestrator(number),
            name: (&name).into(),
            labels: Labels::Owned(&labels),
            ..bare(CgroupStatus::KNOWN)
        },
    })
}

/// What a snapshot is made of.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot {
    /// Number of its items.
    pub items: u32,
    /// Bytes of a path, at least.
    pub path_len: usize,
    /// The generation of the data.
    pub generation: u64,
}

impl Snapshot {
    /// Whether systemd runs the host.
    #[must_use]
    pub const fn systemd_enabled(&self) -> u32 {
        (self.generation % 2) as u32
    }

    /// Hands item `index` to `see`.
    pub fn with_item<R>(&self, index: u32, see: impl FnOnce(&CgroupsItemView<'_>) -> R) -> R {
        let name = snapshot_name(index);
        let mut path = format!("/sys/fs/cgroup/{index}/");
        path.extend(std::iter::repeat_n(
            'p',
            self.path_len.saturating_sub(path.len()),
        ));
        see(&CgroupsItemView {
            hash: simple_hash(name.as_bytes()),
            options: ((u64::from(index) + self.generation) % 16) as u32,
            enabled: index % 3,
            name: (&name).into(),
            path: CStrView::new(path.as_bytes()),
        })
    }
}

/// The name of item `index` of a snapshot.
#[must_use]
pub fn snapshot_name(index: u32) -> String {
    let wide = if index % 2 == 1 { WIDE } else { "" };
    format!("cgroup-{index}{wide}")
}

/// Number `index` to increment. The first is the one that wraps.
#[must_use]
pub const fn value(index: u64) -> u64 {
    u64::MAX.wrapping_sub(index.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// A text of `len` bytes to reverse. No byte is NUL.
#[must_use]
pub fn text(len: usize) -> Vec<u8> {
    (1..=251).cycle().take(len).collect()
}

fn orchestrator(number: u32) -> Orchestrator {
    [
        Orchestrator::SYSTEMD,
        Orchestrator::DOCKER,
        Orchestrator::K8S,
        Orchestrator::KVM,
        Orchestrator::LXC,
        Orchestrator::PODMAN,
        Orchestrator::NSPAWN,
    ][number as usize % 7]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_readme_hold() {
        assert_eq!([0, 1, 54].map(number), [1, 38, 1999]);
        assert_eq!(path(38), "/unit-38");
        assert_eq!(path(1999), "/größe-日本/unit-1999");
        assert_eq!(number_of(path(1999).as_bytes()), 1999);
        assert_eq!(number_of(path(107).as_bytes()), 107);
        assert_eq!(path(107).len(), 3_005);
        assert_eq!(name(38), "name-38");
        assert_eq!(name(1), "name-1-größe-日本");
        let [first, second, third] = &labels(38)[..] else {
            panic!("three labels");
        };
        assert_eq!((first.0.as_str(), first.1.as_str()), ("key-0", ""));
        assert_eq!(
            (second.0.as_str(), second.1.as_str()),
            ("key-1", "value-38-1-ü")
        );
        assert_eq!(
            (third.0.as_str(), third.1.as_str()),
            ("key-2", "value-38-2")
        );
        assert_eq!(value(0), u64::MAX);
        assert_eq!(value(1), 0x61C8_8646_80B5_83EA);
        assert_eq!(text(252)[249..], [250, 251, 1]);
        assert_eq!(snapshot_name(1), "cgroup-1-größe-日本");
    }
}
