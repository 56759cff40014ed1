package service

import (
	"errors"
	"time"

	"github.com/netipc/netipc/go/internal/connection"
	"github.com/netipc/netipc/go/internal/session"
	"github.com/netipc/netipc/go/transport"
)

// sendTimeout is how long a client may take to make room for an answer, before it is given up.
const sendTimeout = 30 * time.Second

// runSession is one session: receive, dispatch, answer, in order.
func (s *Server) runSession(c *connection.Connection) {
	// What closing says is of no use to anybody any more.
	defer func() { _ = c.Close() }()
	info, id := c.Info(), c.Agreed().SessionID
	counts, opened := s.stats.open(info.Kind)
	defer s.stats.close(counts)
	name := s.handler.method.Name
	if opened == 1 {
		s.log.Info("netipc: first client", "service", name, "transport", info.Kind)
	}
	s.log.Debug("netipc: session opened", "service", name, "session", id, "transport", info.Kind, "peer", info.Peer)
	err := s.answerRequests(c, counts)
	s.log.Debug("netipc: session closed", "service", name, "session", id, "error", err)
}

func (s *Server) answerRequests(c *connection.Connection, counts *sessionCounts) error {
	d := dispatcher{method: s.handler.method, any: s.handler.any, respond: s.handler.open(), faults: &s.faults, log: s.log}
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
		s.sayLast(c, err, counts)
	}
	return request, err
}

// sayLast answers a request that broke a rule of the session, where the protocol says so.
func (s *Server) sayLast(c *connection.Connection, err error, counts *sessionCounts) {
	var rule *session.Error
	if !errors.As(err, &rule) {
		return
	}
	last, told := rule.Answer()
	if !told {
		return
	}
	counts.reject(last.Status)
	if c.SendLast(last, transport.Timeout(sendTimeout).OrAbort(&s.stop)) == nil {
		c.Linger()
	}
}
