//! Pins the layout of every public type: here against what Rust makes of it, in the headers, which
//! get the same numbers as static assertions, against what the C compiler makes of it. Types that are made of
//! schemas are pinned beside them.

/// Asserts the size of types, and where their public fields are: `name: size { field: offset, .. }`.
macro_rules! layout {
    ($($name:ident: $size:literal { $($field:ident: $offset:literal),* $(,)? })*) => {
        #[cfg(target_pointer_width = "64")]
        const _: () = {
            $(
                assert!(size_of::<$name>() == $size, stringify!($name));
                $(assert!(
                    std::mem::offset_of!($name, $field) == $offset,
                    concat!(stringify!($name), ".", stringify!($field)),
                );)*
            )*
        };
    };
}
pub(crate) use layout;

mod any {
    use crate::any::cache::*;
    use crate::any::enricher::*;
    use crate::any::enricher_format::*;
    use crate::any::enricher_read::*;
    use crate::any::enricher_types::*;
    use crate::any::guard::*;
    use crate::any::lookup::*;
    use crate::any::published::*;
    use crate::any::server::*;
    use crate::any::types::*;

    layout! {
        nipc_bytes_view_t: 16 { ptr: 0, len: 8 }
        nipc_ip_t: 17 { size: 0, bytes: 1 }
        nipc_any_lookup_t: 64 {
            method: 0, layout: 2, exceeded: 4, oversized: 6, min_item_len: 8, check: 16, status: 24,
            answers: 32, bare: 40, typical_item_len: 48, user: 56,
        }
        nipc_any_cached_t: 64 {
            method: 0, key_parts: 2, request: 8, header_len: 24, check: 32, check_item: 40, key: 48,
            user: 56,
        }
        nipc_any_cache_t: 16 {}
        nipc_any_cache_status_t: 56 {
            populated: 0, item_count: 4, duplicates: 8, connection_state: 12,
            refresh_success_count: 16, refresh_failure_count: 24, last_refresh_ts: 32, age_ms: 40,
            bytes: 48,
        }
        nipc_any_cache_guard_t: 40 {}
        nipc_any_enriched_t: 104 {
            lookup: 0, verdict: 64, identity: 72, fixed_size_keys: 80, texts: 88, text_count: 96, labels: 100,
        }
        nipc_any_parts_t: 40 { fixed: 0, labels: 16, label_count: 32, text_count: 36 }
        nipc_enricher_config_t: 32 {
            capacity: 0, intake: 4, batch: 8, retry_ms: 12, retry_most_ms: 16, max_age_ms: 20,
            backoff_first_ms: 24, backoff_most_ms: 28,
        }
        nipc_enricher_t: 16 {}
        nipc_enricher_step_t: 20 { end: 0, asked: 4, answered: 8, waiting: 12, next_ms: 16 }
        nipc_enricher_stats_t: 312 {
            requested: 0, answered: 8, failed: 16, timed_out: 24, given_up: 32, calls: 40, probes: 48,
            hits: 56, stale_hits: 64, misses: 72, evicted_capacity: 136, evicted_age: 144,
            reused: 152, intake_depth: 160, intake_dropped: 168, connects: 176, disconnects: 184,
            connect_failures: 192, entries: 200, pinned: 208, bytes: 216, generation: 224,
            latency: 232, latency_sum_us: 296, world: 304, absent: 308,
        }
        nipc_enricher_found_t: 24 { found: 0, retry_in_ms: 4, answered_ms: 8, stale: 16 }
        nipc_enricher_guard_t: 40 {}
        nipc_published_t: 16 {}
        nipc_published_guard_t: 56 { data: 0, generation: 8 }
        nipc_published_stats_t: 32 { generation: 0, requests: 8, keys: 16, time_us: 24 }
        nipc_any_response_t: 184 { buf: 0, size: 8, len: 16, why: 24 }
        nipc_any_service_handler_t: 24 { handle: 0, method: 8, batches: 10, user: 16 }
    }
}

mod protocol {
    use crate::error::nipc_error_t;
    use crate::protocol::*;

    layout! {
        nipc_error_t: 4 {}
        nipc_lookup_raw_item_t: 16 { ptr: 0, len: 8 }
        nipc_builder_state_t: 208 {}
        nipc_str_view_t: 16 { ptr: 0, len: 8 }
        nipc_lookup_label_view_t: 32 { key: 0, value: 16 }
        nipc_header_t: 32 {
            magic: 0, version: 4, header_len: 6, kind: 8, flags: 10, code: 12, transport_status: 14,
            payload_len: 16, item_count: 20, message_id: 24,
        }
        nipc_chunk_header_t: 32 {
            magic: 0, version: 4, flags: 6, message_id: 8, total_message_len: 16, chunk_index: 20,
            chunk_count: 24, chunk_payload_len: 28,
        }
        nipc_hello_t: 48 {
            layout_version: 0, flags: 2, supported_profiles: 4, preferred_profiles: 8,
            max_request_payload_bytes: 12, max_request_batch_items: 16,
            max_response_payload_bytes: 20, max_response_batch_items: 24, padding: 28,
            auth_token: 32, packet_size: 40,
        }
        nipc_hello_ack_t: 48 {
            layout_version: 0, flags: 2, server_supported_profiles: 4, intersection_profiles: 8,
            selected_profile: 12, agreed_max_request_payload_bytes: 16,
            agreed_max_request_batch_items: 20, agreed_max_response_payload_bytes: 24,
            agreed_max_response_batch_items: 28, agreed_packet_size: 32, padding: 36,
            session_id: 40,
        }
        nipc_batch_entry_t: 8 { offset: 0, length: 4 }
        nipc_batch_builder_t: 216 { error: 0, item_count: 4 }
        nipc_lookup_dir_entry_t: 8 { offset: 0, length: 4 }
        nipc_lookup_label_entry_t: 16 {
            key_offset: 0, key_length: 4, value_offset: 8, value_length: 12,
        }
    }
}

mod service {
    use crate::service::cache::*;
    use crate::service::config::*;
    use crate::service::guard::*;
    use crate::service::log::*;
    use crate::service::managed_server::*;
    use crate::service::origin::*;
    use crate::service::publishing::*;
    use crate::service::stats::*;
    use crate::service::storage::*;
    use crate::service::types::*;
    use crate::service::views::*;

    layout! {
        nipc_client_state_t: 4 {}
        nipc_native_t: 8 {}
        nipc_transport_t: 4 {}
        nipc_log_level_t: 4 {}
        nipc_client_config_t: 48 {
            supported_profiles: 0, preferred_profiles: 4, max_request_payload_bytes: 8,
            max_request_batch_items: 12, max_response_payload_bytes: 16, auth_token: 24,
            call_timeout_ms: 32, max_logical_lookup_items: 36, max_logical_lookup_subcalls: 40,
            max_logical_lookup_response_bytes: 44,
        }
        nipc_server_config_t: 32 {
            supported_profiles: 0, preferred_profiles: 4, max_request_payload_bytes: 8,
            max_request_batch_items: 12, max_response_payload_bytes: 16, auth_token: 24,
        }
        nipc_client_session_t: 40 {
            selected_profile: 0, session_id: 8, max_request_payload_bytes: 16,
            max_request_batch_items: 20, max_response_payload_bytes: 24,
            max_response_batch_items: 28, native: 32,
        }
        nipc_storage_t: 16 {}
        nipc_client_origin_t: 576 {}
        nipc_client_ctx_t: 728 { state: 0, session_valid: 4, session: 8, shm: 48 }
        nipc_client_status_t: 48 {
            state: 0, connect_count: 4, reconnect_count: 8, call_count: 12, error_count: 16,
            retry_count: 20, timeout_count: 24, abort_count: 28, bytes_sent: 32,
            bytes_received: 40,
        }
        nipc_transport_info_t: 40 {
            transport: 0, profile: 4, session_id: 8, max_request_payload_bytes: 16,
            max_request_batch_items: 20, max_response_payload_bytes: 24,
            max_response_batch_items: 28, peer_pid: 32, peer_uid: 36,
        }
        nipc_managed_server_t: 512 {}
        nipc_histogram_t: 96 {
            count: 0, total_ns: 8, le_1ms: 16, le_5ms: 24, le_10ms: 32, le_50ms: 40, le_100ms: 48,
            le_500ms: 56, le_1000ms: 64, p50_ns: 72, p90_ns: 80, p99_ns: 88,
        }
        nipc_data_status_t: 1032 { age_ms: 0, stale: 8 }
        nipc_server_stats_t: 288 {
            sessions_now: 0, sessions_total: 8, sessions_socket: 16, sessions_shm: 24, refused: 32,
            ok: 40, unsupported: 48, bad_envelope: 56, limit_exceeded: 64, internal_error: 72,
            bytes_received: 80, bytes_sent: 88, handler_time: 96, total_time: 192,
        }
        nipc_cgroups_cache_t: 48 { item_count: 0 }
        nipc_cgroups_cache_read_guard_t: 40 {}
        nipc_cgroups_cache_item_view_t: 32 { hash: 0, options: 4, enabled: 8, name: 16, path: 24 }
        nipc_cgroups_cache_item_t: 32 { hash: 0, options: 4, enabled: 8, name: 16, path: 24 }
        nipc_cgroups_cache_status_t: 72 {
            populated: 0, item_count: 4, systemd_enabled: 8, generation: 16,
            refresh_success_count: 24, refresh_failure_count: 28, connection_state: 32,
            last_refresh_ts: 40, age_ms: 48, bytes: 56, duplicates: 64,
        }
    }
}

mod transport {
    use crate::transport::*;

    layout! {
        nipc_message_t: 48 { header: 0, payload: 32, payload_len: 40 }
        nipc_session_info_t: 56 {
            transport: 0, profile: 4, session_id: 8, server_profiles: 16, packet_size: 20,
            max_request_payload_bytes: 24, max_request_batch_items: 28,
            max_response_payload_bytes: 32, max_response_batch_items: 36, window: 40,
            in_flight: 44, peer_pid: 48, peer_uid: 52,
        }
        nipc_session_t: 520 {}
        nipc_listener_t: 520 {}
    }
}
