//! One suite for every link backend and one for every service.
//!
//! A suite is a macro that makes one test per rule of a contract, so that a backend's whole test
//! file is a few lines and a failure names the rule.
#![forbid(unsafe_code)]

pub mod link;
pub mod process;
pub mod service;
