package service

import "sync/atomic"

// logOneIn: of so many events, one is logged.
const logOneIn = 100

// logLimiter counts events of one kind and tells which of them to log, so that a flood of them does
// not flood the log.
type logLimiter struct{ events atomic.Uint64 }

// count counts an event; it returns how many there have been, and whether to log this one.
func (l *logLimiter) count() (number uint64, logged bool) {
	number = l.events.Add(1)
	return number, isLogged(number)
}

// isLogged tells whether to log the event with this number, from 1: the first, and one in a hundred of
// those that follow.
func isLogged(number uint64) bool { return number%logOneIn == 1 }
