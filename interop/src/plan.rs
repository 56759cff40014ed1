//! Which cells there are.

use std::fmt;

use netipc::protocol::{PROFILE_BASELINE, PROFILE_SHM_FUTEX, PROFILE_SHM_HYBRID};

use crate::case::{CASES, Case};
use crate::language::Language;

/// How the data of a cell moves.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Transport {
    /// The packet socket.
    Socket,
    /// Shared memory, profile 0x02.
    ShmHybrid,
    /// Shared memory, profile 0x04.
    ShmFutex,
}

impl Transport {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 3] = [Self::Socket, Self::ShmHybrid, Self::ShmFutex];

    /// The profile that a session must have selected.
    #[must_use]
    pub const fn profile(self) -> u32 {
        match self {
            Self::Socket => PROFILE_BASELINE,
            Self::ShmHybrid => PROFILE_SHM_HYBRID,
            Self::ShmFutex => PROFILE_SHM_FUTEX,
        }
    }

    /// What peers call it.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Socket => "socket",
            Self::ShmHybrid | Self::ShmFutex => "shm",
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Socket => "socket",
            Self::ShmHybrid => "shm 0x02",
            Self::ShmFutex => "shm 0x04",
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
    /// Every column, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        let pairs = || {
            let servers = |client| Language::ALL.map(|server| (client, server));
            Language::ALL.into_iter().flat_map(servers)
        };
        Transport::ALL.into_iter().flat_map(move |transport| {
            pairs().map(move |(client, server)| Self {
                transport,
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
    /// Between whom.
    pub column: Column,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.case.name, self.column)
    }
}

/// Every cell whose name has `text` in it.
#[must_use]
pub fn cells(text: &str) -> Vec<Cell> {
    let column = |column| CASES.iter().map(move |case| Cell { case, column });
    let mut cells: Vec<_> = Column::all().flat_map(column).collect();
    cells.retain(|cell| cell.to_string().contains(text));
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_combination_is_left_out() {
        let all = cells("");
        let languages = Language::ALL.len();
        assert_eq!(
            all.len(),
            languages * languages * Transport::ALL.len() * CASES.len()
        );
        for (index, cell) in all.iter().enumerate() {
            assert!(!all[..index].contains(cell), "{cell} is there twice");
        }
        assert_eq!(
            cells("increment batch of 16, rust -> rust, shm 0x04").len(),
            1
        );
        assert_eq!(cells("nothing is called that"), []);
    }
}
