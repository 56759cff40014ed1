//! Shares that a change may not fall below.

use strum::IntoStaticStr;

use crate::row::Row;

/// What a row is held against.
#[derive(Clone, Copy, Debug, Eq, PartialEq, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Of {
    /// Its raw limit.
    Limit,
    /// The stand-in for a deployed peer.
    Deployed,
    /// This program's own client with the same server.
    Own,
    /// The same over a region.
    Region,
}

impl Of {
    /// What reports call it.
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }
}

/// The least share that a row may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Floor {
    /// The row, as [`Row::name`] gives it.
    pub(crate) row: &'static str,
    /// What it is held against.
    pub(crate) of: Of,
    /// The least share.
    pub(crate) share: f64,
}

/// All floors: far enough below what quiet machines reach that only a change for the worse is.
pub(crate) const FLOORS: &[Floor] = &[
    Floor::new("ping socket client", Of::Limit, 0.55),
    Floor::new("ping shm client", Of::Limit, 0.40),
    Floor::new("ping ring client", Of::Limit, 0.06),
    Floor::new("ping socket client", Of::Deployed, 1.0),
    Floor::new("ping shm client", Of::Deployed, 0.9),
    Floor::new("pipeline socket client", Of::Deployed, 1.0),
    Floor::new("snapshot 16 socket client", Of::Limit, 0.45),
    Floor::new("snapshot 16 shm client", Of::Limit, 0.20),
    Floor::new("snapshot 16 socket client", Of::Deployed, 1.0),
    Floor::new("snapshot 16 shm client", Of::Deployed, 0.9),
    Floor::new("ping ring client", Of::Region, 0.95),
    Floor::new("batch ring client", Of::Region, 0.85),
    Floor::new("snapshot 16 ring client", Of::Region, 0.95),
    Floor::new("answer 1048576 ring session", Of::Region, 0.95),
    Floor::new("ping socket client c", Of::Own, 0.85),
    Floor::new("ping shm client c", Of::Own, 0.85),
    Floor::new("ping ring client c", Of::Own, 0.70),
    Floor::new("ping socket client go", Of::Own, 0.65),
    Floor::new("ping shm client go", Of::Own, 0.50),
    Floor::new("ping ring client go", Of::Own, 0.40),
];

impl Floor {
    const fn new(row: &'static str, of: Of, share: f64) -> Self {
        Self { row, of, share }
    }

    /// The share that `row` has.
    pub(crate) fn reached(&self, row: &Row) -> Option<f64> {
        match self.of {
            Of::Limit => row.share_of_limit,
            Of::Deployed => row.share_of_deployed,
            Of::Own => row.share_of_own,
            Of::Region => row.share_of_region,
        }
    }
}

/// The floors under `rows`, each with the share that its row has. A floor whose row was not asked
/// for says nothing.
pub(crate) fn under(rows: &[Row]) -> impl Iterator<Item = (&'static Floor, f64)> + '_ {
    FLOORS.iter().filter_map(|floor| {
        let row = rows.iter().find(|row| row.name() == floor.row)?;
        Some((floor, floor.reached(row)?))
    })
}

/// The rows that have fallen below their floor, in words.
#[must_use]
pub fn fallen(rows: &[Row]) -> Vec<String> {
    let below = under(rows).filter(|(floor, share)| *share < floor.share);
    let words = |(floor, share): (&Floor, f64)| {
        let (least, share) = (floor.share * 100.0, share * 100.0);
        let (row, of) = (floor.row, floor.of.name());
        format!("{row} has {share:.1} % of its {of}, less than {least:.0} %")
    };
    below.map(words).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Case;
    use crate::plan::tests::plan_with_peers;
    use crate::row::{Layer, Scenario, Transport};

    #[test]
    fn every_floor_is_under_a_row() {
        let cases = plan_with_peers().cases();
        for floor in FLOORS {
            let mut rows = cases.iter().flat_map(Case::rows);
            assert!(rows.any(|row| row.name() == floor.row), "{floor:?}");
        }
    }

    #[test]
    fn rows_that_fell_are_told() {
        let row = |share| Row {
            share_of_limit: Some(share),
            ..Row::new(Scenario::Ping, Transport::Socket, Layer::Client, "calls")
        };
        assert!(fallen(&[row(0.9)]).is_empty());
        let fallen = fallen(&[row(0.5)]);
        assert_eq!(
            fallen,
            ["ping socket client has 50.0 % of its limit, less than 55 %"]
        );
        assert_eq!(under(&[]).count(), 0);
    }
}
