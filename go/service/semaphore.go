package service

import (
	"sync"
	"time"
)

// semaphore hands out permits, at most capacity at once.
type semaphore struct {
	capacity int

	mu   sync.Mutex
	held int
	// Closed at the next release; nil while nobody waits for one.
	released chan struct{}
}

func newSemaphore(capacity int) *semaphore { return &semaphore{capacity: capacity} }

// acquire waits for a permit until timeout fires or closed is closed; it tells whether it got one.
func (s *semaphore) acquire(timeout <-chan time.Time, closed <-chan struct{}) bool {
	for {
		select {
		case <-closed:
			return false
		default:
		}
		acquired, released := s.tryAcquire()
		if acquired {
			return true
		}
		select {
		case <-released:
		case <-timeout:
			return false
		case <-closed:
			return false
		}
	}
}

// release gives a permit back.
func (s *semaphore) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held--
	if s.released != nil {
		close(s.released)
		s.released = nil
	}
}

// waitAllFree waits until no permit is held, or timeout fires; it tells whether none is.
func (s *semaphore) waitAllFree(timeout <-chan time.Time) bool {
	for {
		free, released := s.allFree()
		if free {
			return true
		}
		select {
		case <-released:
		case <-timeout:
			return false
		}
	}
}

// tryAcquire takes a permit where one is free; else it returns a channel that the next release closes.
func (s *semaphore) tryAcquire() (bool, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held < s.capacity {
		s.held++
		return true, nil
	}
	return false, s.nextRelease()
}

// allFree tells whether no permit is held; else it returns a channel that the next release closes.
func (s *semaphore) allFree() (bool, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held == 0 {
		return true, nil
	}
	return false, s.nextRelease()
}

func (s *semaphore) nextRelease() <-chan struct{} {
	if s.released == nil {
		s.released = make(chan struct{})
	}
	return s.released
}
