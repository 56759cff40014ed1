//! Where in its hierarchy a mount begins: containers may be shown no more than their own part of the tree.

use std::{
    collections::HashMap,
    fs,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::{Path, PathBuf},
};

use crate::cgroups::Hierarchy;

/// What the mount table says of a mount.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Begins {
    /// Nothing: no cgroups are mounted there, as in a copy of a tree.
    Untold,
    /// At the root of our own cgroup namespace, or above it.
    AtRoot,
    /// At this cgroup.
    At(Vec<u8>),
}

/// The mount table, read again only when something else is mounted where hierarchies are.
pub(super) struct Mounts {
    tables: [PathBuf; 2],
    /// By directory: which one it was, and where its mount begins.
    known: HashMap<PathBuf, ((u64, u64), Begins)>,
}

impl Mounts {
    /// The table of this process as `proc_root` has it, or else the usual one.
    pub(super) fn new(proc_root: &Path) -> Self {
        Self {
            tables: [proc_root, Path::new("/proc")].map(|proc| proc.join("self/mountinfo")),
            known: HashMap::new(),
        }
    }

    /// Finds out where the hierarchy begins, unless its root is the machine's.
    pub(super) fn place(&mut self, hierarchy: &mut Hierarchy) {
        // The kernel gives the first file to the root of a hierarchy of version 1 alone, the second to all but the root.
        let is_whole = if hierarchy.unified {
            !hierarchy.partial
        } else {
            hierarchy.dir.join("release_agent").exists()
        };
        if is_whole {
            return;
        }
        match self.begins(&hierarchy.dir) {
            Begins::Untold => {}
            Begins::AtRoot => hierarchy.partial = true,
            Begins::At(inside) => {
                hierarchy.partial = false;
                hierarchy.inside = inside;
            }
        }
    }

    fn begins(&mut self, dir: &Path) -> Begins {
        let Ok(meta) = fs::metadata(dir) else {
            return Begins::Untold;
        };
        let id = (meta.dev(), meta.ino());
        if let Some((known, begins)) = self.known.get(dir)
            && *known == id
        {
            return begins.clone();
        }
        let begins = self.look_up(dir);
        self.known.insert(dir.to_owned(), (id, begins.clone()));
        begins
    }

    fn look_up(&self, dir: &Path) -> Begins {
        let Ok(dir) = fs::canonicalize(dir) else {
            return Begins::Untold;
        };
        let dir = dir.as_os_str().as_bytes();
        let table = self.tables.iter().find_map(|table| fs::read(table).ok());
        table.map_or(Begins::Untold, |table| begins_at(&table, dir))
    }
}

/// What a `mountinfo` file says of the cgroups mounted at `dir`; the last line about it is the mount that is seen.
fn begins_at(table: &[u8], dir: &[u8]) -> Begins {
    let mut begins = Begins::Untold;
    for line in table.split(|byte| *byte == b'\n') {
        let Some(dash) = memchr::memmem::find(line, b" - cgroup") else {
            continue;
        };
        let mut fields = line[..dash].split(|byte| *byte == b' ');
        let (Some(root), Some(point)) = (fields.nth(3), fields.next()) else {
            continue;
        };
        if *unescaped(point) != *dir {
            continue;
        }
        let root = unescaped(root);
        begins = if root == b"/" || root.starts_with(b"/..") || root.ends_with(b"//deleted") {
            Begins::AtRoot
        } else {
            Begins::At(root)
        };
    }
    begins
}

/// A field without its escapes: blanks and backslashes are octal numbers there.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, behind)) = rest.split_first() {
        let octal = behind
            .get(..3)
            .and_then(|digits| str::from_utf8(digits).ok());
        let escaped = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match (first, escaped) {
            (b'\\', Some(byte)) => {
                bytes.push(byte);
                rest = &behind[3..];
            }
            _ => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[u8] = b"\
30 24 0:26 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro
31 30 0:27 /docker/a1 /sys/fs/cgroup/memory ro,nosuid master:11 - cgroup cgroup rw,memory
32 30 0:28 / /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct
33 30 0:29 /../other /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids
34 30 0:30 /first /sys/fs/cgroup/twice ro - cgroup cgroup rw
35 30 0:30 /second /sys/fs/cgroup/twice ro - cgroup cgroup rw
36 30 0:31 /a\\040b\\134x /mnt/my\\040cgroups rw shared:1 master:2 - cgroup2 cgroup2 rw
37 30 8:1 /docker/a1 /mnt/disk rw - ext4 /dev/sda1 rw
38 30 0:32 /gone//deleted /mnt/gone rw - cgroup2 cgroup2 rw
short line - cgroup
";

    #[test]
    fn mounts_begin_where_the_table_says() {
        let at = |root: &str| Begins::At(root.into());
        for (dir, begins) in [
            ("/sys/fs/cgroup/memory", at("/docker/a1")),
            ("/sys/fs/cgroup/cpu,cpuacct", Begins::AtRoot),
            ("/sys/fs/cgroup/pids", Begins::AtRoot),
            ("/sys/fs/cgroup/twice", at("/second")),
            ("/mnt/my cgroups", at("/a b\\x")),
            ("/mnt/gone", Begins::AtRoot),
            ("/mnt/disk", Begins::Untold),
            ("/sys/fs/cgroup", Begins::Untold),
            ("/nowhere", Begins::Untold),
        ] {
            assert_eq!(begins_at(TABLE, dir.as_bytes()), begins, "{dir}");
        }
    }
}
