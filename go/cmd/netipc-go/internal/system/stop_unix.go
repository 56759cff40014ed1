//go:build unix

package system

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// StopSignals are what asks a program to stop.
func StopSignals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} }

// IgnoreBrokenPipes makes a write to a pipe that nobody reads an error of the write, and not the end
// of the process.
func IgnoreBrokenPipes() { signal.Ignore(syscall.SIGPIPE) }

// IsBrokenPipe tells whether a write has failed because nobody reads any more.
func IsBrokenPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }
