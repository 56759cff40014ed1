package transport

import "time"

// Wait is how long an operation may wait, and who may call it off. The zero value waits for ever.
type Wait struct {
	// Deadline is when it ends; zero is never.
	Deadline time.Time
	// Abort is what may call it off; nil is nobody.
	Abort *Abort
}

// Timeout returns a wait for d from now; zero does what needs no waiting.
func Timeout(d time.Duration) Wait { return Wait{Deadline: time.Now().Add(d)} }

// OrAbort returns the same wait, ended also by a.
func (w Wait) OrAbort(a *Abort) Wait {
	w.Abort = a
	return w
}

// AtMost returns the same wait, ended by limit from now at the latest.
func (w Wait) AtMost(limit time.Duration) Wait {
	end := time.Now().Add(limit)
	if w.Deadline.IsZero() || end.Before(w.Deadline) {
		w.Deadline = end
	}
	return w
}

// Remaining returns what is left until the deadline, not below zero, and whether there is one.
func (w Wait) Remaining() (time.Duration, bool) {
	if w.Deadline.IsZero() {
		return 0, false
	}
	return max(time.Until(w.Deadline), 0), true
}

// Check tells whether waiting may go on: it fails with [ErrAborted], or with [ErrTimeout] once the
// deadline has passed.
func (w Wait) Check() error {
	if err := w.CheckAbort(); err != nil {
		return err
	}
	if left, ends := w.Remaining(); ends && left == 0 {
		return ErrTimeout
	}
	return nil
}

// CheckAbort is the part of Check that needs no clock, for calls that may not wait at all.
func (w Wait) CheckAbort() error {
	if w.Abort != nil && w.Abort.Raised() {
		return ErrAborted
	}
	return nil
}

// Sleep sleeps for d, or until this wait ends. It fails with [ErrAborted] at once when raised, and
// with [ErrTimeout] at a deadline that comes before d is over.
func (w Wait) Sleep(d time.Duration) error {
	if err := w.CheckAbort(); err != nil {
		return err
	}
	left, ends := w.Remaining()
	short := ends && left < d
	if short {
		d = left
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-w.Abort.Done():
		return ErrAborted
	case <-timer.C:
	}
	if short {
		return ErrTimeout
	}
	return nil
}
