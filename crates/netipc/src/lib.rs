//! Typed questions between the plugins of a monitoring agent on one host.
#![forbid(unsafe_code)]
