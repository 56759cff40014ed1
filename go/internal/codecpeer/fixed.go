package codecpeer

import "github.com/netipc/netipc/go/protocol"

func encodeHeader(in *words, out *line) error {
	h := protocol.Header{
		Kind:       protocol.Kind(in.u16()),
		Flags:      protocol.Flags(in.u16()),
		Code:       in.u16(),
		Status:     protocol.Status(in.u16()),
		PayloadLen: in.u32(),
		ItemCount:  in.u32(),
		MessageID:  in.u64(),
	}
	var dst [protocol.HeaderLen]byte
	h.Encode(&dst)
	out.bytes(dst[:])
	return nil
}

func decodeHeader(in *words, out *line) error {
	h, err := protocol.DecodeHeader(in.bytes())
	out.numbers(
		uint64(h.Kind), uint64(h.Flags), uint64(h.Code), uint64(h.Status),
		uint64(h.PayloadLen), uint64(h.ItemCount), h.MessageID,
	)
	return err
}

func encodeChunk(in *words, out *line) error {
	c := protocol.ChunkHeader{
		MessageID:       in.u64(),
		TotalMessageLen: in.u32(),
		ChunkIndex:      in.u32(),
		ChunkCount:      in.u32(),
		ChunkPayloadLen: in.u32(),
	}
	var dst [protocol.ChunkHeaderLen]byte
	c.Encode(&dst)
	out.bytes(dst[:])
	return nil
}

func decodeChunk(in *words, out *line) error {
	c, err := protocol.DecodeChunkHeader(in.bytes())
	out.numbers(
		c.MessageID, uint64(c.TotalMessageLen), uint64(c.ChunkIndex), uint64(c.ChunkCount),
		uint64(c.ChunkPayloadLen),
	)
	return err
}

func encodeHello(in *words, out *line) error {
	h := protocol.Hello{
		LayoutVersion:           in.u16(),
		Flags:                   in.u16(),
		Supported:               protocol.Profiles(in.u32()),
		Preferred:               protocol.Profiles(in.u32()),
		MaxRequestPayloadBytes:  in.u32(),
		MaxRequestBatchItems:    in.u32(),
		MaxResponsePayloadBytes: in.u32(),
		MaxResponseBatchItems:   in.u32(),
		Padding:                 in.u32(),
		AuthToken:               in.u64(),
		PacketSize:              in.u32(),
	}
	var dst [protocol.HelloLen]byte
	h.Encode(&dst)
	out.bytes(dst[:])
	return nil
}

func decodeHello(in *words, out *line) error {
	h, err := protocol.DecodeHello(in.bytes())
	out.numbers(
		uint64(h.LayoutVersion), uint64(h.Flags), uint64(h.Supported), uint64(h.Preferred),
		uint64(h.MaxRequestPayloadBytes), uint64(h.MaxRequestBatchItems),
		uint64(h.MaxResponsePayloadBytes), uint64(h.MaxResponseBatchItems),
		uint64(h.Padding), h.AuthToken, uint64(h.PacketSize),
	)
	return err
}

func encodeHelloAck(in *words, out *line) error {
	h := protocol.HelloAck{
		LayoutVersion:           in.u16(),
		Flags:                   in.u16(),
		Supported:               protocol.Profiles(in.u32()),
		Intersection:            protocol.Profiles(in.u32()),
		Selected:                protocol.Profiles(in.u32()),
		MaxRequestPayloadBytes:  in.u32(),
		MaxRequestBatchItems:    in.u32(),
		MaxResponsePayloadBytes: in.u32(),
		MaxResponseBatchItems:   in.u32(),
		PacketSize:              in.u32(),
		SessionID:               in.u64(),
	}
	var dst [protocol.HelloAckLen]byte
	h.Encode(&dst)
	out.bytes(dst[:])
	return nil
}

func decodeHelloAck(in *words, out *line) error {
	h, err := protocol.DecodeHelloAck(in.bytes())
	out.numbers(
		uint64(h.LayoutVersion), uint64(h.Flags), uint64(h.Supported), uint64(h.Intersection),
		uint64(h.Selected), uint64(h.MaxRequestPayloadBytes), uint64(h.MaxRequestBatchItems),
		uint64(h.MaxResponsePayloadBytes), uint64(h.MaxResponseBatchItems),
		uint64(h.PacketSize), h.SessionID,
	)
	return err
}
