//! Enrichers with simulated providers and clocks.

mod keeping;
mod logging;
mod model;
mod plain;
mod scenarios;
mod sim;
mod steps;
