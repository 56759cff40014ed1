package protocol

import "encoding/binary"

const (
	// HeaderLen is the bytes of a [Header] on the wire.
	HeaderLen = 32
	// HeaderMagic is the first four bytes of a message.
	HeaderMagic uint32 = 0x4e495043
	// HeaderVersion is the version of the envelope.
	HeaderVersion uint16 = 1
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
	if len(packet) < HeaderLen {
		return Header{}, truncated("header", HeaderLen, len(packet))
	}
	b := packet[:HeaderLen]
	if magic := le.Uint32(b); magic != HeaderMagic {
		return Header{}, NewWireError(ErrBadMagic, "header magic", uint64(HeaderMagic), uint64(magic))
	}
	if version := le.Uint16(b[4:]); version != HeaderVersion {
		return Header{}, NewWireError(ErrBadVersion, "header version", uint64(HeaderVersion), uint64(version))
	}
	if length := le.Uint16(b[6:]); length != HeaderLen {
		return Header{}, NewWireError(ErrBadHeaderLen, "header length", HeaderLen, uint64(length))
	}
	kind := Kind(le.Uint16(b[8:]))
	if kind < KindRequest || kind > KindControl {
		return Header{}, NewWireError(ErrBadKind, "message kind", uint64(KindControl), uint64(kind))
	}
	return Header{
		Kind:       kind,
		Flags:      Flags(le.Uint16(b[10:])),
		Code:       le.Uint16(b[12:]),
		Status:     Status(le.Uint16(b[14:])),
		PayloadLen: le.Uint32(b[16:]),
		ItemCount:  le.Uint32(b[20:]),
		MessageID:  le.Uint64(b[24:]),
	}, nil
}

// Encode writes the header to dst.
func (h *Header) Encode(dst *[HeaderLen]byte) {
	le.PutUint32(dst[0:], HeaderMagic)
	le.PutUint16(dst[4:], HeaderVersion)
	le.PutUint16(dst[6:], HeaderLen)
	le.PutUint16(dst[8:], uint16(h.Kind))
	le.PutUint16(dst[10:], uint16(h.Flags))
	le.PutUint16(dst[12:], h.Code)
	le.PutUint16(dst[14:], uint16(h.Status))
	le.PutUint32(dst[16:], h.PayloadLen)
	le.PutUint32(dst[20:], h.ItemCount)
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
