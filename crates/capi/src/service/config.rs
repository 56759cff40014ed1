//! What C configures, and how it names an endpoint.

#![expect(unsafe_code, reason = "strings and structs of C are read here")]

use std::borrow::Cow;
use std::ffi::{CStr, c_char};
use std::path::Path;
use std::time::Duration;

use netipc::protocol::{
    DEFAULT_CALL_TIMEOUT_MS, DEFAULT_LOOKUP_BYTES, DEFAULT_LOOKUP_ITEMS, DEFAULT_LOOKUP_SUBCALLS,
    DEFAULT_RESPONSE_BYTES,
};
use netipc::{ClientConfig, ServerConfig};

use crate::border::{shared, string};
use crate::error::CodeResult;
use crate::platform;

/// Milliseconds that a whole call may take where nothing is configured.
pub const NIPC_CLIENT_CALL_TIMEOUT_DEFAULT_MS: u32 = 30_000;
/// Keys of one lookup call where nothing is configured.
pub const NIPC_LOGICAL_LOOKUP_ITEMS_DEFAULT: u32 = 65_536;
/// Requests that one lookup call is split into at most, where nothing is configured.
pub const NIPC_LOGICAL_LOOKUP_SUBCALLS_DEFAULT: u32 = 4096;
/// Bytes of the whole answer to one lookup call where nothing is configured.
pub const NIPC_LOGICAL_LOOKUP_RESPONSE_BYTES_DEFAULT: u32 = 67_108_864;
/// Bytes of an answer that a client without configuration has room for at first; it grows.
pub const NIPC_CGROUPS_CACHE_BUF_SIZE_DEFAULT: u32 = 65_536;

/// None of the numbers is made up here.
const _: () = {
    assert!(NIPC_CLIENT_CALL_TIMEOUT_DEFAULT_MS == DEFAULT_CALL_TIMEOUT_MS);
    assert!(NIPC_LOGICAL_LOOKUP_ITEMS_DEFAULT == DEFAULT_LOOKUP_ITEMS);
    assert!(NIPC_LOGICAL_LOOKUP_SUBCALLS_DEFAULT == DEFAULT_LOOKUP_SUBCALLS);
    assert!(NIPC_LOGICAL_LOOKUP_RESPONSE_BYTES_DEFAULT == DEFAULT_LOOKUP_BYTES);
    assert!(NIPC_CGROUPS_CACHE_BUF_SIZE_DEFAULT == DEFAULT_RESPONSE_BYTES);
};

/// How a client connects and calls. Zero in a field means the default that its comment names, so
/// that a zeroed struct is a good start.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct nipc_client_config_t {
    /// Profiles to offer, NIPC_PROFILE_* bits; 0 is NIPC_PROFILE_BASELINE alone.
    pub supported_profiles: u32,
    /// Profiles to prefer, NIPC_PROFILE_* bits; 0 is no preference, and does not mean the baseline.
    pub preferred_profiles: u32,
    /// Most bytes of a request payload; 0 starts at NIPC_MAX_PAYLOAD_DEFAULT and grows as needed up
    /// to NIPC_MAX_PAYLOAD_CAP.
    pub max_request_payload_bytes: u32,
    /// Most items of a request batch; 0 starts at 1 and grows as needed up to 65536.
    pub max_request_batch_items: u32,
    /// Most bytes of a response payload; 0 starts at 65536 and grows as needed up to
    /// NIPC_MAX_RESPONSE_PAYLOAD_CAP.
    pub max_response_payload_bytes: u32,
    /// The shared secret of the endpoint.
    pub auth_token: u64,
    /// Milliseconds that a whole call may take, retries included; 0 is 30000.
    pub call_timeout_ms: u32,
    /// Most keys of one lookup call; 0 is 65536.
    pub max_logical_lookup_items: u32,
    /// Most requests that one lookup call may be split into; 0 is 4096.
    pub max_logical_lookup_subcalls: u32,
    /// Most bytes of the whole answer to one lookup call; 0 is 64 MiB.
    pub max_logical_lookup_response_bytes: u32,
}

/// How a server accepts and answers. Zero in a field means the default that its comment names.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct nipc_server_config_t {
    /// Profiles to offer, NIPC_PROFILE_* bits; 0 is NIPC_PROFILE_BASELINE alone.
    pub supported_profiles: u32,
    /// Profiles to prefer, NIPC_PROFILE_* bits; 0 is no preference, and does not mean the baseline.
    pub preferred_profiles: u32,
    /// Most bytes of a request payload; 0 accepts up to NIPC_MAX_PAYLOAD_CAP.
    pub max_request_payload_bytes: u32,
    /// Most items of a request batch; 0 accepts as many as fit the payload.
    pub max_request_batch_items: u32,
    /// Most bytes of a response payload; 0 answers what clients ask for, up to
    /// NIPC_MAX_RESPONSE_PAYLOAD_CAP.
    pub max_response_payload_bytes: u32,
    /// The shared secret of the endpoint.
    pub auth_token: u64,
}

impl nipc_client_config_t {
    /// Every default.
    pub(crate) const ZERO: Self = Self {
        supported_profiles: 0,
        preferred_profiles: 0,
        max_request_payload_bytes: 0,
        max_request_batch_items: 0,
        max_response_payload_bytes: 0,
        auth_token: 0,
        call_timeout_ms: 0,
        max_logical_lookup_items: 0,
        max_logical_lookup_subcalls: 0,
        max_logical_lookup_response_bytes: 0,
    };
}

impl From<nipc_client_config_t> for ClientConfig {
    fn from(config: nipc_client_config_t) -> Self {
        Self {
            supported_profiles: config.supported_profiles,
            preferred_profiles: config.preferred_profiles,
            max_request_payload_bytes: config.max_request_payload_bytes,
            max_request_batch_items: config.max_request_batch_items,
            max_response_payload_bytes: config.max_response_payload_bytes,
            auth_token: config.auth_token,
            call_timeout_ms: config.call_timeout_ms,
            max_logical_lookup_items: config.max_logical_lookup_items,
            max_logical_lookup_subcalls: config.max_logical_lookup_subcalls,
            max_logical_lookup_response_bytes: config.max_logical_lookup_response_bytes,
        }
    }
}

impl From<nipc_server_config_t> for ServerConfig {
    fn from(config: nipc_server_config_t) -> Self {
        Self {
            supported_profiles: config.supported_profiles,
            preferred_profiles: config.preferred_profiles,
            max_request_payload_bytes: config.max_request_payload_bytes,
            max_request_batch_items: config.max_request_batch_items,
            max_response_payload_bytes: config.max_response_payload_bytes,
            auth_token: config.auth_token,
        }
    }
}

/// How long a whole call may take: `timeout_ms` milliseconds, where 0 is the default.
#[inline]
pub(crate) const fn call_timeout(timeout_ms: u32) -> Duration {
    let given = if timeout_ms == 0 {
        DEFAULT_CALL_TIMEOUT_MS
    } else {
        timeout_ms
    };
    Duration::from_millis(given as u64)
}

/// How C names an endpoint. Whether there can be such a one is for the library to say.
#[derive(Clone, Debug)]
pub(crate) struct EndpointName<'a> {
    pub(crate) run_dir: Cow<'a, Path>,
    pub(crate) service: Cow<'a, str>,
}

impl<'a> EndpointName<'a> {
    /// # Safety
    /// As for [`string`], for both.
    pub(crate) unsafe fn new(run_dir: *const c_char, service: *const c_char) -> CodeResult<Self> {
        // SAFETY: the caller's promise is that of `string`.
        let run_dir = unsafe { string(run_dir) }?;
        // SAFETY: the caller's promise is that of `string`.
        let service = unsafe { string(service) }?;
        Ok(Self::of(run_dir, service))
    }

    pub(crate) fn of(run_dir: &'a CStr, service: &'a CStr) -> Self {
        Self {
            run_dir: platform::path(run_dir),
            service: service.to_string_lossy(),
        }
    }
}

/// A configuration, where NULL is the default.
///
/// # Safety
/// As for [`shared`].
pub(crate) unsafe fn config<C: Copy, T: From<C> + Default>(config: *const C) -> CodeResult<T> {
    if config.is_null() {
        return Ok(T::default());
    }
    // SAFETY: the caller's promise is that of `shared`.
    unsafe { shared(config) }.map(|config| (*config).into())
}
