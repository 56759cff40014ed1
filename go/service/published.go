package service

import (
	"sync"
	"sync/atomic"
	"time"
)

// published is the state of a client that any goroutine may read, also in the middle of a call. Only
// the goroutine that uses the client writes it.
type published struct {
	state    atomic.Uint32
	counters struct {
		connects, reconnects, calls, errors, retries, timeouts, aborts, sent, received atomic.Uint64
	}
	created time.Time
	// When the last call that succeeded began, in nanoseconds after created; 0 is never.
	lastSuccess atomic.Int64

	mu        sync.Mutex
	session   *SessionStatus
	lastError string
}

// Ready tells whether calls can be made. Any goroutine may ask; no I/O.
func (p *published) Ready() bool { return p.State() == StateReady }

// State tells where the client stands. Any goroutine may ask; no I/O.
func (p *published) State() ClientState { return ClientState(p.state.Load()) }

// Counters tells what happened so far. Any goroutine may ask; no I/O.
func (p *published) Counters() Counters {
	c := &p.counters
	return Counters{
		Connects:      c.connects.Load(),
		Reconnects:    c.reconnects.Load(),
		Calls:         c.calls.Load(),
		Errors:        c.errors.Load(),
		Retries:       c.retries.Load(),
		Timeouts:      c.timeouts.Load(),
		Aborts:        c.aborts.Load(),
		BytesSent:     c.sent.Load(),
		BytesReceived: c.received.Load(),
	}
}

// Status tells everything there is to know of the client. Any goroutine may ask; no I/O, and it never
// waits for a call.
func (p *published) Status() ClientStatus {
	status := ClientStatus{State: p.State(), Counters: p.Counters()}
	if since := p.lastSuccess.Load(); since > 0 {
		status.LastSuccess = p.created.Add(time.Duration(since))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	status.LastError = p.lastError
	if p.session != nil {
		session := *p.session
		status.Session = &session
	}
	return status
}

func (p *published) setState(state ClientState) { p.state.Store(uint32(state)) }

func (p *published) setSession(session *SessionStatus) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.session = session
}

func (p *published) setError(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lastError = text
}

// succeeded dates the last success: a call that began so long after created.
func (p *published) succeeded(began time.Duration) { p.lastSuccess.Store(int64(began) + 1) }

// add adds to a counter that only its owner writes, which costs less than a locked addition.
func add(counter *atomic.Uint64, n uint64) { counter.Store(counter.Load() + n) }
