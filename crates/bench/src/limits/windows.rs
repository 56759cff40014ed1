//! What Windows allows besides copies: nothing of it is measured.

use std::io;

use super::RawTask;
use crate::driver::Driver;
use crate::error::BenchError;
use crate::measure::BoxedOp;

/// Whether two processes exchange anything here.
pub(super) const EXCHANGES: bool = false;

pub(super) fn open(_task: RawTask) -> Result<(BoxedOp, Driver), BenchError> {
    Err(BenchError::NoLimit("an exchange".to_owned()))
}

pub(super) fn answer(_task: &RawTask) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
