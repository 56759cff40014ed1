package protocol

import "encoding/binary"

const (
	// HeaderLen is the bytes of a [Header] on the wire.
	HeaderLen = 32
	// HeaderMagic is the first four bytes of a message.
	HeaderMagic uint32 = 0x4e495043
	// HeaderVersion is the version of the envelope.
	HeaderVersion uint16 = 1

	// headerFront is the first 8 bytes of every header: magic, version and length.
	headerFront = uint64(HeaderMagic) | uint64(HeaderVersion)<<32 | HeaderLen<<48
)

var le = binary.LittleEndian

// Header is the 32 bytes in front of every message.
//
//	0      4       6          8    10     12   14     16          20         24           32
//	magic  version header_len kind flags  code status payload_len item_count message_id
type Header struct {
	// Kind is request, response or control.
	Kind Kind
	// Flags tell whether the payload is a batch.
	Flags Flags
	// Code is the method, or the opcode of a control message.
	Code uint16
	// Status is how the request fared; [StatusOK] in a request.
	Status Status
	// PayloadLen is the bytes after this header, in all chunks together.
	PayloadLen uint32
	// ItemCount is the items in a batch, else 1.
	ItemCount uint32
	// MessageID pairs a response with its request. 0 is a legal id.
	MessageID uint64
}

// RequestHeader returns the header of a single request; the session fills in the payload's length.
func RequestHeader(method MethodCode, messageID uint64) Header {
	return Header{Kind: KindRequest, Code: uint16(method), ItemCount: 1, MessageID: messageID}
}

// BatchHeader returns the header of a batch of items requests.
func BatchHeader(method MethodCode, messageID uint64, items uint32) Header {
	h := RequestHeader(method, messageID)
	h.Flags, h.ItemCount = FlagBatch, items
	return h
}

// DecodeHeader reads and checks the front of a packet: length, magic, version, header length, kind,
// in this order, and nothing else. It fails with [ErrTruncated], [ErrBadMagic], [ErrBadVersion],
// [ErrBadHeaderLen] or [ErrBadKind].
func DecodeHeader(packet []byte) (Header, error) {
	var h Header
	if err := h.Decode(packet); err != nil {
		return Header{}, err
	}
	return h, nil
}

// Decode makes it the header that [DecodeHeader] reads, and fails as that does; it stays as it was then.
func (h *Header) Decode(packet []byte) error {
	if len(packet) < HeaderLen {
		return truncated("header", HeaderLen, len(packet))
	}
	b := packet[:HeaderLen]
	// Magic, version and length are always the same.
	kind := Kind(le.Uint16(b[8:]))
	if le.Uint64(b) != headerFront || kind-KindRequest > KindControl-KindRequest {
		return refuseHeader(b)
	}
	h.Kind = kind
	h.Flags = Flags(le.Uint16(b[10:]))
	h.Code = le.Uint16(b[12:])
	h.Status = Status(le.Uint16(b[14:]))
	h.PayloadLen = le.Uint32(b[16:])
	h.ItemCount = le.Uint32(b[20:])
	h.MessageID = le.Uint64(b[24:])
	return nil
}

// refuseHeader tells what is wrong first with a header of which something is.
func refuseHeader(b []byte) error {
	if magic := le.Uint32(b); magic != HeaderMagic {
		return NewWireError(ErrBadMagic, "header magic", uint64(HeaderMagic), uint64(magic))
	}
	if version := le.Uint16(b[4:]); version != HeaderVersion {
		return NewWireError(ErrBadVersion, "header version", uint64(HeaderVersion), uint64(version))
	}
	if length := le.Uint16(b[6:]); length != HeaderLen {
		return NewWireError(ErrBadHeaderLen, "header length", HeaderLen, uint64(length))
	}
	return NewWireError(ErrBadKind, "message kind", uint64(KindControl), uint64(le.Uint16(b[8:])))
}

// Encode writes the header to dst.
func (h *Header) Encode(dst *[HeaderLen]byte) {
	le.PutUint64(dst[0:], headerFront)
	le.PutUint64(dst[8:], uint64(h.Kind)|uint64(h.Flags)<<16|uint64(h.Code)<<32|uint64(h.Status)<<48)
	le.PutUint64(dst[16:], uint64(h.PayloadLen)|uint64(h.ItemCount)<<32)
	le.PutUint64(dst[24:], h.MessageID)
}

// Answer returns the header of the answer to h: in kind when it went well, empty and single
// otherwise.
func (h Header) Answer(status Status) Header {
	h.Kind, h.Status, h.PayloadLen = KindResponse, status, 0
	if status == StatusOK && h.Flags.IsBatch() {
		h.Flags = FlagBatch
	} else {
		h.Flags, h.ItemCount = FlagsNone, 1
	}
	return h
}
