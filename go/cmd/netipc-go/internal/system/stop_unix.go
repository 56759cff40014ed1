//go:build unix

package system

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// StopHelp says what asks a program to stop.
const StopHelp = "SIGINT, SIGTERM or SIGHUP"

const (
	// Drain is how long requests that are being answered may take once a program is asked to stop.
	Drain = 5 * time.Second
	// DrainHelp says so.
	DrainHelp = "5 seconds"
)

// StopSignals are what asks a program to stop. Who started it with nohup wants no end with the
// terminal: SIGHUP stays ignored then.
func StopSignals() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// IgnoreBrokenPipes makes a write to a pipe that nobody reads an error of the write, and not the end
// of the process.
func IgnoreBrokenPipes() { signal.Ignore(syscall.SIGPIPE) }

// IsBrokenPipe tells whether a write has failed because nobody reads any more.
func IsBrokenPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }
