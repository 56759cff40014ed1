//! Which cells there are.

use std::fmt;

use netipc::protocol::{PROFILE_BASELINE, PROFILE_SHM_FUTEX, PROFILE_SHM_HYBRID, PROFILE_SHM_RING};

use crate::case::{CASES, Case, Door};
use crate::language::Language;
use crate::platform::Platform;

/// How the data of a cell moves.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Transport {
    /// The packet socket.
    Socket,
    /// The named pipe of Windows.
    Pipe,
    /// Shared memory, profile 0x02.
    ShmHybrid,
    /// Shared memory, profile 0x04.
    ShmFutex,
    /// Shared memory of Windows, profile 0x04.
    ShmBusyWait,
    /// The ring, profile 0x10.
    ShmRing,
}

impl Transport {
    /// The profile that a session must have selected.
    #[must_use]
    pub const fn profile(self) -> u32 {
        match self {
            Self::Socket | Self::Pipe => PROFILE_BASELINE,
            Self::ShmHybrid => PROFILE_SHM_HYBRID,
            Self::ShmFutex | Self::ShmBusyWait => PROFILE_SHM_FUTEX,
            Self::ShmRing => PROFILE_SHM_RING,
        }
    }

    /// What peers call it.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Socket | Self::Pipe => "socket",
            Self::ShmHybrid | Self::ShmFutex | Self::ShmBusyWait | Self::ShmRing => "shm",
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Socket => "socket",
            Self::Pipe => "pipe",
            Self::ShmHybrid => "shm 0x02",
            Self::ShmFutex | Self::ShmBusyWait => "shm 0x04",
            Self::ShmRing => "ring 0x10",
        })
    }
}

/// A column of the table: who asks whom, over what.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Column {
    /// How the data moves.
    pub transport: Transport,
    /// Who asks.
    pub client: Language,
    /// Who answers.
    pub server: Language,
}

impl Column {
    /// Every column of a platform, in the order of the table.
    pub fn all(platform: &'static Platform) -> impl Iterator<Item = Self> {
        let pairs = || {
            let servers = |client| Language::ALL.map(|server| (client, server));
            Language::ALL.into_iter().flat_map(servers)
        };
        platform.transports.iter().flat_map(move |transport| {
            pairs().map(move |(client, server)| Self {
                transport: *transport,
                client,
                server,
            })
        })
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}, {}", self.client, self.server, self.transport)
    }
}

/// One thing to try.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// What.
    pub case: &'static Case,
    /// How the client comes to its session.
    pub door: Door,
    /// Between whom.
    pub column: Column,
}

impl Cell {
    /// Everything there is to try in a column.
    pub fn of(column: Column) -> impl Iterator<Item = Self> {
        let cells = move |case: &'static Case| {
            let cell = move |door: &Door| Self {
                case,
                door: *door,
                column,
            };
            case.doors.iter().map(cell)
        };
        CASES.iter().flat_map(cells)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}, {}", self.case.name, self.door.name(), self.column)
    }
}

/// Every cell of a platform whose name has one of `texts` in it. No texts: every cell.
#[must_use]
pub fn cells(platform: &'static Platform, texts: &[impl AsRef<str>]) -> Vec<Cell> {
    let mut cells: Vec<_> = Column::all(platform).flat_map(Cell::of).collect();
    cells.retain(|cell| {
        let name = cell.to_string();
        texts.is_empty() || texts.iter().any(|text| name.contains(text.as_ref()))
    });
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::PLATFORMS;

    const NO_TEXTS: &[&str] = &[];

    #[test]
    fn no_combination_is_left_out() {
        for platform in &PLATFORMS {
            let all = cells(platform, NO_TEXTS);
            let doors: usize = CASES.iter().map(|case| case.doors.len()).sum();
            let pairs = Language::ALL.len().pow(2);
            assert_eq!(all.len(), doors * pairs * platform.transports.len());
            for (index, cell) in all.iter().enumerate() {
                assert!(!all[..index].contains(cell), "{cell} is there twice");
            }
            let one = "increment batch of 16, rust -> rust, shm 0x04";
            let nothing = "nothing is called that";
            assert_eq!(cells(platform, &[one]).len(), 1, "{}", platform.name);
            assert_eq!(cells(platform, &[nothing]), []);
            let another = "provider restarts, rust -> rust, shm 0x04";
            let some = cells(platform, &[another, nothing, one, one]);
            assert_eq!(some.len(), 2, "each once, in the order of the table");
        }
        for case in CASES {
            assert!(case.doors.contains(&Door::Open), "{}", case.name);
        }
    }
}
