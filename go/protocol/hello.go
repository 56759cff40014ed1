package protocol

const (
	// HelloLen is the bytes of a [Hello] on the wire.
	HelloLen = 44
	// HelloAckLen is the bytes of a [HelloAck] on the wire.
	HelloAckLen = 48
	// HelloLayout is the version of both layouts.
	HelloLayout uint16 = 1
)

// Hello is what a client proposes, in the 44 bytes after the envelope of its first packet.
type Hello struct {
	// LayoutVersion is the version of this layout: 1.
	LayoutVersion uint16
	// Flags: no flag is defined.
	Flags uint16
	// Supported are the profiles that the client can use.
	Supported Profiles
	// Preferred are the profiles that it would rather use.
	Preferred Profiles
	// MaxRequestPayloadBytes is a proposal that the server takes or refuses.
	MaxRequestPayloadBytes uint32
	// MaxRequestBatchItems is the items of the largest request batch.
	MaxRequestBatchItems uint32
	// MaxResponsePayloadBytes is a hint; the server decides.
	MaxResponsePayloadBytes uint32
	// MaxResponseBatchItems is there for symmetry.
	MaxResponseBatchItems uint32
	// Padding is zero.
	Padding uint32
	// AuthToken is the shared secret of the endpoint.
	AuthToken uint64
	// PacketSize is the bytes of the largest packet.
	PacketSize uint32
}

// DecodeHello reads every field and judges none: what to refuse, and how, is the handshake's
// decision. It fails with [ErrTruncated] only.
func DecodeHello(payload []byte) (Hello, error) {
	if len(payload) < HelloLen {
		return Hello{}, truncated("hello", HelloLen, len(payload))
	}
	b := payload[:HelloLen]
	return Hello{
		LayoutVersion:           le.Uint16(b[0:]),
		Flags:                   le.Uint16(b[2:]),
		Supported:               Profiles(le.Uint32(b[4:])),
		Preferred:               Profiles(le.Uint32(b[8:])),
		MaxRequestPayloadBytes:  le.Uint32(b[12:]),
		MaxRequestBatchItems:    le.Uint32(b[16:]),
		MaxResponsePayloadBytes: le.Uint32(b[20:]),
		MaxResponseBatchItems:   le.Uint32(b[24:]),
		Padding:                 le.Uint32(b[28:]),
		AuthToken:               le.Uint64(b[32:]),
		PacketSize:              le.Uint32(b[40:]),
	}, nil
}

// Encode writes the proposal to dst.
func (h *Hello) Encode(dst *[HelloLen]byte) {
	le.PutUint16(dst[0:], h.LayoutVersion)
	le.PutUint16(dst[2:], h.Flags)
	le.PutUint32(dst[4:], uint32(h.Supported))
	le.PutUint32(dst[8:], uint32(h.Preferred))
	le.PutUint32(dst[12:], h.MaxRequestPayloadBytes)
	le.PutUint32(dst[16:], h.MaxRequestBatchItems)
	le.PutUint32(dst[20:], h.MaxResponsePayloadBytes)
	le.PutUint32(dst[24:], h.MaxResponseBatchItems)
	le.PutUint32(dst[28:], h.Padding)
	le.PutUint64(dst[32:], h.AuthToken)
	le.PutUint32(dst[40:], h.PacketSize)
}

// HelloAck is what a server has decided, in the 48 bytes after the envelope of its first packet.
type HelloAck struct {
	// LayoutVersion is the version of this layout: 1.
	LayoutVersion uint16
	// Flags: no flag is defined.
	Flags uint16
	// Supported are the profiles that the server can use.
	Supported Profiles
	// Intersection are the profiles that both can use.
	Intersection Profiles
	// Selected is the one profile of the session.
	Selected Profiles
	// MaxRequestPayloadBytes is the bytes of the largest request payload.
	MaxRequestPayloadBytes uint32
	// MaxRequestBatchItems is the items of the largest request batch.
	MaxRequestBatchItems uint32
	// MaxResponsePayloadBytes is the bytes of the largest response payload.
	MaxResponsePayloadBytes uint32
	// MaxResponseBatchItems is the items of the largest response batch.
	MaxResponseBatchItems uint32
	// PacketSize is the bytes of the largest packet.
	PacketSize uint32
	// SessionID is the server's number for the session.
	SessionID uint64
}

// HelloRefusal returns the payload of a refusal: zero but for the layout.
func HelloRefusal() HelloAck { return HelloAck{LayoutVersion: HelloLayout} }

// DecodeHelloAck reads every field and judges none; the padding is not looked at. It fails with
// [ErrTruncated] only.
func DecodeHelloAck(payload []byte) (HelloAck, error) {
	if len(payload) < HelloAckLen {
		return HelloAck{}, truncated("hello_ack", HelloAckLen, len(payload))
	}
	b := payload[:HelloAckLen]
	return HelloAck{
		LayoutVersion:           le.Uint16(b[0:]),
		Flags:                   le.Uint16(b[2:]),
		Supported:               Profiles(le.Uint32(b[4:])),
		Intersection:            Profiles(le.Uint32(b[8:])),
		Selected:                Profiles(le.Uint32(b[12:])),
		MaxRequestPayloadBytes:  le.Uint32(b[16:]),
		MaxRequestBatchItems:    le.Uint32(b[20:]),
		MaxResponsePayloadBytes: le.Uint32(b[24:]),
		MaxResponseBatchItems:   le.Uint32(b[28:]),
		PacketSize:              le.Uint32(b[32:]),
		SessionID:               le.Uint64(b[40:]),
	}, nil
}

// Encode writes the decision to dst.
func (h *HelloAck) Encode(dst *[HelloAckLen]byte) {
	le.PutUint16(dst[0:], h.LayoutVersion)
	le.PutUint16(dst[2:], h.Flags)
	le.PutUint32(dst[4:], uint32(h.Supported))
	le.PutUint32(dst[8:], uint32(h.Intersection))
	le.PutUint32(dst[12:], uint32(h.Selected))
	le.PutUint32(dst[16:], h.MaxRequestPayloadBytes)
	le.PutUint32(dst[20:], h.MaxRequestBatchItems)
	le.PutUint32(dst[24:], h.MaxResponsePayloadBytes)
	le.PutUint32(dst[28:], h.MaxResponseBatchItems)
	le.PutUint32(dst[32:], h.PacketSize)
	le.PutUint32(dst[36:], 0)
	le.PutUint64(dst[40:], h.SessionID)
}
