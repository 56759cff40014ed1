//! Enrichers with simulated providers and clocks.

mod keeping;
mod model;
mod scenarios;
mod sim;
