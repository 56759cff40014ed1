package transport

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Abort calls off what waits, from any goroutine, at once, and stays raised until it is cleared.
//
// The zero value is ready and not raised. It takes nothing from the system until a wait needs it. Where
// the system has no event left, waits look at it every 10 ms instead. It may not be copied after its
// first use.
type Abort struct {
	raised atomic.Bool

	mu     sync.Mutex
	done   chan struct{}
	wakers []Waker
	event  event
	// Waits that watch the event, and whether the last of them closes it.
	watchers           int
	closeWhenUnwatched bool
}

// Waker wakes a wait that is not for anything of the system, as one for a queue in memory.
type Waker interface {
	// Wake ends the wait, or lets it look at its abort. It does not block and leaves the abort alone.
	Wake()
}

// Raise ends every wait that has this abort, now and until it is cleared.
func (a *Abort) Raise() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.raised.Swap(true) {
		return
	}
	a.event.set()
	if a.done != nil {
		close(a.done)
	}
	// With the lock, so that nobody is woken who has unregistered: it may be gone.
	for _, waker := range a.wakers {
		waker.Wake()
	}
}

// Clear lets waits begin again.
func (a *Abort) Clear() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.raised.Swap(false) {
		return
	}
	a.event.reset()
	a.done = nil
}

// Raised tells whether it is raised.
func (a *Abort) Raised() bool { return a.raised.Load() }

// Done returns a channel that is closed while raised. That of a nil abort is never closed.
func (a *Abort) Done() <-chan struct{} {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.done == nil {
		a.done = make(chan struct{})
		if a.raised.Load() {
			close(a.done)
		}
	}
	return a.done
}

// Close gives back what waits took from the system, once the last of them ends. The abort can still
// be used: a wait after that takes it again, and needs another Close.
func (a *Abort) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closeWhenUnwatched = a.watchers > 0
	if !a.closeWhenUnwatched {
		a.event.close()
	}
}

// Watch returns what is ready while raised, until Unwatch; or [NoWaitObject] where the system has no event
// left: then look at Raised every 10 ms, and do not call Unwatch. For transports.
func (a *Abort) Watch() WaitObject {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.event.open() {
		return NoWaitObject
	}
	if a.raised.Load() {
		a.event.set()
	}
	a.watchers++
	return a.event.waitObject()
}

// Unwatch ends a Watch.
func (a *Abort) Unwatch() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.watchers--
	if a.watchers == 0 && a.closeWhenUnwatched {
		a.closeWhenUnwatched = false
		a.event.close()
	}
}

// Register has w woken when raised, until Unregister. Who registers looks at Raised after it and
// before waiting. For transports.
func (a *Abort) Register(w Waker) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.wakers = append(a.wakers, w)
}

// Unregister ends a Register. Once it returns, w is not being woken and will not be.
func (a *Abort) Unregister(w Waker) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if at := slices.Index(a.wakers, w); at >= 0 {
		a.wakers = slices.Delete(a.wakers, at, at+1)
	}
}
