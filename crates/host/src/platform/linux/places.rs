//! Places that stand for several: patterns of paths, and home directories.

use std::{
    fs, io,
    os::unix::ffi::OsStrExt,
    path::{Component, Path, PathBuf},
};

use super::files::{Stamped, read_bounded};
use crate::{
    glob::matches,
    source::{Place, PlaceState},
};

/// Bytes of the list of users, at most.
const MAX_USERS_BYTES: u64 = 4 << 20;

/// Finds places anew at every look, as users and containers come and go.
pub(super) struct Places {
    patterns: Vec<PathBuf>,
    root: PathBuf,
    users: Stamped<Vec<PathBuf>>,
}

impl Places {
    pub(super) fn new(root: &Path, patterns: &[PathBuf]) -> Self {
        Self {
            patterns: patterns.to_vec(),
            root: root.to_owned(),
            users: Stamped::new(root.join("etc/passwd")),
        }
    }

    /// `/`, or where the machine's file system is mounted.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Every place there is, and what became of every pattern that stands for none.
    pub(super) fn find(&mut self) -> Vec<Place> {
        let root = &self.root;
        self.users
            .update(|path| Ok(homes(&read_bounded(path, MAX_USERS_BYTES)?, root)));
        let mut homes = self.users.value().clone();
        expand(&root.join("home/*"), &[], &mut |path, state| {
            if state == PlaceState::Found && !homes.contains(&path) {
                homes.push(path);
            }
        });
        let mut places: Vec<Place> = Vec::new();
        for pattern in &self.patterns {
            let first = places.len();
            let mut denied = None;
            expand(pattern, &homes, &mut |path, state| {
                if places.iter().any(|place| place.path == path) {
                    return;
                }
                match state {
                    PlaceState::Absent => {}
                    PlaceState::Denied => denied = denied.take().or(Some(path)),
                    state => places.push(Place { path, state }),
                }
            });
            if let Some(path) = denied {
                let state = PlaceState::Denied;
                places.push(Place { path, state });
            } else if places.len() == first {
                let (path, state) = (pattern.clone(), PlaceState::Absent);
                places.push(Place { path, state });
            }
        }
        places
    }
}

/// The places among `places` that are there.
pub(super) fn found(places: &[Place]) -> impl Iterator<Item = &Path> {
    places
        .iter()
        .filter(|place| place.state == PlaceState::Found)
        .map(|place| place.path.as_path())
}

/// Home directories of the users in `passwd`, below `root`.
fn homes(passwd: &[u8], root: &Path) -> Vec<PathBuf> {
    let mut homes = Vec::new();
    for line in passwd.split(|byte| *byte == b'\n') {
        let Some(home) = line.split(|byte| *byte == b':').nth(5) else {
            continue;
        };
        let home = Path::new(std::ffi::OsStr::from_bytes(home));
        if let Ok(below) = home.strip_prefix("/")
            && below != Path::new("")
            && below
                .components()
                .all(|part| matches!(part, Component::Normal(_)))
        {
            let home = root.join(below);
            if !homes.contains(&home) {
                homes.push(home);
            }
        }
    }
    homes
}

/// Tells `each` of every path that `pattern` stands for, with what is there.
fn expand(pattern: &Path, homes: &[PathBuf], each: &mut impl FnMut(PathBuf, PlaceState)) {
    let parts: Vec<Component<'_>> = pattern.components().collect();
    descend(PathBuf::new(), &parts, homes, each);
}

fn descend(
    mut dir: PathBuf,
    parts: &[Component<'_>],
    homes: &[PathBuf],
    each: &mut impl FnMut(PathBuf, PlaceState),
) {
    for (at, part) in parts.iter().enumerate() {
        let (rest, part) = (&parts[at + 1..], part.as_os_str());
        if part == "~" {
            for home in homes {
                descend(home.clone(), rest, homes, each);
            }
            return;
        }
        if !part.as_bytes().contains(&b'*') {
            dir.push(part);
            continue;
        }
        match names(&dir, part.as_bytes()) {
            Ok(paths) => paths
                .into_iter()
                .for_each(|path| descend(path, rest, homes, each)),
            Err(error) => each(dir, PlaceState::of_error(&error)),
        }
        return;
    }
    let state = match fs::metadata(&dir) {
        Ok(_) => PlaceState::Found,
        Err(error) => PlaceState::of_error(&error),
    };
    each(dir, state);
}

/// What in `dir` has a name like `pattern`, in order of name.
fn names(dir: &Path, pattern: &[u8]) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir)?.filter_map(Result::ok);
    let mut paths: Vec<PathBuf> = entries
        .filter(|entry| matches(pattern, entry.file_name().as_bytes()))
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stand_for_what_there_is() {
        let root = tempfile::tempdir().unwrap();
        let path = |relative: &str| root.path().join(relative);
        for dir in [
            "run/x/default",
            "run/x/k8s.io",
            "home/ann/store",
            "srv/bob/store",
        ] {
            fs::create_dir_all(path(dir)).unwrap();
        }
        fs::create_dir_all(path("etc")).unwrap();
        let passwd =
            "bob:x:1001:1001::/srv/bob:/bin/sh\nodd:x:1:1::/../..:/\nann:x:1:1::/home/ann:\n";
        fs::write(path("etc/passwd"), passwd).unwrap();
        let patterns = ["run/x/*", "~/store", "no/*/where", "run"].map(path);
        let mut places = Places::new(root.path(), &patterns);
        let told: Vec<_> = places
            .find()
            .into_iter()
            .map(|place| (place.path, place.state == PlaceState::Found))
            .collect();
        let expected = [
            ("run/x/default", true),
            ("run/x/k8s.io", true),
            ("srv/bob/store", true),
            ("home/ann/store", true),
            ("no/*/where", false),
            ("run", true),
        ];
        assert_eq!(
            told,
            expected.map(|(relative, found)| (path(relative), found))
        );
        fs::create_dir_all(path("home/eve/store")).unwrap();
        assert!(
            places
                .find()
                .iter()
                .any(|place| place.path == path("home/eve/store"))
        );
    }
}
