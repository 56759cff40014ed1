// Package connection is the one driver that joins a session to a link, for both sides.
package connection

import (
	"errors"

	"github.com/netipc/netipc/go/internal/session"
	"github.com/netipc/netipc/go/internal/session/handshake"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// Connection is a session with one peer: send messages, receive messages, over whatever was
// negotiated.
//
// It is used by one goroutine at a time, Close included; an abort ends its waits from outside. Any
// error but a refusal to send ([IsRefusal]) ends it.
type Connection struct {
	session *session.Session
	link    transport.Link
	agreed  handshake.Agreed
	// The head of the packet that is being sent: here, so that sending allocates nothing.
	head [protocol.HeaderLen]byte
}

// Connect connects to endpoint and shakes hands. The packet size is the link's, whatever p says.
//
// It fails with what the transport's Connect fails with, a link's error, a [*handshake.Error] or a
// [*transport.AttachError].
func Connect(t transport.Transport, endpoint transport.Endpoint, p handshake.Proposal, w transport.Wait) (*Connection, error) {
	link, err := t.Connect(endpoint, w)
	if err != nil {
		return nil, err
	}
	p.PacketSize = link.PacketSize()
	agreed, err := shakeHands(link, &p, w)
	if err != nil {
		_ = link.Close()
		return nil, err
	}
	attached, err := link.Attach(plan(&agreed, p.AuthToken), w)
	if err != nil {
		return nil, err
	}
	return open(session.RoleClient, attached, agreed), nil
}

func open(role session.Role, link transport.Link, agreed handshake.Agreed) *Connection {
	framing := session.FramingChunked
	if link.Info().WholeMessages {
		framing = session.FramingWhole
	}
	return &Connection{
		session: session.New(role, agreed.Limits, framing),
		link:    link,
		agreed:  agreed,
	}
}

// Send sends payload behind header, in as many packets as it takes. Where the error is a refusal
// ([IsRefusal]), nothing was sent.
func (c *Connection) Send(header protocol.Header, payload []byte, w transport.Wait) error {
	packets, err := c.session.Send(header, payload)
	if err != nil {
		return err
	}
	body, _ := packets.Next(&c.head)
	if err := c.link.Send(c.head[:], body, w); err != nil {
		if isUnsent(err) {
			c.session.Retract(header.MessageID)
		}
		return err
	}
	for packets.Len() > 0 {
		body, _ := packets.Next(&c.head)
		if err := c.link.Send(c.head[:], body, w); err != nil {
			return err
		}
	}
	return nil
}

// Receive receives the next message; its payload is good until the next call.
func (c *Connection) Receive(w transport.Wait) (session.Message, error) {
	for {
		size, err := c.link.Receive(c.session.Space(), w)
		if err != nil {
			return session.Message{}, err
		}
		complete, err := c.session.Received(size)
		if err != nil {
			return session.Message{}, err
		}
		if complete {
			message, _ := c.session.Message()
			return message, nil
		}
	}
}

// SendLast sends a bare header, also after the session has ended: its last words.
func (c *Connection) SendLast(header protocol.Header, w transport.Wait) error {
	header.Encode(&c.head)
	return c.link.Send(c.head[:], nil, w)
}

// Check looks whether the peer is still there, without consuming data.
func (c *Connection) Check() error { return c.link.Check() }

// Linger makes sure that the last message arrives, before the connection is closed.
func (c *Connection) Linger() { c.link.Linger() }

// Fail ends the session; it returns the ids of the requests that got no answer.
func (c *Connection) Fail() []uint64 { return c.session.Fail() }

// Agreed returns what the handshake agreed on.
func (c *Connection) Agreed() handshake.Agreed { return c.agreed }

// Limits returns the limits that both sides keep.
func (c *Connection) Limits() session.Limits { return c.agreed.Limits }

// Info returns what carries the data, and who is at the other end.
func (c *Connection) Info() transport.LinkInfo { return c.link.Info() }

// WaitObject returns what an event loop can watch, or [transport.NoWaitObject].
func (c *Connection) WaitObject() transport.WaitObject { return c.link.WaitObject() }

// Close ends the connection. Closing again does nothing.
func (c *Connection) Close() error { return c.link.Close() }

// IsRefusal tells whether a message was refused before anything of it was sent, so that the session
// goes on.
func IsRefusal(err error) bool {
	for _, refusal := range [...]error{
		transport.ErrBusy, transport.ErrTooLarge,
		session.ErrKind, session.ErrLimitExceeded, session.ErrDuplicateMessageID,
	} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}

// isUnsent tells whether nothing of a packet has left, and the link goes on.
func isUnsent(err error) bool {
	return errors.Is(err, transport.ErrBusy) || errors.Is(err, transport.ErrTooLarge) ||
		errors.Is(err, transport.ErrTimeout) || errors.Is(err, transport.ErrAborted)
}

// shakeHands says HELLO and checks what the server answers.
func shakeHands(link transport.Baseline, p *handshake.Proposal, w transport.Wait) (handshake.Agreed, error) {
	hello := p.Hello()
	// A server that refuses at once may have closed before our packet left: its answer counts.
	sent := sendPacket(link, hello[:], w)
	var ack [handshake.AckPacketLen + 1]byte
	size, err := link.Receive(ack[:], w)
	if err != nil {
		if sent != nil {
			err = sent
		}
		return handshake.Agreed{}, err
	}
	return p.Ack(ack[:min(size, len(ack))])
}

func sendPacket(link transport.Link, packet []byte, w transport.Wait) error {
	return link.Send(packet[:protocol.HeaderLen], packet[protocol.HeaderLen:], w)
}

// plan is the data plane of a session. What its profile means is the transport's to know.
func plan(agreed *handshake.Agreed, token uint64) transport.SessionPlan {
	return transport.SessionPlan{
		Profile:       uint32(agreed.Profile),
		SessionID:     agreed.SessionID,
		AuthToken:     token,
		RequestBytes:  protocol.HeaderLen + uint64(agreed.Limits.Request.PayloadBytes),
		ResponseBytes: protocol.HeaderLen + uint64(agreed.Limits.Response.PayloadBytes),
	}
}
