//! `netipc/netipc_protocol.h`: bytes, for those who frame messages themselves, and the views and
//! builders that calls and handlers use.
