package service

import (
	"sync"
	"time"
)

// gate lets at most so many in at once.
type gate struct {
	capacity int

	mu     sync.Mutex
	inside int
	// Closed when somebody leaves; nil while nobody waits for that.
	left chan struct{}
}

func newGate(capacity int) *gate { return &gate{capacity: capacity} }

// enter waits for a place until timeout fires or closed is; it tells whether there was one.
func (g *gate) enter(timeout <-chan time.Time, closed <-chan struct{}) bool {
	for {
		select {
		case <-closed:
			return false
		default:
		}
		entered, left := g.try()
		if entered {
			return true
		}
		select {
		case <-left:
		case <-timeout:
			return false
		case <-closed:
			return false
		}
	}
}

// leave gives a place back.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if g.left != nil {
		close(g.left)
		g.left = nil
	}
}

// waitEmpty waits until nobody is inside, or timeout fires; it tells whether nobody is.
func (g *gate) waitEmpty(timeout <-chan time.Time) bool {
	for {
		empty, left := g.empty()
		if empty {
			return true
		}
		select {
		case <-left:
		case <-timeout:
			return false
		}
	}
}

func (g *gate) try() (bool, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inside < g.capacity {
		g.inside++
		return true, nil
	}
	return false, g.nextLeave()
}

func (g *gate) empty() (bool, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inside == 0 {
		return true, nil
	}
	return false, g.nextLeave()
}

func (g *gate) nextLeave() <-chan struct{} {
	if g.left == nil {
		g.left = make(chan struct{})
	}
	return g.left
}
