package service

import (
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/netipc/netipc/go/internal/connection"
	"github.com/netipc/netipc/go/internal/session/handshake"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

const (
	// halfOpen is the connections that may be between accept and the end of their handshake.
	halfOpen = 64
	// slotWait is how long a client waits for a slot before it is told that there is none.
	slotWait = 500 * time.Millisecond
	// shortagePause is how long accepting pauses when the system has no descriptor left.
	shortagePause = 100 * time.Millisecond
)

// Server serves one service at one endpoint.
//
// Every session has a goroutine of its own, at most workers of them. A client that comes when all are
// taken is told so before it is accepted. Any goroutine may call any method.
type Server struct {
	transport transport.Transport
	endpoint  transport.Endpoint
	invalid   error
	listen    transport.BindOptions
	policy    handshake.Policy
	handler   Handler
	log       *slog.Logger

	mu       sync.Mutex
	listener transport.Listener
	running  bool

	// No new request is taken once draining is raised; nothing waits any more once stop is.
	draining, stop    transport.Abort
	slots, handshakes *gate
	sessions          sync.WaitGroup
	nextSession       atomic.Uint64
	stats             stats
	faults            faults
	shortages         repeats
}

// NewServer returns a server of the endpoint name in runDir, with 8 workers. It listens when it is
// bound or run.
func NewServer(runDir, name string, config ServerConfig, handler Handler) *Server {
	return NewServerWithWorkers(runDir, name, config, handler, protocol.DefaultWorkers)
}

// NewServerWithWorkers returns a server with at most workers sessions at once, at least 1.
func NewServerWithWorkers(runDir, name string, config ServerConfig, handler Handler, workers int) *Server {
	reach := orNative(config.Transport, config.Logger)
	s := &Server{
		transport:  reach,
		listen:     config.Listen,
		policy:     config.policy(reach),
		handler:    handler,
		log:        orDefault(config.Logger),
		slots:      newGate(max(workers, 1)),
		handshakes: newGate(halfOpen),
	}
	s.endpoint, s.invalid = transport.NewEndpoint(runDir, name)
	return s
}

// Bind becomes the owner of the endpoint. Clients can connect from here on, and are served once the
// server runs. It fails with a [*ServeError]; binding again does nothing.
func (s *Server) Bind() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bind()
}

// Run serves until it is stopped or drained, and returns when its last session has ended. It binds
// first where that was not done. A server that was stopped before returns at once. It fails with a
// [*ServeError].
func (s *Server) Run() error {
	listener, err := s.begin()
	if listener == nil {
		return err
	}
	s.accept(listener)
	err = listener.Close()
	s.sessions.Wait()
	s.draining.Close()
	s.stop.Close()
	s.mu.Lock()
	s.running = false
	s.mu.Unlock()
	s.log.Info("netipc: stopped", "endpoint", s.endpoint, "service", s.handler.method.Name)
	if err != nil {
		return s.failure(ErrIO, err)
	}
	return nil
}

// Stop ends everything: no new client, no new request, and no waiting for what is being answered but
// for handlers, which cannot be interrupted. A server that does not run yet never will.
func (s *Server) Stop() {
	s.draining.Raise()
	s.stop.Raise()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.release()
}

// Drain takes no new client and no new request, lets what is being answered finish for at most
// timeout, and stops. It tells whether all finished.
func (s *Server) Drain(timeout time.Duration) bool {
	s.draining.Raise()
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	finished := s.slots.waitEmpty(timer.C)
	s.Stop()
	return finished
}

// Stats returns what the server has done so far. It takes a lock that a session takes only when it
// begins and ends.
func (s *Server) Stats() ServerStats { return s.stats.snapshot() }

// Workers returns the most sessions at once.
func (s *Server) Workers() int { return s.slots.capacity }

// bind is Bind with the lock held.
func (s *Server) bind() error {
	switch {
	case s.draining.Raised():
		return s.failure(ErrAborted, nil)
	case s.running || s.listener != nil:
		return nil
	case s.invalid != nil:
		return s.failure(ErrInvalidRequest, s.invalid)
	case s.handler.open == nil:
		return s.failure(ErrInvalidRequest, errors.New("there is no handler"))
	}
	listener, err := s.transport.Bind(s.endpoint, s.listen)
	switch {
	case errors.Is(err, transport.ErrAddressInUse):
		return s.failure(ErrAddressInUse, err)
	case err != nil:
		return s.failure(ErrIO, err)
	}
	s.listener = listener
	s.log.Info("netipc: listening", "endpoint", s.endpoint, "service", s.handler.method.Name)
	return nil
}

// begin takes the listener to run with; none where the server was stopped.
func (s *Server) begin() (transport.Listener, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running {
		return nil, s.failure(ErrBusy, nil)
	}
	if s.draining.Raised() {
		s.release()
		return nil, nil
	}
	if err := s.bind(); err != nil {
		if s.draining.Raised() {
			// Stopped meanwhile: what keeps it from listening is of no interest any more.
			err = nil
		}
		return nil, err
	}
	listener := s.listener
	s.listener, s.running = nil, true
	return listener, nil
}

// release gives back an endpoint that was bound and is not served.
func (s *Server) release() {
	if s.listener != nil {
		// The name is gone, or is not ours to remove.
		_ = s.listener.Close()
		s.listener = nil
	}
}

// accept takes clients until the server is to end.
func (s *Server) accept(listener transport.Listener) {
	wait := transport.Wait{Abort: &s.draining}
	for s.handshakes.enter(nil, s.draining.Done()) {
		link, err := listener.Accept(wait)
		if err == nil {
			s.sessions.Add(1)
			go s.serve(link)
			continue
		}
		s.handshakes.leave()
		if errors.Is(err, transport.ErrAborted) {
			return
		}
		if times, line := s.shortages.note(); line {
			s.log.Warn("netipc: cannot accept, pausing", "endpoint", s.endpoint, "error", err, "times", times)
		}
		// Only an abort ends it early, and the loop looks for that itself.
		_ = wait.Sleep(shortagePause)
	}
}

// serve is one connection, from its first byte to its last.
func (s *Server) serve(link transport.Baseline) {
	defer s.sessions.Done()
	opened, err := s.admit(link)
	s.handshakes.leave()
	if err != nil {
		s.logRefusal(err)
		return
	}
	// Whatever a handler does to its goroutine, the slot is free again.
	defer s.slots.leave()
	s.runSession(opened)
}

// admit shakes hands, and finds a slot before it accepts. The slot goes with the connection.
func (s *Server) admit(link transport.Baseline) (*connection.Connection, error) {
	deadline := time.Now().Add(handshakeTimeout)
	incoming, err := connection.Receive(link, s.policy, transport.Wait{Deadline: deadline, Abort: &s.draining})
	if err != nil {
		return nil, err
	}
	timer := time.NewTimer(slotWait)
	defer timer.Stop()
	if !s.slots.enter(timer.C, s.draining.Done()) {
		return nil, incoming.TurnDown(transport.Timeout(handshakeTimeout).OrAbort(&s.stop))
	}
	opened, err := incoming.Accept(s.nextSession.Add(1), transport.Timeout(handshakeTimeout).OrAbort(&s.stop))
	if err != nil {
		s.slots.leave()
		return nil, err
	}
	return opened, nil
}

// logRefusal logs why there is no session. What nobody was told is anybody's doing, and no refusal.
func (s *Server) logRefusal(why error) {
	var refusal *handshake.Refusal
	if !errors.As(why, &refusal) || refusal.Silent {
		s.log.Debug("netipc: no handshake", "service", s.handler.method.Name, "error", why)
		return
	}
	if refused := s.stats.refuse(); getsLine(refused) {
		s.log.Warn("netipc: turned a client down", "service", s.handler.method.Name, "refused", refused, "error", why)
	}
}

func (s *Server) failure(code ErrorCode, cause error) error {
	name := s.endpoint.String()
	if s.invalid != nil {
		name = "the endpoint"
	}
	return &ServeError{Endpoint: name, Code: code, Cause: cause}
}
