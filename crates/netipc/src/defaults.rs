//! What 0 in a configuration means, and limits that nobody configures.

/// Bytes of a request payload that an unconfigured client proposes first.
pub const MAX_PAYLOAD_DEFAULT: u32 = 1024;
/// Bytes of a request payload that automatic growth stops at, and the maximum of an unconfigured
/// server.
pub const MAX_PAYLOAD_CAP: u32 = 1024 * 1024;
/// Bytes of a response payload that automatic growth stops at, and the maximum of an unconfigured
/// server: a snapshot of some 57,000 cgroups of Kubernetes.
pub const MAX_RESPONSE_PAYLOAD_CAP: u32 = 16 * 1024 * 1024;
/// Bytes of a response payload that an unconfigured client asks for first, and that an unconfigured
/// server grants every client.
pub const DEFAULT_RESPONSE_BYTES: u32 = 65_536;
/// Bytes of a response payload that a client lets a server decide on.
pub const DEFAULT_RESPONSE_CEILING: u32 = 64 * 1024 * 1024;
/// Items of a batch that automatic growth stops at, and the maximum of an unconfigured server: as
/// many as fit [`MAX_PAYLOAD_CAP`] with their directory entries.
pub const DEFAULT_BATCH_ITEMS_CAP: u32 = MAX_PAYLOAD_CAP / 16;
/// Milliseconds that a whole call may take.
pub const DEFAULT_CALL_TIMEOUT_MS: u32 = 30_000;
/// Keys of a logical lookup.
pub const DEFAULT_LOOKUP_ITEMS: u32 = 65_536;
/// Requests that a logical lookup may be split into.
pub const DEFAULT_LOOKUP_SUBCALLS: u32 = 4_096;
/// Bytes of a stitched reply.
pub const DEFAULT_LOOKUP_BYTES: u32 = 64 * 1024 * 1024;
/// Milliseconds that a handshake may take, on either side.
pub const DEFAULT_HANDSHAKE_TIMEOUT_MS: u32 = 2_000;
/// Sessions that a server runs at once.
pub const DEFAULT_WORKERS: usize = 8;
