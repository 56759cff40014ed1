package service

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// ServerStats is what a server has done so far.
type ServerStats struct {
	// SessionsNow is the sessions there are.
	SessionsNow uint64
	// SessionsTotal is the sessions there have been.
	SessionsTotal uint64
	// Sessions is the same by what carried them.
	Sessions TransportCounts
	// Refused counts clients that were turned down, and those that left while they waited for a session to end.
	Refused uint64
	// OK counts requests that were answered.
	OK uint64
	// Unsupported counts requests of another method.
	Unsupported uint64
	// BadEnvelope counts requests that could not be decoded.
	BadEnvelope uint64
	// LimitExceeded counts requests or answers above the limits.
	LimitExceeded uint64
	// InternalError counts requests whose handler failed.
	InternalError uint64
	// BytesReceived is the bytes of requests, headers included.
	BytesReceived uint64
	// BytesSent is the bytes of answers, headers included.
	BytesSent uint64
	// HandlerTime is from the whole request to the answer on its way: decoding, handler, encoding, handing it over.
	HandlerTime Histogram
	// TotalTime is the same, and the time that the client took to make room for the answer.
	TotalTime Histogram
}

// Requests returns how many requests were answered, one way or another.
func (s *ServerStats) Requests() uint64 {
	return s.OK + s.Unsupported + s.BadEnvelope + s.LimitExceeded + s.InternalError
}

// TransportCounts is sessions by what carried them.
type TransportCounts struct {
	// Memory is queues in this process.
	Memory uint64
	// Socket is the platform's packet socket, or named pipe.
	Socket uint64
	// SharedMemory is shared memory.
	SharedMemory uint64
}

// Total returns all together.
func (c TransportCounts) Total() uint64 { return c.Memory + c.Socket + c.SharedMemory }

// stats is what a server counts: sessions that begin and end here, and what each session does in its own sessionCounts.
type stats struct {
	refused atomic.Uint64

	mu     sync.Mutex
	opened TransportCounts
	live   []*sessionCounts
	// The sum of the sessions that have ended.
	past ServerStats
}

// sessionCounts is what one session did. Its goroutine alone writes, so that counting needs no locked
// operation and sessions never wait for one another's cache lines.
type sessionCounts struct {
	ok, unsupported, badEnvelope, limitExceeded, internalError, received, sent atomic.Uint64

	handlerTime, totalTime histogram
}

// sessionBegins counts a new session; it returns the counts of its own, and how many there have been.
func (s *stats) sessionBegins(kind transport.LinkKind) (*sessionCounts, uint64) {
	t := &sessionCounts{}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live = append(s.live, t)
	switch kind {
	case transport.LinkMemory:
		s.opened.Memory++
	case transport.LinkSharedMemory:
		s.opened.SharedMemory++
	default:
		s.opened.Socket++
	}
	return t, s.opened.Total()
}

func (s *stats) sessionEnds(t *sessionCounts) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live = slices.DeleteFunc(s.live, func(live *sessionCounts) bool { return live == t })
	s.past.add(t)
}

// refuse counts a client that was turned down; it returns how many there have been.
func (s *stats) refuse() uint64 { return s.refused.Add(1) }

func (s *stats) snapshot() ServerStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := s.past
	for _, t := range s.live {
		sum.add(t)
	}
	sum.SessionsNow = uint64(len(s.live))
	sum.SessionsTotal = s.opened.Total()
	sum.Sessions = s.opened
	sum.Refused = s.refused.Load()
	return sum
}

func (s *ServerStats) add(t *sessionCounts) {
	s.OK += t.ok.Load()
	s.Unsupported += t.unsupported.Load()
	s.BadEnvelope += t.badEnvelope.Load()
	s.LimitExceeded += t.limitExceeded.Load()
	s.InternalError += t.internalError.Load()
	s.BytesReceived += t.received.Load()
	s.BytesSent += t.sent.Load()
	s.HandlerTime.add(&t.handlerTime)
	s.TotalTime.add(&t.totalTime)
}

// reject counts a request that was answered without its handler.
func (t *sessionCounts) reject(status protocol.Status) { add(t.ofStatus(status), 1) }

// answer counts an answer to a request of so many bytes of payload.
func (t *sessionCounts) answer(a answered, request int, handler, total time.Duration) {
	add(t.ofStatus(a.status), 1)
	add(&t.received, messageBytes(request))
	add(&t.sent, messageBytes(a.length))
	t.handlerTime.record(handler)
	t.totalTime.record(total)
}

func (t *sessionCounts) ofStatus(status protocol.Status) *atomic.Uint64 {
	switch status {
	case protocol.StatusOK:
		return &t.ok
	case protocol.StatusUnsupported:
		return &t.unsupported
	case protocol.StatusBadEnvelope:
		return &t.badEnvelope
	case protocol.StatusLimitExceeded:
		return &t.limitExceeded
	}
	return &t.internalError
}
