//! `netipc/netipc_netdata.h`: where a Netdata agent has its endpoints, and their token.

pub mod agent;

pub use agent::*;
