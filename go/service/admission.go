package service

import (
	"sync"
	"time"
)

const (
	// endingWait is how long a client waits for a session that is known to be ending.
	endingWait = 500 * time.Millisecond
	// unseenWait is how long it waits where nothing tells which sessions are: one whose client has left
	// ends at once, unless its handler runs.
	unseenWait = 30 * time.Millisecond
)

// admission hands out the permits of sessions, and knows whose clients have left.
type admission struct {
	permits *semaphore

	mu       sync.Mutex
	sessions []*sessionPermit
	// Clients that wait for a session to end.
	waiting int
}

// sessionPermit is the right to have a session.
type sessionPermit struct {
	// Whether its client has hung up; nil where nothing tells.
	hasHungUp func() bool
	// Whether its client had to wait for it.
	waited bool
}

func newAdmission(workers int) *admission {
	return &admission{permits: newSemaphore(max(workers, 1))}
}

// acquire returns a permit for the client that hasHungUp is about. It waits only where a session is ending
// whose permit nobody else waits for; it returns nil where there is none, and once closed is closed.
func (a *admission) acquire(hasHungUp func() bool, closed <-chan struct{}) *sessionPermit {
	permit := &sessionPermit{hasHungUp: hasHungUp}
	if acquired, _ := a.permits.tryAcquire(); acquired {
		a.list(permit)
		return permit
	}
	longest := a.beginWait()
	timer := time.NewTimer(longest)
	acquired := a.permits.acquire(timer.C, closed)
	timer.Stop()
	a.mu.Lock()
	a.waiting--
	a.mu.Unlock()
	if !acquired {
		return nil
	}
	permit.waited = longest > 0
	a.list(permit)
	return permit
}

// release gives a permit back, after the session's connection is closed.
func (a *admission) release(permit *sessionPermit) {
	// Before the session is forgotten: one that is over and not known as such would have others refused.
	a.permits.release()
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, listed := range a.sessions {
		if listed == permit {
			last := len(a.sessions) - 1
			a.sessions[i], a.sessions[last] = a.sessions[last], nil
			a.sessions = a.sessions[:last]
			return
		}
	}
}

func (a *admission) list(permit *sessionPermit) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sessions = append(a.sessions, permit)
}

// beginWait counts one more client that waits; it returns for how long it may.
func (a *admission) beginWait() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	ending, unseen := 0, false
	for _, session := range a.sessions {
		switch {
		case session.hasHungUp == nil:
			unseen = true
		case session.hasHungUp():
			ending++
		}
	}
	a.waiting++
	switch {
	case ending >= a.waiting:
		return endingWait
	case unseen:
		return unseenWait
	}
	return 0
}
