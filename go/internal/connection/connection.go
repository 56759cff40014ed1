// Package connection runs a session over a link, for both sides: the handshake first, then messages.
//
//	client   Connect: transport.Connect ─▶ HELLO ─▶ HELLO_ACK ─▶ link.Attach
//	server   listener.Accept ─▶ Receive: HELLO ─▶ Incoming.Accept: link.Offer ─▶ HELLO_ACK ─▶ link.Switch
//	both     Send: session.Send ─▶ packets ─▶ link.Send;  Receive: link.Receive ─▶ session.Received
package connection

import (
	"errors"
	"fmt"
	"os"

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
	// Whether the session is over, and whether a message was sent in part, so that none may follow it.
	over, halfSent bool
	// The header of the packet that is being sent. It is a field, so that sending allocates nothing.
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
		err = withUsers(err, link.Info().Peer, os.Geteuid())
		_ = link.Close()
		return nil, err
	}
	attached, err := link.Attach(sessionPlan(&agreed, p.AuthToken), w)
	if err != nil {
		return nil, err
	}
	return open(session.RoleClient, attached, agreed), nil
}

// withUsers says that the two sides are of different users, where they are: a server says the same of a
// user that it does not allow and of a wrong token. Root is let in everywhere, and own is -1 where there are
// no such users.
func withUsers(err error, server transport.Peer, own int) error {
	uid, known := server.UID()
	if !errors.Is(err, handshake.ErrAuthFailed) || !known || own <= 0 || int64(uid) == int64(own) {
		return err
	}
	return fmt.Errorf("user %d runs the server, and user %d this process: run both as one user, or have the server "+
		"allow this one; else %w", uid, own, err)
}

// open makes the connection of a session that was agreed on.
func open(role session.Role, link transport.Link, agreed handshake.Agreed) *Connection {
	framing := session.FramingChunked
	if info := link.Info(); info.WholeMessages {
		framing = session.FramingWhole
	} else {
		// Both sides see the same data plane, whose packets may be smaller than the baseline's.
		agreed.Limits.PacketSize = min(agreed.Limits.PacketSize, uint32(info.MaxPacket))
	}
	return &Connection{
		session: session.New(role, agreed.Limits, framing),
		link:    link,
		agreed:  agreed,
	}
}

// Send sends payload behind header, in as many packets as it takes. Where it fails and the session is
// not over ([Connection.IsOver]), nothing was sent.
func (c *Connection) Send(header protocol.Header, payload []byte, w transport.Wait) error {
	return c.SendMessage(&header, payload, w)
}

// SendMessage is [Connection.Send] of a header whose PayloadLen is filled in.
func (c *Connection) SendMessage(header *protocol.Header, payload []byte, w transport.Wait) error {
	if c.halfSent {
		return &session.Error{Kind: session.ErrEnded}
	}
	if err := c.session.Begin(header, len(payload)); err != nil {
		return err
	}
	if !c.session.IsOnePacket(len(payload)) {
		return c.sendPackets(header, payload, w)
	}
	header.Encode(&c.head)
	if err := c.link.Send(c.head[:], payload, w); err != nil {
		return c.unsent(header, err)
	}
	return nil
}

// sendPackets sends a message in packets.
func (c *Connection) sendPackets(header *protocol.Header, payload []byte, w transport.Wait) error {
	packets := c.session.Packets(header, payload)
	body, _ := packets.Next(&c.head)
	if err := c.link.Send(c.head[:], body, w); err != nil {
		return c.unsent(header, err)
	}
	for packets.Len() > 0 {
		body, _ := packets.Next(&c.head)
		if err := c.link.Send(c.head[:], body, w); err != nil {
			c.over, c.halfSent = true, true
			return err
		}
	}
	return nil
}

// unsent notes that sending the first packet of a message failed.
func (c *Connection) unsent(header *protocol.Header, err error) error {
	if isUnsent(err) {
		c.session.Retract(header.MessageID)
	} else {
		c.over = true
	}
	return err
}

// IsOnePacket tells whether a payload of so many bytes goes out as one packet.
func (c *Connection) IsOnePacket(payload int) bool { return c.session.IsOnePacket(payload) }

// Receive receives the next message; its payload is good until the next call. Where it fails and the
// session is not over ([Connection.IsOver]), the next call goes on where this one stopped.
func (c *Connection) Receive(w transport.Wait) (session.Message, error) {
	message, err := c.ReceiveMessage(w)
	if err != nil {
		return session.Message{}, err
	}
	return *message, nil
}

// ReceiveMessage is [Connection.Receive]; all of the message is good until the next call.
func (c *Connection) ReceiveMessage(w transport.Wait) (*session.Message, error) {
	for {
		size, err := c.link.Receive(c.session.Space(), w)
		if err != nil {
			c.over = c.over || !isPassing(err)
			return nil, err
		}
		complete, err := c.session.Received(size)
		if err != nil {
			c.over = true
			return nil, err
		}
		if complete {
			return c.session.Last(), nil
		}
		// Links look at the clock when they wait: a peer that is never waited for must not hold us,
		// packet by packet.
		if err := w.Check(); err != nil {
			return nil, err
		}
	}
}

// SendPacket sends head and body as one packet, with no look at the rules of the session.
func (c *Connection) SendPacket(head, body []byte, w transport.Wait) error {
	err := c.link.Send(head, body, w)
	c.over = c.over || err != nil && !isUnsent(err)
	return err
}

// ReceivePacket receives one packet into buf, with no look at the rules of the session; it returns the
// packet's full length.
func (c *Connection) ReceivePacket(buf []byte, w transport.Wait) (int, error) {
	size, err := c.link.Receive(buf, w)
	c.over = c.over || err != nil && !isPassing(err)
	return size, err
}

// SendLast sends a header without payload, also after a broken rule has ended the session: the answer
// that tells the peer which.
func (c *Connection) SendLast(header protocol.Header, w transport.Wait) error {
	header.Encode(&c.head)
	return c.link.Send(c.head[:], nil, w)
}

// Check looks whether the peer is still there, without consuming data.
func (c *Connection) Check() error { return c.link.Check() }

// Linger makes sure that the last message arrives, before the connection is closed.
func (c *Connection) Linger() { c.link.Linger() }

// AnswerViolation sends what a server owes for the request whose broken rule is err, where there is
// such an answer, and makes sure that it arrives. It tells the status that was sent. The session has
// ended.
func (c *Connection) AnswerViolation(err error, w transport.Wait) (protocol.Status, bool) {
	var violation *session.Error
	if !errors.As(err, &violation) {
		return 0, false
	}
	answer, ok := violation.Answer()
	if !ok || c.SendLast(answer, w) != nil {
		return 0, false
	}
	c.link.Linger()
	return answer.Status, true
}

// IsOver tells whether the session is over.
func (c *Connection) IsOver() bool { return c.over }

// Fail ends the session; it returns the ids of the requests that got no answer.
func (c *Connection) Fail() []uint64 {
	c.over = true
	return c.session.Fail()
}

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

// isPassing tells whether a wait ended and the link goes on.
func isPassing(err error) bool {
	return errors.Is(err, transport.ErrTimeout) || errors.Is(err, transport.ErrAborted)
}

// isUnsent tells whether nothing of a packet was sent, so that the link goes on.
func isUnsent(err error) bool {
	return errors.Is(err, transport.ErrBusy) || errors.Is(err, transport.ErrTooLarge) || isPassing(err)
}

// shakeHands sends HELLO and checks the HELLO_ACK that comes back.
func shakeHands(link transport.Baseline, p *handshake.Proposal, w transport.Wait) (handshake.Agreed, error) {
	hello := p.Hello()
	// A server may refuse and close before HELLO is sent: its refusal is read even where sending failed.
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

// sessionPlan is what the transport has to know to set up what carries a session's data.
func sessionPlan(agreed *handshake.Agreed, token uint64) transport.SessionPlan {
	return transport.SessionPlan{
		Profile:       uint32(agreed.Profile),
		SessionID:     agreed.SessionID,
		AuthToken:     token,
		RequestBytes:  protocol.HeaderLen + uint64(agreed.Limits.Request.PayloadBytes),
		ResponseBytes: protocol.HeaderLen + uint64(agreed.Limits.Response.PayloadBytes),
	}
}
