//! Why a provider's sessions go over the socket where shared memory is wanted.

use super::checks::LITTLE;
use super::system::{Limits, free_space, limits};
use crate::inspect::{Endpoint, RunDir};

/// What keeps a provider from making a region.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Obstacle {
    /// It is not configured for shared memory.
    Configuration,
    /// A filter of system calls.
    Filter,
    FullFileSystem,
    FileSize,
    Descriptors,
    Memory,
    /// Nothing that is seen from outside.
    Unknown,
}

impl Obstacle {
    /// As the end of a sentence.
    pub(super) const fn what(self) -> &'static str {
        match self {
            Self::Configuration => "its server is not configured for shared memory",
            Self::Filter => {
                "a filter of system calls (seccomp) forbids its server to make a region"
            }
            Self::FullFileSystem => "its server could not make a region: the file system is full",
            Self::FileSize => "its server may not write files as large as a region (RLIMIT_FSIZE)",
            Self::Descriptors => "its server has no descriptor left for a region",
            Self::Memory => "its server has no memory left for a region",
            Self::Unknown => "its server could not make a region",
        }
    }

    pub(super) const fn advice(self) -> &'static str {
        match self {
            Self::Configuration => "let the server offer shared memory (`--profiles baseline,shm`)",
            Self::Filter => {
                "let its filter (SystemCallFilter= of its unit, the profile of its container) pass fallocate, ftruncate, mmap, and \
                 memfd_create for a ring"
            }
            Self::FullFileSystem => {
                "remove files in the run directory, or make its file system larger"
            }
            Self::FileSize => "start it without that limit (`ulimit -f`, LimitFSIZE= of its unit)",
            Self::Descriptors => "raise that limit (`ulimit -n`, LimitNOFILE= of its unit)",
            Self::Memory => "raise the memory limit of its unit or container, or free memory",
            Self::Unknown => "its log says why, and so do statistics (`netipc serve --stats`)",
        }
    }

    /// By what the provider says of its failures, each a sentence with the words of the system, else by what is seen of its
    /// processes and its run directory.
    pub(super) fn of(told: &[String], dir: &RunDir, endpoint: &Endpoint) -> Self {
        let limits: Vec<Limits> = endpoint
            .listeners
            .iter()
            .map(|server| limits(server.pid))
            .collect();
        let is_filtered = limits.iter().any(|one| one.is_filtered);
        let told = told.iter().find_map(|why| Self::of_words(why, is_filtered));
        told.unwrap_or_else(|| {
            let is_full = free_space(&dir.path)
                .is_some_and(|space| space.free_bytes < LITTLE || space.free_files == Some(0));
            if is_full {
                Self::FullFileSystem
            } else if limits
                .iter()
                .any(|one| one.file_bytes.is_some_and(|most| most < LITTLE))
            {
                Self::FileSize
            } else if limits.iter().any(Limits::are_files_used_up) {
                Self::Descriptors
            } else if is_filtered {
                Self::Filter
            } else {
                Self::Unknown
            }
        })
    }

    /// By the words of the system, in whichever language they were written.
    fn of_words(why: &str, is_filtered: bool) -> Option<Self> {
        let why = why.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|words| why.contains(words));
        let is_refused = says(&[
            "operation not permitted",
            "permission denied",
            "function not implemented",
        ]);
        if is_refused && is_filtered {
            Some(Self::Filter)
        } else if says(&["no space left", "disk quota exceeded"]) {
            Some(Self::FullFileSystem)
        } else if says(&["file too large"]) {
            Some(Self::FileSize)
        } else if says(&["too many open files"]) {
            Some(Self::Descriptors)
        } else if says(&["cannot allocate memory"]) {
            Some(Self::Memory)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_system_tell_the_obstacle() {
        for (why, is_filtered, obstacle) in [
            (
                "x: Operation not permitted (os error 1)",
                true,
                Some(Obstacle::Filter),
            ),
            ("x: function not implemented", true, Some(Obstacle::Filter)),
            ("x: operation not permitted", false, None),
            (
                "x: No space left on device (os error 28)",
                true,
                Some(Obstacle::FullFileSystem),
            ),
            (
                "x: File too large (os error 27)",
                false,
                Some(Obstacle::FileSize),
            ),
            ("x: too many open files", false, Some(Obstacle::Descriptors)),
            (
                "x: Cannot allocate memory (os error 12)",
                false,
                Some(Obstacle::Memory),
            ),
            ("x: something else", true, None),
        ] {
            assert_eq!(Obstacle::of_words(why, is_filtered), obstacle, "{why}");
        }
    }
}
