package system

import (
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/windows"
)

// StopHelp says what asks a program to stop.
const StopHelp = "Ctrl-C, Ctrl-Break or the end of the console"

const (
	// Drain is how long requests that are being answered may take once a program is asked to stop. The
	// system ends it five seconds after its console was closed.
	Drain = 4 * time.Second
	// DrainHelp says so.
	DrainHelp = "4 seconds"
)

// StopSignals are what asks a program to stop: Ctrl-C and Ctrl-Break, and the end of the console, of
// the user's session or of the system, which the runtime tells as SIGTERM: it keeps the system waiting then, until the program has ended.
func StopSignals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }

// IgnoreBrokenPipes does nothing: a write to a pipe that nobody reads is an error of the write here.
func IgnoreBrokenPipes() {}

// IsBrokenPipe tells whether a write has failed because nobody reads any more.
func IsBrokenPipe(err error) bool {
	return errors.Is(err, windows.ERROR_BROKEN_PIPE) || errors.Is(err, windows.ERROR_NO_DATA)
}
