package service

import (
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/netipc/netipc/go/internal/native"
	"github.com/netipc/netipc/go/internal/session"
	"github.com/netipc/netipc/go/internal/session/handshake"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// ClientConfig is how a client connects and calls. One type for every service; 0 means the named
// default.
type ClientConfig struct {
	// SupportedProfiles are the profiles to offer, as bits; 0 is the baseline.
	SupportedProfiles uint32
	// PreferredProfiles are the profiles to prefer, as bits; 0 is no preference, and does not mean
	// the baseline.
	PreferredProfiles uint32
	// MaxRequestPayloadBytes is the most bytes of a request payload; 0 starts at 1024 and grows up to
	// 1 MiB as needed.
	MaxRequestPayloadBytes uint32
	// MaxRequestBatchItems is the most items of a request batch; 0 starts at 1 and grows up to 65,536
	// as needed.
	MaxRequestBatchItems uint32
	// MaxResponsePayloadBytes is the most bytes of a response payload; 0 starts at 65,536 and grows
	// up to 16 MiB as needed.
	MaxResponsePayloadBytes uint32
	// AuthToken is the shared secret of the endpoint.
	AuthToken uint64
	// CallTimeoutMs is the milliseconds that a whole call may take; 0 is 30,000.
	CallTimeoutMs uint32
	// MaxLogicalLookupItems is the most keys of a logical lookup; 0 is 65,536.
	MaxLogicalLookupItems uint32
	// MaxLogicalLookupSubcalls is the most requests that a logical lookup may be split into; 0 is
	// 4,096.
	MaxLogicalLookupSubcalls uint32
	// MaxLogicalLookupResponseBytes is the most bytes of the reply, merged from all requests; 0 is 64 MiB.
	MaxLogicalLookupResponseBytes uint32
	// Transport is how the endpoint is reached; nil is the platform's own.
	Transport transport.Transport
	// Logger takes the events of the client; nil is [slog.Default].
	Logger *slog.Logger
}

// String shows everything but the secret.
func (c ClientConfig) String() string {
	type plain ClientConfig
	c.AuthToken = 0
	return fmt.Sprintf("%+v", plain(c))
}

// GoString shows everything but the secret.
func (c ClientConfig) GoString() string { return "service.ClientConfig" + c.String() }

// ServerConfig is how a server accepts and answers. 0 means the named default.
type ServerConfig struct {
	// SupportedProfiles are the profiles to offer, as bits; 0 is the baseline.
	SupportedProfiles uint32
	// PreferredProfiles are the profiles to prefer, as bits; 0 is no preference, and does not mean
	// the baseline.
	PreferredProfiles uint32
	// MaxRequestPayloadBytes is the most bytes of a request payload; 0 accepts up to 1 MiB.
	MaxRequestPayloadBytes uint32
	// MaxRequestBatchItems is the most items of a request batch; 0 accepts as many as fit the payload.
	MaxRequestBatchItems uint32
	// MaxResponsePayloadBytes is the most bytes of a response payload; 0 grants clients at least 65,536
	// bytes, and up to 16 MiB where they propose it. A server with another maximum grants at least 1024.
	MaxResponsePayloadBytes uint32
	// AuthToken is the shared secret of the endpoint.
	AuthToken uint64
	// Listen is the backlog, who may connect, and sockets that a service manager has opened.
	Listen transport.BindOptions
	// PublishStats lets others on this host read the server's statistics while it runs: at the endpoint of
	// [StatsService], for those who may connect to the server itself, one JSON object for each connection.
	// Where that endpoint cannot be had, as while a server that this one takes over from still has it, the server
	// runs without, logs why, and tries again until it has it.
	PublishStats bool
	// DataStatus tells of the data that is served, whenever somebody reads the statistics; nil is nothing.
	DataStatus func() DataStatus
	// Transport is how the endpoint is reached; nil is the platform's own.
	Transport transport.Transport
	// Logger takes the events of the server; nil is [slog.Default].
	Logger *slog.Logger
}

// String shows everything but the secret.
func (c ServerConfig) String() string {
	type plain ServerConfig
	c.AuthToken = 0
	return fmt.Sprintf("%+v", plain(c))
}

// GoString shows everything but the secret.
func (c ServerConfig) GoString() string { return "service.ServerConfig" + c.String() }

// capacity is what a session may carry, as a client proposes it.
type capacity struct {
	requestBytes, batchItems, responseBytes uint32
}

// ofRequest is what a request of so many bytes and items needs.
func ofRequest(bytes int, items uint32) capacity {
	return capacity{requestBytes: clamp(bytes), batchItems: items}
}

// holds tells whether it carries a request that needs needed.
func (c capacity) holds(needed capacity) bool {
	return needed.requestBytes <= c.requestBytes && needed.batchItems <= c.batchItems
}

// clientOptions is a client's configuration with every default filled in.
type clientOptions struct {
	supported, preferred protocol.Profiles
	authToken            uint64
	// What to propose first, and what never to propose more than.
	initial, ceiling capacity
	// The largest response limit that a server may decide on.
	responsePolicy uint32
	lookup         lookupLimits
}

// lookupLimits is what one logical lookup may take.
type lookupLimits struct{ keys, subcalls, bytes int }

func newClientOptions(c *ClientConfig, backend transport.Transport) clientOptions {
	request, items, response := c.MaxRequestPayloadBytes, c.MaxRequestBatchItems, c.MaxResponsePayloadBytes
	return clientOptions{
		supported: supported(backend, c.SupportedProfiles),
		preferred: protocol.Profiles(c.PreferredProfiles),
		authToken: c.AuthToken,
		initial: capacity{
			requestBytes:  or(request, protocol.MaxPayloadDefault),
			batchItems:    or(items, 1),
			responseBytes: or(response, protocol.DefaultResponseBytes),
		},
		ceiling: capacity{
			requestBytes:  or(request, protocol.MaxPayloadCap),
			batchItems:    or(items, protocol.DefaultBatchItemsCap),
			responseBytes: or(response, protocol.MaxResponsePayloadCap),
		},
		responsePolicy: max(response, protocol.DefaultResponseCeiling),
		lookup: lookupLimits{
			keys:     int(or(c.MaxLogicalLookupItems, protocol.DefaultLookupItems)),
			subcalls: int(or(c.MaxLogicalLookupSubcalls, protocol.DefaultLookupSubcalls)),
			bytes:    int(or(c.MaxLogicalLookupResponseBytes, protocol.DefaultLookupBytes)),
		},
	}
}

// proposal is the HELLO for a session of capacity c over one of the offered profiles.
func (o *clientOptions) proposal(c capacity, offered protocol.Profiles) handshake.Proposal {
	return handshake.Proposal{
		Supported:       offered,
		Preferred:       o.preferred & offered,
		Request:         session.DirectionLimits{PayloadBytes: c.requestBytes, BatchItems: c.batchItems},
		Response:        session.DirectionLimits{PayloadBytes: c.responseBytes, BatchItems: c.batchItems},
		AuthToken:       o.authToken,
		ResponseCeiling: o.responsePolicy,
	}
}

// policy is what a server over backend decides by in a handshake.
func (c *ServerConfig) policy(backend transport.Transport) handshake.Policy {
	minResponse := uint32(handshake.MinResponseBytes)
	if c.MaxResponsePayloadBytes == 0 {
		// Deployed clients hint at less than they then ask for.
		minResponse = protocol.DefaultResponseBytes
	}
	return handshake.Policy{
		Supported: supported(backend, c.SupportedProfiles),
		Preferred: protocol.Profiles(c.PreferredProfiles),
		Request: session.DirectionLimits{
			PayloadBytes: or(c.MaxRequestPayloadBytes, protocol.MaxPayloadCap),
			BatchItems:   or(c.MaxRequestBatchItems, math.MaxUint32),
		},
		MinResponseBytes: minResponse,
		MaxResponseBytes: or(c.MaxResponsePayloadBytes, protocol.MaxResponsePayloadCap),
		AuthToken:        c.AuthToken,
	}
}

// callTimeout is a configured number of milliseconds, where 0 is the default.
func callTimeout(ms uint32) time.Duration {
	return time.Duration(or(ms, protocol.DefaultCallTimeoutMs)) * time.Millisecond
}

// supported is what to offer: of the configured profiles those that the transport has.
func supported(backend transport.Transport, configured uint32) protocol.Profiles {
	var has uint32
	for _, profile := range backend.Profiles() {
		has |= profile.Bit
	}
	return protocol.Profiles(or(configured, protocol.ProfileBaseline) & has)
}

// or is configured, or fallback where that is 0.
func or(configured, fallback uint32) uint32 {
	if configured == 0 {
		return fallback
	}
	return configured
}

// NativeTransport returns the platform's own transport, which tells log what it did and could not do; on
// platforms that have none, one that says so.
func NativeTransport(log *slog.Logger) transport.Transport { return native.New(loggerOrDefault(log)) }

func transportOrNative(t transport.Transport, logger *slog.Logger) transport.Transport {
	if t == nil {
		return NativeTransport(logger)
	}
	return t
}

func loggerOrDefault(logger *slog.Logger) *slog.Logger {
	if logger == nil {
		return slog.Default()
	}
	return logger
}

// clamp is n as a number of the wire, which ends at 4 GiB.
func clamp(n int) uint32 { return uint32(min(uint64(max(n, 0)), 1<<32-1)) }
