package service

import (
	"errors"
	"fmt"
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
	// maxHandshakes is the most connections that may be between their first packet and the end of their
	// handshake; where the platform cannot tell who has said something, between Accept and that end.
	maxHandshakes = 64
	// lastAnswers is how long what is being answered may take once the endpoint was taken away.
	lastAnswers = 5 * time.Second
	// acceptPause is how long accepting pauses after it failed, as when no descriptor is left.
	acceptPause = 100 * time.Millisecond
)

// Server serves one service at one endpoint.
//
// Every session has a goroutine of its own, at most workers of them. A client that comes when all are
// taken is refused in the handshake. Any goroutine may call any method.
//
//	Run ──▶ acceptClients ──▶ a goroutine for each client: serveClient
//	                              admit        handshake; a session permit, or a refusal
//	                              runSession   receive ──▶ handler ──▶ send, in order
type Server struct {
	transport transport.Transport
	endpoint  transport.Endpoint
	// Why there is no valid endpoint; nil where there is.
	invalidEndpoint error
	listen          transport.BindOptions
	policy          handshake.Policy
	handler         Handler
	log             *slog.Logger

	mu       sync.Mutex
	listener transport.Listener
	running  bool

	// Raised: no new client or request is taken.
	draining transport.Abort
	// Raised: every wait ends, also of answers that are being sent.
	stop     transport.Abort
	sessions *admission
	// How many handshakes there may be at once.
	handshakePermits *semaphore
	// The goroutines that serve clients.
	serving       sync.WaitGroup
	lastSessionID atomic.Uint64
	stats         stats
	// Whether others may read the statistics, and what is told besides.
	publishes      bool
	dataStatus     func() DataStatus
	publishing     publishing
	statsListener  transport.Listener
	faults         faults
	acceptFailures logLimiter
}

// NewServer returns a server of the endpoint name in runDir, with 8 workers. It listens when it is
// bound or run.
func NewServer(runDir, name string, config ServerConfig, handler Handler) *Server {
	return NewServerWithWorkers(runDir, name, config, handler, protocol.DefaultWorkers)
}

// NewServerWithWorkers returns a server with at most workers sessions at once, at least 1.
func NewServerWithWorkers(runDir, name string, config ServerConfig, handler Handler, workers int) *Server {
	backend := transportOrNative(config.Transport, config.Logger)
	s := &Server{
		transport:        backend,
		listen:           config.Listen,
		policy:           config.policy(backend),
		handler:          handler,
		log:              loggerOrDefault(config.Logger),
		sessions:         newAdmission(workers),
		handshakePermits: newSemaphore(maxHandshakes),
		publishes:        config.PublishStats,
		dataStatus:       config.DataStatus,
		publishing:       publishing{since: time.Now()},
	}
	s.endpoint, s.invalidEndpoint = transport.NewEndpoint(runDir, name)
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
// [*ServeError], also where its endpoint was taken away meanwhile: its socket was removed or replaced, and
// cannot be bound again.
func (s *Server) Run() error {
	listener, err := s.startRunning()
	if listener == nil {
		return err
	}
	if s.publishes {
		s.serving.Add(1)
		go s.publish(s.statsListener)
	}
	lost := s.acceptClients(listener)
	err = listener.Close()
	if lost != nil {
		// So that clients find the new owner of the endpoint.
		s.Drain(lastAnswers)
	}
	s.serving.Wait()
	s.draining.Close()
	s.stop.Close()
	s.mu.Lock()
	s.running = false
	s.mu.Unlock()
	s.log.Info("netipc: stopped", "endpoint", s.endpoint, "service", s.handler.method.Name)
	switch {
	case errors.Is(lost, transport.ErrAddressInUse):
		return s.failure(ErrAddressInUse, lost)
	case lost != nil:
		return s.failure(ErrIO, lost)
	case err != nil:
		return s.failure(ErrIO, err)
	}
	return nil
}

// Stop ends everything at once: no new client, no new request, and answers that are being sent are cut
// off. Only a handler that runs is waited for, as it cannot be interrupted. A server that does not run
// yet never will.
func (s *Server) Stop() {
	s.draining.Raise()
	s.stop.Raise()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.releaseListener()
}

// Drain takes no new client and no new request, lets what is being answered finish for at most
// timeout, and stops. It tells whether all finished.
func (s *Server) Drain(timeout time.Duration) bool {
	s.draining.Raise()
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	finished := s.sessions.permits.waitAllFree(timer.C)
	s.Stop()
	return finished
}

// Stats returns what the server has done so far. It takes a lock that a session takes only when it
// begins and ends.
func (s *Server) Stats() ServerStats { return s.stats.snapshot() }

// Endpoint returns where it serves; the zero value where the run directory or the name cannot be.
func (s *Server) Endpoint() transport.Endpoint { return s.endpoint }

// Workers returns the most sessions at once.
func (s *Server) Workers() int { return s.sessions.permits.capacity }

// bind is Bind with the lock held.
func (s *Server) bind() error {
	switch {
	case s.draining.Raised():
		return s.failure(ErrAborted, nil)
	case s.running || s.listener != nil:
		return nil
	case s.invalidEndpoint != nil:
		return s.failure(ErrInvalidRequest, s.invalidEndpoint)
	case s.handler.newResponder == nil:
		return s.failure(ErrInvalidRequest, errors.New("there is no handler"))
	}
	listener, err := s.transport.Bind(s.endpoint, s.listen)
	switch {
	case errors.Is(err, transport.ErrAddressInUse):
		return s.failure(ErrAddressInUse, err)
	case err != nil:
		return s.failure(ErrIO, err)
	}
	s.listener, s.statsListener = listener, s.bindStats()
	s.log.Info("netipc: listening", "endpoint", s.endpoint, "service", s.handler.method.Name)
	return nil
}

// startRunning marks the server as running and returns its listener; none where it was stopped.
func (s *Server) startRunning() (transport.Listener, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running {
		return nil, s.failure(ErrBusy, nil)
	}
	if s.draining.Raised() {
		s.releaseListener()
		return nil, nil
	}
	if err := s.bind(); err != nil {
		if s.draining.Raised() {
			// Stopped while it bound: that it did not bind is no error.
			err = nil
		}
		return nil, err
	}
	listener := s.listener
	s.listener, s.running = nil, true
	return listener, nil
}

// releaseListener gives back an endpoint that was bound and is not served.
func (s *Server) releaseListener() {
	if s.listener != nil {
		// Where it fails, the name is gone already or belongs to another server.
		_ = s.listener.Close()
		if s.statsListener != nil {
			_ = s.statsListener.Close()
		}
		s.listener, s.statsListener = nil, nil
	}
}

// acceptClients accepts clients until the server drains or stops, each with a handshake permit. It fails
// where the endpoint was taken away.
func (s *Server) acceptClients(listener transport.Listener) error {
	wait := transport.Wait{Abort: &s.draining}
	accept := listener.Accept
	if silent, ok := listener.(transport.ReadyListener); ok {
		accept = silent.AcceptReady
	}
	for s.handshakePermits.acquire(nil, s.draining.Done()) {
		link, err := accept(wait)
		if err == nil {
			s.serving.Add(1)
			go s.serveClient(link)
			continue
		}
		s.handshakePermits.release()
		if errors.Is(err, transport.ErrAborted) {
			return nil
		}
		if errors.Is(err, transport.ErrEndpointLost) {
			return err
		}
		if times, logged := s.acceptFailures.count(); logged {
			s.log.Warn("netipc: cannot accept, pausing", "endpoint", s.endpoint, "error", err, "times", times)
		}
		// Only draining ends it early, which the loop checks next.
		_ = wait.Sleep(acceptPause)
	}
	return nil
}

// serveClient serves one connection, from its handshake to its end.
func (s *Server) serveClient(link transport.Baseline) {
	defer s.serving.Done()
	var client turnedDown
	opened, permit, err := s.admit(link, &client)
	s.handshakePermits.release()
	if err != nil {
		s.logRefusal(&client, err)
		return
	}
	// Deferred, as a handler may end this goroutine with runtime.Goexit.
	defer s.sessions.release(permit)
	s.runSession(opened)
}

// admit shakes hands. It takes a session permit before it accepts, and refuses the client at once where
// there is none. Whoever gets the connection releases the permit.
func (s *Server) admit(
	link transport.Baseline, client *turnedDown,
) (*connection.Connection, *sessionPermit, error) {
	refusing := func(peer transport.Peer) { client.note(&s.stats, peer) }
	incoming, err := connection.Receive(
		link, s.policy, transport.Timeout(handshakeTimeout).OrAbort(&s.draining), refusing)
	if err != nil {
		return nil, nil, err
	}
	wait := transport.Timeout(handshakeTimeout).OrAbort(&s.stop)
	permit := s.sessions.acquire(incoming.PeerWatch(), s.draining.Done())
	if permit == nil {
		why := s.busy()
		return nil, nil, refusedAnyway(incoming.TurnDown(why, wait), why.Why+", and it left before it was told")
	}
	peer := incoming.Peer()
	incoming.OnFailedOffer = s.publishing.withoutSHM.note
	opened, err := incoming.Accept(s.nextSessionID, wait)
	if err != nil {
		s.sessions.release(permit)
		if permit.waited {
			client.note(&s.stats, peer)
			err = refusedAnyway(err, "it left while it waited for a session to end")
		}
		return nil, nil, err
	}
	return opened, permit, nil
}

// busy is what a client is told that gets no session.
func (s *Server) busy() *handshake.Refusal {
	if s.draining.Raised() {
		return handshake.Busy("the server stops")
	}
	return handshake.Busy(fmt.Sprintf("all %d sessions are taken", s.Workers()))
}

// refusedAnyway makes a refusal of err, with why, where it is none: a client whose connection failed before it
// was told counts as refused.
func refusedAnyway(err error, why string) error {
	var refusal *handshake.Refusal
	if errors.As(err, &refusal) {
		return err
	}
	refusal = handshake.Busy(why)
	refusal.Cause = err
	return refusal
}

func (s *Server) nextSessionID() uint64 { return s.lastSessionID.Add(1) }

// logRefusal logs why a client got no session, where it was turned down. What is no HELLO may come from any
// program: that is worth a debug line only.
func (s *Server) logRefusal(client *turnedDown, why error) {
	var refusal *handshake.Refusal
	if !errors.As(why, &refusal) || refusal.Silent {
		s.log.Debug("netipc: no handshake", "service", s.handler.method.Name, "error", why)
		return
	}
	s.publishing.refusals.note(refusal.Error())
	if client.name != "" {
		s.log.Warn("netipc: turned a client down", "service", s.handler.method.Name, "client", client.name,
			"refused", client.number, "error", why)
	}
}

func (s *Server) failure(code ErrorCode, cause error) error {
	name := s.endpoint.String()
	if s.invalidEndpoint != nil {
		name = "the endpoint"
	}
	return &ServeError{Endpoint: name, Code: code, Cause: cause}
}
