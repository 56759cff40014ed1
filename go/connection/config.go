package connection

import (
	"fmt"
	"log/slog"

	"github.com/netipc/netipc/go/internal/native"
	"github.com/netipc/netipc/go/internal/session/handshake"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// ClientConfig is what a client proposes. 0 means the named default; nothing grows at this level.
type ClientConfig struct {
	// SupportedProfiles are the profiles to offer, as bits; 0 is the baseline.
	SupportedProfiles uint32
	// PreferredProfiles are the profiles to prefer, as bits; 0 is no preference, and does not mean
	// the baseline.
	PreferredProfiles uint32
	// MaxRequestPayloadBytes is the most bytes of a request payload; 0 is 1024.
	MaxRequestPayloadBytes uint32
	// MaxRequestBatchItems is the most items of a batch; 0 is 1.
	MaxRequestBatchItems uint32
	// MaxResponsePayloadBytes is the bytes of a response payload to ask for; 0 is 1024. The server decides.
	MaxResponsePayloadBytes uint32
	// AuthToken is the shared secret of the endpoint.
	AuthToken uint64
	// Transport is how the endpoint is reached; nil is the platform's own.
	Transport transport.Transport
	// Logger takes what the platform's own transport tells; nil is [slog.Default].
	Logger *slog.Logger
}

// String shows everything but the secret.
func (c ClientConfig) String() string {
	type plain ClientConfig
	c.AuthToken = 0
	return fmt.Sprintf("%+v", plain(c))
}

// GoString shows everything but the secret.
func (c ClientConfig) GoString() string { return "connection.ClientConfig" + c.String() }

// ServerConfig is what a server decides by in a handshake. 0 means the named default.
type ServerConfig struct {
	// SupportedProfiles are the profiles to offer, as bits; 0 is the baseline.
	SupportedProfiles uint32
	// PreferredProfiles are the profiles to prefer, as bits; 0 is no preference, and does not mean
	// the baseline.
	PreferredProfiles uint32
	// MaxRequestPayloadBytes is the most bytes of a request payload; 0 accepts up to 1 MiB.
	MaxRequestPayloadBytes uint32
	// MaxRequestBatchItems is the most items of a request batch; 0 accepts up to 65,536.
	MaxRequestBatchItems uint32
	// MaxResponsePayloadBytes is the most bytes of a response payload; 0 grants clients what they
	// propose, up to [protocol.MaxPayloadCap].
	MaxResponsePayloadBytes uint32
	// AuthToken is the shared secret of the endpoint.
	AuthToken uint64
	// Listen is the backlog, and who may connect.
	Listen transport.BindOptions
	// Transport is how the endpoint is reached; nil is the platform's own.
	Transport transport.Transport
	// Logger takes what the platform's own transport tells; nil is [slog.Default].
	Logger *slog.Logger
}

// String shows everything but the secret.
func (c ServerConfig) String() string {
	type plain ServerConfig
	c.AuthToken = 0
	return fmt.Sprintf("%+v", plain(c))
}

// GoString shows everything but the secret.
func (c ServerConfig) GoString() string { return "connection.ServerConfig" + c.String() }

// proposal is the HELLO over backend. The packet size is the link's.
func (c *ClientConfig) proposal(backend transport.Transport) handshake.Proposal {
	items := or(c.MaxRequestBatchItems, 1)
	offered := supported(backend, c.SupportedProfiles)
	return handshake.Proposal{
		Supported: offered,
		Preferred: protocol.Profiles(c.PreferredProfiles) & offered,
		Request: protocol.DirectionLimits{
			PayloadBytes: or(c.MaxRequestPayloadBytes, protocol.MaxPayloadDefault), BatchItems: items,
		},
		Response: protocol.DirectionLimits{
			PayloadBytes: or(c.MaxResponsePayloadBytes, protocol.MaxPayloadDefault), BatchItems: items,
		},
		AuthToken:       c.AuthToken,
		ResponseCeiling: max(c.MaxResponsePayloadBytes, protocol.DefaultResponseCeiling),
	}
}

// policy is what a server over backend decides by. The packet size is the link's.
func (c *ServerConfig) policy(backend transport.Transport) handshake.Policy {
	return handshake.Policy{
		Supported: supported(backend, c.SupportedProfiles),
		Preferred: protocol.Profiles(c.PreferredProfiles),
		Request: protocol.DirectionLimits{
			PayloadBytes: or(c.MaxRequestPayloadBytes, protocol.MaxPayloadCap),
			BatchItems:   or(c.MaxRequestBatchItems, protocol.DefaultBatchItemsCap),
		},
		MaxResponseBytes: or(c.MaxResponsePayloadBytes, protocol.MaxPayloadCap),
		AuthToken:        c.AuthToken,
	}
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

func transportOrNative(t transport.Transport, logger *slog.Logger) transport.Transport {
	if t != nil {
		return t
	}
	if logger == nil {
		logger = slog.Default()
	}
	return native.New(logger)
}
