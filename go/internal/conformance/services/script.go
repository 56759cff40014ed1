package services

import (
	"math"
	"sync"

	"github.com/netipc/netipc/go/internal/conformance"
	"github.com/netipc/netipc/go/internal/connection"
	"github.com/netipc/netipc/go/internal/session"
	"github.com/netipc/netipc/go/internal/session/handshake"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// Script is a server that says exactly what a test wants it to say.
type Script struct {
	w        *World
	listener transport.Listener
	// Policy is what the next handshake is judged by: limits of 1 MiB unless changed.
	Policy  handshake.Policy
	session uint64

	// Raised by every packet that comes, and once no client is taken any more.
	came, left transport.Abort

	mu       sync.Mutex
	accepted []*connection.Connection
}

// watched is a link that tells its script of every packet.
type watched struct {
	transport.Link
	s *Script
}

func (l watched) Receive(buf []byte, w transport.Wait) (int, error) {
	n, err := l.Link.Receive(buf, w)
	if err == nil {
		l.s.came.Raise()
	}
	return n, err
}

// watchedBaseline is a watched link before its data plane is chosen.
type watchedBaseline struct {
	transport.Baseline
	s *Script
}

func (l watchedBaseline) Receive(buf []byte, w transport.Wait) (int, error) {
	return watched{l.Baseline, l.s}.Receive(buf, w)
}

func (l watchedBaseline) Switch() transport.Link { return watched{l.Baseline.Switch(), l.s} }

// Script owns the endpoint.
func (w *World) Script() *Script {
	w.Helper()
	listener, err := w.Transport.Bind(w.Endpoint(), transport.BindOptions{})
	w.No(err)
	s := &Script{w: w, listener: listener, Policy: handshake.Policy{
		Supported:        protocol.Profiles(w.profiles),
		Request:          session.DirectionLimits{PayloadBytes: 1 << 20, BatchItems: 1 << 16},
		MinResponseBytes: handshake.MinResponseBytes,
		MaxResponseBytes: 1 << 20,
		AuthToken:        Token,
	}}
	// Made before whoever plays, and so the last to go.
	w.Cleanup(s.end)
	return s
}

// Leave takes no more clients, whoever waits for one.
func (s *Script) Leave() { s.left.Raise() }

// Accept shakes hands with the next client that does not turn out to be refused; nil where none
// comes.
func (s *Script) Accept() *connection.Connection {
	wait := transport.Timeout(conformance.Soon).OrAbort(&s.left)
	for {
		link, err := s.listener.Accept(wait)
		if err != nil {
			return nil
		}
		incoming, err := connection.Receive(watchedBaseline{link, s}, s.Policy, wait, nil)
		if err != nil {
			continue
		}
		s.session++
		if accepted, err := incoming.Accept(func() uint64 { return s.session }, wait); err == nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.accepted = append(s.accepted, accepted)
			return accepted
		}
	}
}

// Begins waits until the first packet of a request comes over c, and takes no other.
func (s *Script) Begins(c *connection.Connection) {
	s.w.Helper()
	s.came.Clear()
	_, err := c.Receive(transport.Timeout(conformance.Soon).OrAbort(&s.came))
	if !s.came.Raised() {
		s.w.Fatalf("nothing was sent: %v", err)
	}
}

// end closes what the script has, once nobody plays any more.
func (s *Script) end() {
	_ = s.listener.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, accepted := range s.accepted {
		_ = accepted.Close()
	}
	s.came.Close()
	s.left.Close()
}

// Play plays a part while the test goes on, and is waited for at its end.
func (w *World) Play(part func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		part()
	}()
	w.Cleanup(func() { <-done })
}

// With connects c to the script; it returns the session that the script has with it.
func With[C client](s *Script, c C) (C, *connection.Connection) {
	s.w.Helper()
	accepted := make(chan *connection.Connection, 1)
	go func() { accepted <- s.Accept() }()
	c = Connected(s.w, c)
	return c, <-accepted
}

// Next receives a request, or fails with why none came.
func Next(c *connection.Connection) (session.Message, error) {
	return c.Receive(transport.Timeout(conformance.Soon))
}

// Answer answers header, in kind, with this payload.
func Answer(c *connection.Connection, header protocol.Header, status protocol.Status, payload []byte) error {
	return c.Send(header.Answer(status), payload, transport.Timeout(conformance.Soon))
}

// RawClient is a session as a server sees it, for requests that no client sends.
func (w *World) RawClient() *connection.Connection {
	w.Helper()
	direction := session.DirectionLimits{PayloadBytes: 65_536, BatchItems: 16}
	opened, err := connection.Connect(w.Transport, w.Endpoint(), handshake.Proposal{
		Supported:       protocol.Profiles(w.profiles),
		Request:         direction,
		Response:        direction,
		AuthToken:       Token,
		ResponseCeiling: math.MaxUint32,
	}, transport.Timeout(conformance.Soon))
	w.No(err)
	w.Cleanup(func() { _ = opened.Close() })
	return opened
}

// exchange sends a request and returns the answer.
func (w *World) exchange(c *connection.Connection, header protocol.Header, payload []byte) session.Message {
	w.Helper()
	w.No(c.Send(header, payload, transport.Timeout(conformance.Soon)))
	answer, err := Next(c)
	w.No(err)
	return answer
}
