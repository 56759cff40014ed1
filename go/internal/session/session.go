// Package session turns messages into packets and packets into messages, and holds both sides to the
// rules of the protocol. It does no input or output and reads no clock.
package session

import "github.com/netipc/netipc/go/protocol"

// Role is which side of a session this is.
type Role uint8

const (
	// RoleClient sends requests and receives responses.
	RoleClient Role = iota
	// RoleServer receives requests and sends responses.
	RoleServer
)

// Framing is how messages lie in packets.
type Framing uint8

const (
	// FramingChunked cuts a message longer than the agreed packet size into chunks.
	FramingChunked Framing = iota
	// FramingWhole: one packet is one message, whatever its length.
	FramingWhole
)

// DirectionLimits is what one direction may carry.
type DirectionLimits = protocol.DirectionLimits

// Limits is what the handshake agreed on.
type Limits = protocol.Limits

// Message is a whole message.
type Message struct {
	// Header is its header.
	Header protocol.Header
	// Payload is its payload, of all chunks. It is good until the session takes the next packet.
	Payload []byte
	// Batch is the items of its payload, where it is a batch that is answered well.
	Batch protocol.Packed
}

// Session is the protocol state of one connection after the handshake.
//
//   - Work goes out of Send: send its packets in order, before anything else.
//   - Events go in at Received, after a packet was written to what Space gave. It tells whether the
//     packet completes a message, which Message gives.
//   - An error of Received ends the session. It may name an answer to send first: [Error.Answer]. An
//     error of Send leaves the session as it was.
//   - When the session or its link ends, Fail tells which requests got no answer.
type Session struct {
	limits  Limits
	role    Role
	framing Framing
	// What this role sends, and what it receives.
	sends, receives protocol.Kind
	// The limits of what it sends, and of what it receives.
	outgoing, incoming DirectionLimits
	// Whether a broken rule or [Session.Fail] ended it.
	ended bool
	// Whether the last packet completed a message, and whether more packets of one are to come.
	complete, partial bool
	inFlight          inFlight
	// Header and payload of the message that came last, or is coming.
	buffer []byte
	last   Message
	// The message that is coming, while partial.
	reassembly reassembly
}

// New starts a session after the handshake. limits.PacketSize is above 32, as every handshake makes
// sure.
func New(role Role, limits Limits, framing Framing) *Session {
	s := &Session{
		role: role, limits: limits, framing: framing,
		sends: protocol.KindRequest, receives: protocol.KindResponse,
		outgoing: limits.Request, incoming: limits.Response,
	}
	if role == RoleServer {
		s.sends, s.receives = s.receives, s.sends
		s.outgoing, s.incoming = s.incoming, s.outgoing
	}
	first := uint64(s.incoming.PayloadBytes)
	if framing == FramingChunked {
		first = min(first, uint64(s.dataBytes()))
	}
	s.buffer = make([]byte, protocol.HeaderLen+first)
	return s
}

// Limits returns what was agreed.
func (s *Session) Limits() Limits { return s.limits }

// InFlight returns how many requests have no answer yet.
func (s *Session) InFlight() int { return s.inFlight.len() }

// Send returns the packets that carry payload behind header, whose PayloadLen is filled in here.
//
// It fails with [ErrKind] for what this role does not send, [ErrLimitExceeded] before a byte leaves,
// and [ErrDuplicateMessageID]; none harms the session.
func (s *Session) Send(header protocol.Header, payload []byte) (Packets, error) {
	if err := s.Begin(&header, len(payload)); err != nil {
		return Packets{}, err
	}
	return s.Packets(&header, payload), nil
}

// Begin is the part of [Session.Send] that makes no packets: it fills in the header's PayloadLen, and is followed by
// [Session.Packets] or by sending the header and its payload as one packet. It fails as Send does.
func (s *Session) Begin(header *protocol.Header, payload int) error {
	if s.ended {
		return errEnded
	}
	if header.Kind != s.sends {
		return kindError(s.sends, *header)
	}
	header.PayloadLen = uint32(min(uint64(payload), 1<<32-1))
	outgoing := s.outgoing
	if s.role == RoleServer && !header.Flags.IsBatch() {
		// An answer that is no batch has one item, also where the client takes no batches at all.
		outgoing.BatchItems = max(outgoing.BatchItems, 1)
	}
	if !isWithin(outgoing, header) {
		return beyond(outgoing, header)
	}
	if s.role == RoleClient && !s.inFlight.insert(header.MessageID) {
		return &Error{Kind: ErrDuplicateMessageID, Header: *header}
	}
	return nil
}

// Packets returns the packets that carry payload behind header, once it has begun.
func (s *Session) Packets(header *protocol.Header, payload []byte) Packets {
	budget := len(payload)
	if s.framing == FramingChunked {
		budget = s.dataBytes()
	}
	return newPackets(*header, payload, budget)
}

// Retract takes a request back that its link refused to send.
func (s *Session) Retract(messageID uint64) { s.inFlight.remove(messageID) }

// Space returns where the next packet goes. A further chunk of a message goes where its data joins what
// has come, so that its header overwrites the end of that, which [Session.Received] puts back:
//
//	header | payload so far ........ | data of the chunk
//	                  | chunk header |
func (s *Session) Space() []byte {
	if s.partial {
		return s.buffer[s.reassembly.filled:]
	}
	return s.buffer
}

// Received takes the packet of size bytes that was written to [Session.Space], or whose front was
// where it is longer; it tells whether that completes a message. An error says which rule the peer
// broke, and the session has ended then.
func (s *Session) Received(size int) (bool, error) {
	if s.ended {
		return false, errEnded
	}
	s.complete = false
	err := s.takePacket(size)
	if err != nil {
		s.ended = true
		return false, err
	}
	return s.complete, nil
}

// Message returns the message that the last packet completed, until the next one comes.
func (s *Session) Message() (Message, bool) {
	if !s.complete {
		return Message{}, false
	}
	return s.last, true
}

// Last is [Session.Message] without a copy, after [Session.Received] has told of a message.
func (s *Session) Last() *Message { return &s.last }

// Fail ends the session; it returns the ids of the requests that got no answer.
func (s *Session) Fail() []uint64 {
	s.ended = true
	return s.inFlight.removeAll()
}

func (s *Session) takePacket(size int) error {
	if s.framing == FramingChunked && uint64(size) > uint64(s.limits.PacketSize) {
		return packetError("packet size", uint64(s.limits.PacketSize), uint64(size))
	}
	if s.partial {
		done, err := s.reassembly.addChunk(s.buffer, size)
		if err != nil || !done {
			return err
		}
		s.partial, s.last.Header = false, s.reassembly.header
	} else if done, err := s.firstPacket(size); err != nil || !done {
		return err
	}
	header := &s.last.Header
	end := protocol.HeaderLen + uint64(header.PayloadLen)
	s.last.Payload = s.buffer[protocol.HeaderLen:end:end]
	s.last.Batch = protocol.Packed{}
	if header.Flags.IsBatch() {
		if err := s.checkBatch(); err != nil {
			return err
		}
	}
	s.complete = true
	if s.role == RoleClient {
		s.inFlight.remove(header.MessageID)
	}
	return nil
}

// firstPacket checks a packet that starts a message, in the order of the contract; it tells whether
// that is all of it.
func (s *Session) firstPacket(size int) (bool, error) {
	header := &s.last.Header
	if err := header.Decode(s.buffer[:min(size, protocol.HeaderLen)]); err != nil {
		return false, &Error{Kind: ErrEnvelope, Cause: err}
	}
	if header.Kind != s.receives {
		return false, kindError(s.receives, *header)
	}
	if !isWithin(s.incoming, header) {
		return false, beyond(s.incoming, header)
	}
	if s.role == RoleClient && !s.inFlight.contains(header.MessageID) {
		return false, &Error{Kind: ErrUnknownMessageID, Header: *header}
	}
	payload, data := uint64(header.PayloadLen), uint64(size-protocol.HeaderLen)
	if data > payload {
		return false, packetError("packet data", payload, data)
	}
	if data == payload {
		return true, nil
	}
	return false, s.startReassembly(*header, data)
}

func (s *Session) startReassembly(header protocol.Header, data uint64) error {
	payload := uint64(header.PayloadLen)
	whole := protocol.HeaderLen + payload
	if s.framing == FramingWhole {
		return packetError("message length", whole, protocol.HeaderLen+data)
	}
	if uint64(len(s.buffer)) < whole {
		// As long as needed and no more: what doubling would add is beyond the agreed limit.
		grown := make([]byte, whole)
		copy(grown, s.buffer)
		s.buffer = grown
	}
	count := chunkCount(payload-data, uint64(s.dataBytes()))
	s.partial = true
	s.reassembly = reassembly{header: header, filled: data, next: 1, count: count}
	s.reassembly.saveOverwritten(s.buffer)
	return nil
}

// checkBatch checks the directory of the last message, a batch.
func (s *Session) checkBatch() error {
	header := &s.last.Header
	if header.Status != protocol.StatusOK && s.role == RoleClient {
		return nil
	}
	if header.ItemCount == 0 {
		none := protocol.NewWireError(protocol.ErrBadItemCount, "batch", 1, 0)
		return &Error{Kind: ErrBatch, Header: *header, Cause: none}
	}
	batch, err := protocol.ParsePacked(s.last.Payload, 0, header.ItemCount, protocol.BatchRules)
	if err != nil {
		return &Error{Kind: ErrBatch, Header: *header, Cause: err}
	}
	s.last.Batch = batch
	return nil
}

// IsOnePacket tells whether a payload of so many bytes is sent as one packet.
func (s *Session) IsOnePacket(payload int) bool {
	return s.framing == FramingWhole || payload <= s.dataBytes()
}

// dataBytes returns the bytes of data in a full packet.
func (s *Session) dataBytes() int { return int(s.limits.PacketSize) - protocol.HeaderLen }

// isWithin tells whether a message keeps to the limits of its direction.
func isWithin(d DirectionLimits, header *protocol.Header) bool {
	return header.PayloadLen <= d.PayloadBytes && header.ItemCount <= d.BatchItems
}

// beyond tells which limit of its direction a message does not keep to.
func beyond(d DirectionLimits, header *protocol.Header) error {
	if header.PayloadLen > d.PayloadBytes {
		return limitError("payload_len", header.PayloadLen, d.PayloadBytes, header)
	}
	return limitError("item_count", header.ItemCount, d.BatchItems, header)
}
