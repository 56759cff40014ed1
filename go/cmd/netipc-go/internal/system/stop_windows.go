package system

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

// StopHelp says what asks a program to stop.
const StopHelp = "Ctrl-C, Ctrl-Break or the end of the console"

// StopSignals are what asks a program to stop: Ctrl-C and Ctrl-Break, and the end of the console, of
// the user's session or of the system, which the runtime tells as SIGTERM.
func StopSignals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }

// IgnoreBrokenPipes does nothing: a write to a pipe that nobody reads is an error of the write here.
func IgnoreBrokenPipes() {}

// IsBrokenPipe tells whether a write has failed because nobody reads any more.
func IsBrokenPipe(err error) bool {
	return errors.Is(err, windows.ERROR_BROKEN_PIPE) || errors.Is(err, windows.ERROR_NO_DATA)
}
