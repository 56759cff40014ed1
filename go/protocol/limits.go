package protocol

// DirectionLimits is what requests, or responses, may be.
type DirectionLimits struct {
	// PayloadBytes is the bytes of a payload.
	PayloadBytes uint32
	// BatchItems is the items of a batch.
	BatchItems uint32
}

// Limits is what the handshake agreed on, and both sides of a session keep to.
type Limits struct {
	// Request is the limits of requests.
	Request DirectionLimits
	// Response is the limits of responses.
	Response DirectionLimits
	// PacketSize is the bytes of a packet.
	PacketSize uint32
}
