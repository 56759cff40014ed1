//! What Windows allows besides copies: nothing of it is measured.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::case::{Case, Ready};
use crate::error::BenchError;
use crate::row::Transport;

pub(super) const CASES: &[Case] = &[];

/// What two processes exchange: there is none.
#[derive(Clone, Copy, Debug)]
pub(super) enum Exchange {}

impl Exchange {
    pub(super) const fn transport(self) -> Transport {
        match self {}
    }

    pub(super) const fn lot(self) -> u64 {
        match self {}
    }

    pub(super) fn looks(self) -> bool {
        match self {}
    }

    pub(super) fn is_word(self) -> bool {
        match self {}
    }

    pub(super) fn open(self, _dir: &Path) -> Result<Ready, BenchError> {
        match self {}
    }
}

/// What the other process does for an exchange.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub enum RawTask {}

impl RawTask {
    pub(super) fn perform(self) -> io::Result<()> {
        match self {}
    }
}
