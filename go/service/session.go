package service

import (
	"errors"
	"time"

	"github.com/netipc/netipc/go/internal/connection"
	"github.com/netipc/netipc/go/internal/session"
	"github.com/netipc/netipc/go/transport"
)

// sendTimeout is how long sending an answer may take; a client that does not read it by then loses its session.
const sendTimeout = 30 * time.Second

// runSession is one session: receive, dispatch, answer, in order.
func (s *Server) runSession(c *connection.Connection) {
	// The session is over: a close that fails changes nothing.
	defer func() { _ = c.Close() }()
	info, id := c.Info(), c.Agreed().SessionID
	counts, opened := s.stats.sessionBegins(info.Kind)
	defer s.stats.sessionEnds(counts)
	name := s.handler.method.Name
	if opened == 1 {
		s.log.Info("netipc: first client", "service", name, "transport", info.Kind)
	}
	s.log.Debug("netipc: session opened", "service", name, "session", id, "transport", info.Kind, "peer", info.Peer)
	err := s.answerRequests(c, counts)
	s.log.Debug("netipc: session closed", "service", name, "session", id, "error", err)
}

func (s *Server) answerRequests(c *connection.Connection, counts *sessionCounts) error {
	d := dispatcher{method: s.handler.method, any: s.handler.any, respond: s.handler.newResponder(), faults: &s.faults, log: s.log}
	answer := make([]byte, c.Limits().Response.PayloadBytes)
	for {
		request, err := s.nextRequest(c, counts)
		if err != nil {
			return err
		}
		received := time.Now()
		a := d.dispatch(request, answer)
		handled := time.Now()
		wait := transport.Wait{Deadline: handled.Add(sendTimeout), Abort: &s.stop}
		if err := c.Send(request.Header.Answer(a.status), answer[:a.length], wait); err != nil {
			return err
		}
		counts.answer(a, len(request.Payload), handled.Sub(received), time.Since(received))
		if a.endsSession() {
			c.Linger()
			return nil
		}
	}
}

// nextRequest receives the next request.
func (s *Server) nextRequest(c *connection.Connection, counts *sessionCounts) (session.Message, error) {
	request, err := c.Receive(transport.Wait{Abort: &s.draining})
	if err != nil {
		s.answerViolation(c, err, counts)
	}
	return request, err
}

// answerViolation answers a request that broke a rule of the session, where the protocol has an answer
// for it. The session ends with it.
func (s *Server) answerViolation(c *connection.Connection, err error, counts *sessionCounts) {
	var violation *session.Error
	if !errors.As(err, &violation) {
		return
	}
	last, ok := violation.Answer()
	if !ok {
		return
	}
	counts.reject(last.Status)
	if c.SendLast(last, transport.Timeout(sendTimeout).OrAbort(&s.stop)) == nil {
		c.Linger()
	}
}
