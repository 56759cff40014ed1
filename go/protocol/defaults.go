package protocol

// The limits that an unconfigured client or server has, as integrators know them.
const (
	// MaxPayloadDefault is the bytes of a request payload that a client proposes first.
	MaxPayloadDefault = 1024
	// MaxPayloadCap is the bytes of a request payload that automatic growth stops at, and the maximum of a
	// server.
	MaxPayloadCap = 1024 * 1024
	// MaxResponsePayloadCap is the bytes of a response payload that automatic growth stops at, and the
	// maximum of a server: a snapshot of some 57,000 cgroups of Kubernetes.
	MaxResponsePayloadCap = 16 * 1024 * 1024
	// DefaultResponseBytes is the bytes of a response payload that a client asks for first, and that an
	// unconfigured server grants every client.
	DefaultResponseBytes = 65_536
	// DefaultResponseCeiling is the bytes of a response payload that a client lets a server decide
	// on.
	DefaultResponseCeiling = 64 * 1024 * 1024
	// DefaultBatchItemsCap is the items of a batch that automatic growth stops at, and the maximum
	// of a server: as many as fit MaxPayloadCap with their directory entries.
	DefaultBatchItemsCap = MaxPayloadCap / 16
	// DefaultCallTimeoutMs is the milliseconds that a whole call may take.
	DefaultCallTimeoutMs = 30_000
	// DefaultLookupItems is the keys of a logical lookup.
	DefaultLookupItems = 65_536
	// DefaultLookupSubcalls is the requests that a logical lookup may be split into.
	DefaultLookupSubcalls = 4_096
	// DefaultLookupBytes is the bytes of a stitched reply.
	DefaultLookupBytes = 64 * 1024 * 1024
	// DefaultHandshakeTimeoutMs is the milliseconds that a handshake may take, on either side.
	DefaultHandshakeTimeoutMs = 2_000
	// DefaultWorkers is the sessions that a server runs at once.
	DefaultWorkers = 8
)
