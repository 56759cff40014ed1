package service

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/netipc/netipc/go/internal/connection"
	"github.com/netipc/netipc/go/internal/session/handshake"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

const handshakeTimeout = protocol.DefaultHandshakeTimeoutMs * time.Millisecond

// core is what clients of all services share: the session's life, retry and growth, on bytes.
//
// Its exported methods are those of every client.
type core struct {
	published

	transport transport.Transport
	endpoint  transport.Endpoint
	// Why there is no valid endpoint; nil where there is.
	invalidEndpoint error
	options         clientOptions
	log             *slog.Logger
	interrupt       interrupt
	timeout         atomic.Int64
	connection      *connection.Connection
	// What the session agreed on; without a session, of one before.
	limits capacity
	// What to propose next.
	proposed capacity
	// What this provider has refused: neither it nor more is proposed again.
	refused []capacity
	// Whether this provider is known to give its responses no more room than they have.
	responseIsFixed bool
	// When to try again: a server that rejected this client, and shared memory that could not be used.
	rejectionBackoff, shmBackoff, ringBackoff backoff
	openErr                                   error
	// When the last logical call began, after created: a success is dated by it, which saves a short call the reading
	// of the clock at its end.
	began  time.Duration
	nextID uint64
	// Where requests are written.
	request []byte
	// The payload of the answer that came last, and its items where it is a batch.
	payload []byte
	batch   protocol.Packed
}

func newCore(runDir, service string, config *ClientConfig) *core {
	backend := transportOrNative(config.Transport, config.Logger)
	c := &core{
		transport:        backend,
		options:          newClientOptions(config, backend),
		log:              loggerOrDefault(config.Logger),
		rejectionBackoff: newBackoff(time.Second, 60*time.Second),
		shmBackoff:       newBackoff(time.Second, 300*time.Second),
		ringBackoff:      newBackoff(time.Second, 300*time.Second),
		nextID:           1,
	}
	c.endpoint, c.invalidEndpoint = transport.NewEndpoint(runDir, service)
	c.proposed = c.options.initial
	c.created = time.Now()
	c.SetCallTimeout(config.CallTimeoutMs)
	return c
}

// Refresh connects where there is no session, and looks whether there still is one. It tells whether
// something changed. Call it at your own pace; an attempt takes at most the handshake timeout of 2
// seconds, and where the server wants less than was offered, there is a second one.
func (c *core) Refresh() bool { return c.refresh(transport.Wait{Abort: &c.interrupt.abort}) }

// RefreshContext is Refresh, ended by ctx at the latest.
func (c *core) RefreshContext(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	release := c.interrupt.follow(ctx)
	defer release()
	wait := transport.Wait{Abort: &c.interrupt.abort}
	wait.Deadline, _ = ctx.Deadline()
	changed := c.refresh(wait)
	ended := errors.Is(c.openErr, transport.ErrAborted) || errors.Is(c.openErr, transport.ErrTimeout)
	if ended && wait.Check() != nil && !c.interrupt.isByOwner() {
		err := ctx.Err()
		if err == nil {
			// Its deadline has passed here a moment before ctx says so.
			err = context.DeadlineExceeded
		}
		c.openErr = &interruptedError{context: err, cause: c.openErr}
		c.recordError(c.openErr)
	}
	return changed
}

// OpenError returns why the last refresh that had to connect gave no session, or nil.
func (c *core) OpenError() error { return c.openErr }

// SetCallTimeout sets how long a whole call may take, in milliseconds; 0 is 30,000.
func (c *core) SetCallTimeout(ms uint32) { c.timeout.Store(int64(callTimeout(ms))) }

// Abort calls off what runs, in any of its phases and at once, and everything that follows until
// ClearAbort or Close. Any goroutine may call it.
func (c *core) Abort() { c.interrupt.raise() }

// ClearAbort lets calls be made again. Any goroutine may call it.
func (c *core) ClearAbort() { c.interrupt.clear() }

// WaitObject returns what an event loop of the platform can watch while there is a session, or
// [transport.NoWaitObject]: it is ready when the provider has hung up. It belongs to the client and
// changes with the session.
func (c *core) WaitObject() transport.WaitObject {
	if c.connection == nil {
		return transport.NoWaitObject
	}
	return c.connection.WaitObject()
}

// Close releases everything; counters stay. The client can be refreshed again, and is closed again
// after that. It returns nil.
func (c *core) Close() error {
	c.dropSession(StateDisconnected)
	c.forgetProvider()
	c.openErr = nil
	c.proposed = c.options.initial
	c.request = nil
	c.interrupt.clear()
	c.interrupt.abort.Close()
	return nil
}

func (c *core) refresh(wait transport.Wait) bool {
	state, reconnects := c.State(), c.counters.reconnects.Load()
	switch state {
	case StateReady:
		if err := c.connection.Check(); err != nil {
			c.recordError(&Failure{Kind: FailureLost, Cause: err})
			c.forgetProvider()
			c.reopen(wait)
		}
	case StateBroken:
		c.reopen(wait)
	case StateAuthFailed, StateIncompatible:
		if c.rejectionBackoff.allows(time.Now()) && c.open(wait) {
			add(&c.counters.connects, 1)
		}
	default:
		if c.open(wait) {
			add(&c.counters.connects, 1)
		}
	}
	return state != c.State() || reconnects != c.counters.reconnects.Load()
}

// reconnect replaces the session by a new one. It fails where no new one could be had.
func (c *core) reconnect(wait transport.Wait) *Failure {
	if c.reopen(wait) {
		return nil
	}
	if f := waitFailure(wait); f != nil {
		c.setState(StateBroken)
		return f
	}
	return &Failure{Kind: FailureReconnect, Cause: c.openErr}
}

// recordError makes the failure the last error of the status, with the endpoint's name.
func (c *core) recordError(failure error) {
	text := failure.Error()
	if name := c.name(); !strings.Contains(text, name) {
		text = name + ": " + text
	}
	c.setError(text)
}

func (c *core) name() string {
	if c.invalidEndpoint != nil {
		return c.invalidEndpoint.Error()
	}
	return c.endpoint.String()
}

// dropSession closes the session, if there is one, and leaves the client in state.
func (c *core) dropSession(state ClientState) {
	if c.connection != nil {
		// The session is given up: a close that fails changes nothing.
		_ = c.connection.Close()
		c.connection, c.payload, c.batch = nil, nil, protocol.Packed{}
		c.setSession(nil)
	}
	c.setState(state)
}

// reopen drops the session and makes one attempt to get another; it tells whether there is one.
func (c *core) reopen(wait transport.Wait) bool {
	c.dropSession(StateBroken)
	opened := c.open(wait)
	if opened {
		add(&c.counters.reconnects, 1)
	}
	return opened
}

// open makes one attempt to get a session; it tells whether there is one.
func (c *core) open(wait transport.Wait) bool {
	c.setState(StateConnecting)
	err := c.tryOpen(wait)
	if errors.Is(err, transport.ErrTimeout) && wait.Check() == nil {
		// The caller's own time is not up.
		err = &HandshakeTimeoutError{Limit: handshakeTimeout, Cause: err}
	}
	c.openErr = err
	if err == nil {
		c.rejectionBackoff.succeeded()
		c.setState(StateReady)
		c.log.Debug("netipc: connected", "endpoint", c.name())
		return true
	}
	state := openState(err)
	switch state {
	case StateAuthFailed, StateIncompatible:
		c.rejectionBackoff.failed(time.Now())
	case StateNotFound:
		c.forgetProvider()
	}
	c.recordError(err)
	c.setState(state)
	c.log.Debug("netipc: not connected", "endpoint", c.name(), "state", state, "error", err)
	return false
}

// tryOpen connects. Where the server refuses the proposed limits, it connects once more with lower ones;
// where shared memory cannot be used, once more without it.
func (c *core) tryOpen(wait transport.Wait) error {
	if c.invalidEndpoint != nil {
		return c.invalidEndpoint
	}
	offered := c.offerNow()
	lowered := false
	for {
		err := c.tryConnect(offered, wait)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, handshake.ErrLimitExceeded) && !lowered:
			lowered = true
			c.proposeLess()
		default:
			var attach *transport.AttachError
			if !errors.As(err, &attach) || attach.Kind != transport.ErrUnusable && attach.Kind != transport.ErrTimeout {
				return err
			}
			next := c.excludeShm(offered, attach)
			// Where the caller's deadline was too short for attaching, it is likely to be next time, too.
			if attach.Kind == transport.ErrTimeout || next == 0 || next == offered {
				return err
			}
			offered = next
		}
	}
}

// offerNow returns the profiles to offer at first: without the shared memory that was of no use a while ago.
func (c *core) offerNow() protocol.Profiles {
	offered, now := c.options.supported, time.Now()
	if others := offered &^ protocol.ProfileSHMRing; others != 0 && !c.ringBackoff.allows(now) {
		offered = others
	}
	if others := offered &^ protocol.ProfilesAllRegions; others != 0 && !c.shmBackoff.allows(now) {
		offered = others
	}
	return offered
}

func (c *core) tryConnect(offered protocol.Profiles, wait transport.Wait) error {
	proposal := c.options.proposal(c.proposed, offered)
	opened, err := connection.Connect(c.transport, c.endpoint, proposal, wait.AtMost(handshakeTimeout))
	if err != nil {
		return err
	}
	agreed, info := opened.Agreed(), opened.Info()
	switch agreed.Profile {
	case protocol.ProfileBaseline:
	case protocol.ProfileSHMRing:
		c.ringBackoff.succeeded()
	default:
		c.shmBackoff.succeeded()
	}
	c.connection = opened
	c.limits = capacity{
		requestBytes:  agreed.Limits.Request.PayloadBytes,
		batchItems:    agreed.Limits.Request.BatchItems,
		responseBytes: agreed.Limits.Response.PayloadBytes,
	}
	c.setSession(&SessionStatus{
		Profile:   agreed.Profile,
		Transport: info.Kind,
		SessionID: agreed.SessionID,
		Limits:    agreed.Limits,
		Peer:      info.Peer,

		ServerProfiles: agreed.ServerSupported,
	})
	return nil
}

// excludeShm leaves shared memory of the kind that failed out of proposals for a while: the ring, or all regions.
// It returns what to offer now.
func (c *core) excludeShm(offered protocol.Profiles, failed *transport.AttachError) protocol.Profiles {
	c.recordError(failed)
	kind, backoff := protocol.Profiles(protocol.ProfilesAllRegions), &c.shmBackoff
	if failed.Profile == protocol.ProfileSHMRing {
		kind, backoff = protocol.ProfileSHMRing, &c.ringBackoff
	}
	backoff.failed(time.Now())
	c.log.Warn("netipc: leaving shared memory out for a while", "endpoint", c.name(), "profiles", (offered & kind).String(), "error", failed)
	return offered &^ kind
}
