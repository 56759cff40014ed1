package connection

import (
	"context"
	"slices"

	driver "github.com/netipc/netipc/go/internal/connection"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// Connection is a session with one peer: send messages, receive messages, over whatever was negotiated.
//
// It is used by one goroutine at a time, Close included; an abort or a context ends its waits from
// outside. Several requests may be in flight over a socket, a pipe or a ring; shared memory of the other
// profiles carries one, and refuses the next with [transport.ErrBusy]. Messages longer than a packet are sent in chunks and put
// together behind the scenes.
//
// After an error, [Connection.IsOver] tells whether the session is over. Where it is not, nothing was
// sent, or nothing is lost of what is being received: call again.
type Connection struct {
	driver *driver.Connection
	// Raised by the context of a call.
	cancelled transport.Abort
	// Where batches are written.
	batch []byte
}

// Message is a whole message.
type Message struct {
	// Header is its header.
	Header protocol.Header
	// Payload is its payload, of all chunks. It is good until the connection receives again.
	Payload []byte
	// Batch is the items of its payload, where it is a batch that is answered well.
	Batch protocol.Packed
}

// Agreed is what both sides know when the handshake is over.
type Agreed struct {
	// Profile is the one profile of the session.
	Profile protocol.Profiles
	// Limits is the limits of the session, and the size of its packets.
	Limits protocol.Limits
	// SessionID is the server's number for the session.
	SessionID uint64
	// ServerSupported are the profiles that the server can use.
	ServerSupported protocol.Profiles
}

// Connect connects to service in runDir and shakes hands.
//
// It fails with a [*transport.EndpointError], a [*transport.ConnectError], an error of the link as
// [transport.ErrTimeout], a [*HandshakeError], or a [*transport.AttachError].
func Connect(runDir, service string, config ClientConfig, wait transport.Wait) (*Connection, error) {
	endpoint, err := transport.NewEndpoint(runDir, service)
	if err != nil {
		return nil, err
	}
	backend := transportOrNative(config.Transport, config.Logger)
	opened, err := driver.Connect(backend, endpoint, config.proposal(backend), wait)
	if err != nil {
		return nil, err
	}
	return &Connection{driver: opened}, nil
}

// ConnectContext is [Connect], for as long as ctx allows.
func ConnectContext(ctx context.Context, runDir, service string, config ClientConfig) (*Connection, error) {
	return ofContext(ctx, func(wait transport.Wait) (*Connection, error) {
		return Connect(runDir, service, config, wait)
	})
}

// Send sends payload behind header, whose PayloadLen is filled in. A client sends requests
// ([protocol.RequestHeader], [protocol.BatchHeader]) with ids that it chooses, a server answers
// ([protocol.Header.Answer]), in any order.
//
// It fails with a [*SessionError] or an error of the link. Where the session goes on, nothing was sent.
func (c *Connection) Send(header protocol.Header, payload []byte, wait transport.Wait) error {
	return c.driver.Send(header, payload, wait)
}

// SendContext is [Connection.Send], for as long as ctx allows.
func (c *Connection) SendContext(ctx context.Context, header protocol.Header, payload []byte) error {
	return c.during(ctx, func(wait transport.Wait) error { return c.Send(header, payload, wait) })
}

// SendBatch sends items as one request; header is that of [protocol.RequestHeader], or of
// [protocol.Header.Answer] where they are the answers to a batch. It fails as [Connection.Send] does, and
// with a [*protocol.WireError] where there are no items.
func (c *Connection) SendBatch(header protocol.Header, items [][]byte, wait transport.Wait) error {
	size := protocol.BatchLen(items)
	c.batch = slices.Grow(c.batch[:0], size)[:size]
	size, err := protocol.EncodeBatch(c.batch, items)
	if err != nil {
		return err
	}
	header.Flags, header.ItemCount = protocol.FlagBatch, uint32(len(items))
	return c.Send(header, c.batch[:size], wait)
}

// Receive receives the next message; its payload is good until the next call.
//
// It fails with a [*SessionError] or an error of the link. A wait that ends loses nothing: the next call
// goes on with the message.
func (c *Connection) Receive(wait transport.Wait) (Message, error) {
	message, err := c.driver.Receive(wait)
	return Message(message), err
}

// ReceiveContext is [Connection.Receive], for as long as ctx allows.
func (c *Connection) ReceiveContext(ctx context.Context) (Message, error) {
	var message Message
	err := c.during(ctx, func(wait transport.Wait) (err error) {
		message, err = c.Receive(wait)
		return err
	})
	return message, err
}

// AnswerViolation sends what a server owes for the request whose broken rule is err, where the contract
// has an answer, and makes sure that it arrives before the connection is closed. It tells the status that
// was sent. The session has ended.
func (c *Connection) AnswerViolation(err error, wait transport.Wait) (protocol.Status, bool) {
	return c.driver.AnswerViolation(err, wait)
}

// SendPacket sends head and body as one packet, whatever they are, with no look at the rules of the
// session: for tests of peers. Over shared memory a packet is a whole message. The session does not know
// of it: who sends packets receives packets.
func (c *Connection) SendPacket(head, body []byte, wait transport.Wait) error {
	return c.driver.SendPacket(head, body, wait)
}

// ReceivePacket receives one packet into buf, with no look at the rules of the session; it returns the
// packet's full length. What does not fit is dropped.
func (c *Connection) ReceivePacket(buf []byte, wait transport.Wait) (int, error) {
	return c.driver.ReceivePacket(buf, wait)
}

// Check looks whether the peer is still there, at once and without consuming data. It fails with
// [transport.ErrDisconnected] or [transport.ErrReset].
func (c *Connection) Check() error { return c.driver.Check() }

// Linger makes sure that the last message arrives, before the connection is closed. It takes at most
// 100 ms.
func (c *Connection) Linger() { c.driver.Linger() }

// IsOver tells whether the session is over.
func (c *Connection) IsOver() bool { return c.driver.IsOver() }

// Fail ends the session; it returns the ids of the requests that got no answer.
func (c *Connection) Fail() []uint64 { return c.driver.Fail() }

// Agreed returns what the handshake agreed on.
func (c *Connection) Agreed() Agreed { return Agreed(c.driver.Agreed()) }

// Limits returns the limits that both sides keep, and the size of a packet.
func (c *Connection) Limits() protocol.Limits { return c.driver.Limits() }

// Info returns what really carries the data, and who is at the other end.
func (c *Connection) Info() transport.LinkInfo { return c.driver.Info() }

// WaitObject returns what an event loop can watch, or [transport.NoWaitObject]. It is ready when a
// message or a hang-up waits, on a socket or a pipe; over shared memory it shows hang-ups only. Being
// ready is a hint: receive with [transport.Timeout] of 0.
func (c *Connection) WaitObject() transport.WaitObject { return c.driver.WaitObject() }

// Close ends the connection. Closing again does nothing.
func (c *Connection) Close() error {
	c.cancelled.Close()
	return c.driver.Close()
}
