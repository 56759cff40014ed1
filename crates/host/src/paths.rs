//! One normaliser for every spelling of a cgroup path, in requests and in `/proc` alike.

use std::borrow::Cow;

/// What the kernel puts behind the path of a cgroup that was removed while a process, at least a zombie, is still in it.
const DELETED: &[u8] = b" (deleted)";

/// A path without its accidents: single slashes, no `.`, no `..` but those that lead out of a cgroup namespace, no slash at the
/// end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spelling<'a> {
    /// How many levels above the root of the reader's cgroup namespace it begins.
    pub(crate) ups: usize,
    /// The path from there, with a leading slash; `/` is that level itself.
    pub(crate) key: Cow<'a, [u8]>,
}

impl<'a> Spelling<'a> {
    /// Reads a path. `None` if it can be no cgroup's: it does not begin with a slash, or holds a NUL.
    pub(crate) fn read(path: &'a [u8]) -> Option<Self> {
        if path.first() != Some(&b'/') || path.contains(&0) {
            return None;
        }
        let (ups, rest) = leading_ups(path);
        if is_plain(rest) {
            let key = if rest.is_empty() { b"/" } else { rest };
            return Some(Self {
                ups,
                key: Cow::Borrowed(key),
            });
        }
        let (mut ups, mut parts) = (ups, Vec::new());
        for part in rest.split(|byte| *byte == b'/') {
            match part {
                b"" | b"." => {}
                b".." => {
                    if parts.pop().is_none() {
                        ups += 1;
                    }
                }
                part => parts.push(part),
            }
        }
        let key = [b"/", &parts.join(&b'/')[..]].concat();
        Some(Self {
            ups,
            key: Cow::Owned(key),
        })
    }

    /// The whole path again, as the kernel would write it.
    pub(crate) fn text(&self) -> Vec<u8> {
        let mut text = b"/..".repeat(self.ups);
        if *self.key != *b"/" || self.ups == 0 {
            text.extend_from_slice(&self.key);
        }
        text
    }
}

/// The path without what the kernel puts behind it once the cgroup is removed.
pub(crate) fn without_deleted(path: &[u8]) -> &[u8] {
    path.strip_suffix(DELETED)
        .filter(|rest| !rest.is_empty())
        .unwrap_or(path)
}

/// Number of levels that a key has; the root has none.
pub(crate) fn depth(key: &[u8]) -> usize {
    if *key == *b"/" {
        0
    } else {
        memchr::memchr_iter(b'/', key).count()
    }
}

/// The key of the cgroup `levels` from the root that `key` is, or is below.
pub(crate) fn ancestor(key: &[u8], levels: usize) -> &[u8] {
    if levels == 0 {
        return b"/";
    }
    match memchr::memchr_iter(b'/', key).nth(levels) {
        Some(end) => &key[..end],
        None => key,
    }
}

/// `below` the cgroup `key`; either may be the root.
pub(crate) fn join(key: &[u8], below: &[u8]) -> Vec<u8> {
    match (key, below) {
        (b"/", below) => below.to_vec(),
        (key, b"/") => key.to_vec(),
        (key, below) => [key, below].concat(),
    }
}

fn leading_ups(mut path: &[u8]) -> (usize, &[u8]) {
    let mut ups = 0;
    while let Some(rest) = path.strip_prefix(b"/..") {
        if !(rest.is_empty() || rest.starts_with(b"/")) {
            break;
        }
        ups += 1;
        path = rest;
    }
    (ups, path)
}

/// Whether nothing has to be taken out. `path` is empty or begins with a slash.
fn is_plain(path: &[u8]) -> bool {
    let odd = |at: usize| {
        let rest = &path[at + 1..];
        let end = memchr::memchr(b'/', rest).unwrap_or(rest.len());
        matches!(&rest[..end], b"" | b"." | b"..")
    };
    *path == *b"/" || !memchr::memchr_iter(b'/', path).any(odd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_accident_is_taken_out() {
        for (path, ups, key) in [
            ("/", 0, "/"),
            ("//", 0, "/"),
            ("/a/b", 0, "/a/b"),
            ("//a///b//", 0, "/a/b"),
            ("/./a/./b/.", 0, "/a/b"),
            ("/a/../b", 0, "/b"),
            ("/a/..", 0, "/"),
            ("/..", 1, "/"),
            ("/../", 1, "/"),
            ("/../../x", 2, "/x"),
            ("/..//../x/", 2, "/x"),
            ("/a/../../x", 1, "/x"),
            ("/..a/b..", 0, "/..a/b.."),
            ("/.../x", 0, "/.../x"),
        ] {
            let spelling = Spelling::read(path.as_bytes()).unwrap();
            let found = (spelling.ups, String::from_utf8_lossy(&spelling.key));
            assert_eq!(found, (ups, key.into()), "{path}");
        }
        for path in ["", "a", "../x", "/a\0b"] {
            assert_eq!(Spelling::read(path.as_bytes()), None, "{path:?}");
        }
    }

    #[test]
    fn removed_cgroups_lose_the_kernels_remark() {
        assert_eq!(without_deleted(b"/a (deleted)"), b"/a");
        assert_eq!(without_deleted(b"/a (deleted) b"), b"/a (deleted) b");
        assert_eq!(without_deleted(b" (deleted)"), b" (deleted)");
    }

    #[test]
    fn ancestors_and_their_insides() {
        let key = b"/a/b/c";
        for (levels, ancestor_key) in [(0, &b"/"[..]), (1, b"/a"), (2, b"/a/b"), (3, key), (9, key)]
        {
            assert_eq!(ancestor(key, levels), ancestor_key);
        }
        assert_eq!((depth(b"/"), depth(key)), (0, 3));
        assert_eq!(join(b"/", b"/x"), b"/x");
        assert_eq!(join(b"/a", b"/"), b"/a");
        assert_eq!(join(b"/a", b"/x"), b"/a/x");
    }
}
