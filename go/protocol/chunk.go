package protocol

const (
	// ChunkHeaderLen is the bytes of a [ChunkHeader] on the wire: the same as those of the envelope,
	// so that a packet's data always starts at the same place.
	ChunkHeaderLen = HeaderLen
	// ChunkMagic is the first four bytes of a packet that continues a message.
	ChunkMagic uint32 = 0x4e43484b
)

// ChunkHeader is the 32 bytes in front of every packet of a message but the first.
//
//	0      4       6      8           16                 20           24           28                 32
//	magic  version flags  message_id  total_message_len  chunk_index  chunk_count  chunk_payload_len
type ChunkHeader struct {
	// MessageID is that of the message.
	MessageID uint64
	// TotalMessageLen is the bytes of the whole message, its header included and chunk headers not.
	TotalMessageLen uint32
	// ChunkIndex is 1 for the first continuation.
	ChunkIndex uint32
	// ChunkCount is the packets of the message, the first included.
	ChunkCount uint32
	// ChunkPayloadLen is the bytes of data in this packet.
	ChunkPayloadLen uint32
}

// DecodeChunkHeader reads a chunk header. It fails with [ErrTruncated], [ErrBadMagic],
// [ErrBadVersion], or [ErrBadLayout] for flags.
func DecodeChunkHeader(packet []byte) (ChunkHeader, error) {
	if len(packet) < ChunkHeaderLen {
		return ChunkHeader{}, truncated("chunk header", ChunkHeaderLen, len(packet))
	}
	b := packet[:ChunkHeaderLen]
	if magic := le.Uint32(b); magic != ChunkMagic {
		return ChunkHeader{}, NewWireError(ErrBadMagic, "chunk magic", uint64(ChunkMagic), uint64(magic))
	}
	if version := le.Uint16(b[4:]); version != HeaderVersion {
		return ChunkHeader{}, NewWireError(ErrBadVersion, "chunk version", uint64(HeaderVersion), uint64(version))
	}
	if flags := le.Uint16(b[6:]); flags != 0 {
		return ChunkHeader{}, layout("chunk flags", 0, uint64(flags))
	}
	return ChunkHeader{
		MessageID:       le.Uint64(b[8:]),
		TotalMessageLen: le.Uint32(b[16:]),
		ChunkIndex:      le.Uint32(b[20:]),
		ChunkCount:      le.Uint32(b[24:]),
		ChunkPayloadLen: le.Uint32(b[28:]),
	}, nil
}

// Encode writes the header to dst.
func (c *ChunkHeader) Encode(dst *[ChunkHeaderLen]byte) {
	le.PutUint32(dst[0:], ChunkMagic)
	le.PutUint16(dst[4:], HeaderVersion)
	le.PutUint16(dst[6:], 0)
	le.PutUint64(dst[8:], c.MessageID)
	le.PutUint32(dst[16:], c.TotalMessageLen)
	le.PutUint32(dst[20:], c.ChunkIndex)
	le.PutUint32(dst[24:], c.ChunkCount)
	le.PutUint32(dst[28:], c.ChunkPayloadLen)
}

// Expect fails with [ErrBadLayout] unless every field is that of want, and names the first that
// differs.
func (c ChunkHeader) Expect(want ChunkHeader) error {
	switch {
	case c == want:
		return nil
	case c.MessageID != want.MessageID:
		return layout("chunk message_id", want.MessageID, c.MessageID)
	case c.TotalMessageLen != want.TotalMessageLen:
		return layout("chunk total_message_len", uint64(want.TotalMessageLen), uint64(c.TotalMessageLen))
	case c.ChunkIndex != want.ChunkIndex:
		return layout("chunk_index", uint64(want.ChunkIndex), uint64(c.ChunkIndex))
	case c.ChunkCount != want.ChunkCount:
		return layout("chunk_count", uint64(want.ChunkCount), uint64(c.ChunkCount))
	default:
		return layout("chunk_payload_len", uint64(want.ChunkPayloadLen), uint64(c.ChunkPayloadLen))
	}
}
