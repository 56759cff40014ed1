package service

import (
	"errors"
	"time"

	"github.com/netipc/netipc/go/internal/connection"
	"github.com/netipc/netipc/go/internal/session"
	"github.com/netipc/netipc/go/protocol"
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
	if s.handler.newBatchResponder != nil {
		d.respondAll = s.handler.newBatchResponder()
	}
	answer := make([]byte, c.Limits().Response.PayloadBytes)
	// Times are those since the session began, which cost half as much as those of the day.
	began := time.Now()
	for {
		request, err := s.nextRequest(c, counts)
		if err != nil {
			return err
		}
		received := time.Since(began)
		a := d.dispatch(request, answer)
		size := len(request.Payload)
		header := request.Header.Answer(a.status)
		waitedSince, err := s.send(c, &header, answer[:a.length], began)
		if err != nil {
			return err
		}
		sent := time.Since(began)
		handled := sent
		if !waitedSince.IsZero() {
			handled = waitedSince.Sub(began)
		}
		counts.answer(a, size, handled-received, sent-received)
		if a.endsSession() {
			c.Linger()
			return nil
		}
	}
}

// send sends an answer; past is a time that has passed. Where the client has to make room for the answer, it returns
// since when that was waited for.
func (s *Server) send(c *connection.Connection, header *protocol.Header, payload []byte, past time.Time) (time.Time, error) {
	// Half an answer must not be left behind.
	if c.IsOnePacket(len(payload)) {
		err := c.SendMessage(header, payload, transport.Wait{Deadline: past, Abort: &s.stop})
		if err == nil || !errors.Is(err, transport.ErrTimeout) {
			return time.Time{}, err
		}
	}
	now := time.Now()
	return now, c.SendMessage(header, payload, transport.Wait{Deadline: now.Add(sendTimeout), Abort: &s.stop})
}

// nextRequest receives the next request.
func (s *Server) nextRequest(c *connection.Connection, counts *sessionCounts) (*session.Message, error) {
	request, err := c.ReceiveMessage(transport.Wait{Abort: &s.draining})
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
