package transport

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Abort calls off what waits, from any goroutine, at once, and stays raised until it is cleared.
//
// The zero value is ready and not raised. It costs nothing until somebody waits with it, and can
// always be made: where the system has nothing left to watch it by, waits look at it every 10 ms. It
// may not be copied after its first use.
type Abort struct {
	raised atomic.Bool

	mu     sync.Mutex
	done   chan struct{}
	wakers []Waker
	event  event
	// Waits that hold the event, and whether it goes with the last of them.
	watchers int
	release  bool
}

// Waker rouses a wait that nothing of the system can express.
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

// Close gives back what of the system waits have needed, once none of them goes on. The abort can
// be used after that; who waits with it again closes it again.
func (a *Abort) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.release = a.watchers > 0
	if !a.release {
		a.event.close()
	}
}

// Watch returns what is ready while raised, until Unwatch; or [NoWaitObject] where the system has none
// left: then look every 10 ms, and do not call Unwatch. For transports.
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
	return a.event.native()
}

// Unwatch ends a Watch.
func (a *Abort) Unwatch() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.watchers--
	if a.watchers == 0 && a.release {
		a.release = false
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
