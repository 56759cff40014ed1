package cli

import (
	"errors"
	"fmt"
	"io"
)

// Exit is the status that the program ends with, the same as that of the program netipc.
type Exit int

const (
	// Done is success.
	Done Exit = iota
	// Failed: the server's handler failed, its data kept changing, or the system failed.
	Failed
	// Usage: the arguments, the keys, the token or a data file are not valid.
	Usage
	// NotFound: nobody serves the endpoint.
	NotFound
	// AuthFailed: the server does not accept the token or the user.
	AuthFailed
	// Incompatible: another service, another version, or no profile in common.
	Incompatible
	// Timeout: no answer within the time allowed.
	Timeout
	// Protocol: the server broke the protocol.
	Protocol
	// NoSession: the server is full, turned the session down, or the connection was lost.
	NoSession
	// TooLarge: the request or the answer does not fit the limits.
	TooLarge
	// AddressInUse: another server owns the endpoint.
	AddressInUse
)

// Table is the exit codes, as the help shows them.
const Table = `Exit codes:
   0  done
   1  failed: the server's handler failed, its data kept changing, or the system failed
   2  the arguments, the keys, the token or a data file are not valid
   3  not found: nobody serves the endpoint
   4  auth failed: the server does not accept the token or the user
   5  incompatible: another service, another version, or no profile in common
   6  timeout: no answer within the time allowed
   7  protocol error: the server broke the protocol
   8  no session: the server is full, turned the session down, or the connection was lost
   9  too large: the request or the answer does not fit the limits
  10  address in use: another server owns the endpoint, or has taken it over`

var exitNames = [...]string{
	"done", "failed", "invalid", "not found", "auth failed", "incompatible", "timeout", "protocol error",
	"no session", "too large", "address in use",
}

// String is the exit in a word or two.
func (e Exit) String() string { return exitNames[e] }

// Failure is why the program did not do what it was asked, in one sentence, and what it ends with.
type Failure struct {
	Exit  Exit
	cause error
}

// Fail returns a failure whose sentence is formatted.
func Fail(exit Exit, format string, args ...any) error {
	return &Failure{exit, fmt.Errorf(format, args...)}
}

// Error is the sentence.
func (f *Failure) Error() string { return f.Exit.String() + ": " + f.cause.Error() }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.cause }

// Report says what went wrong, if anything did; it returns what to end with.
func Report(err error, out io.Writer) Exit {
	if err == nil || errors.Is(err, ErrHelp) {
		return Done
	}
	Tell(out, err)
	var failure *Failure
	if errors.As(err, &failure) {
		return failure.Exit
	}
	return Failed
}

// Tell says something to people, if anybody listens.
func Tell(out io.Writer, what any) {
	start := ""
	if _, reads := out.(Journal); reads {
		start = graveError
	}
	fmt.Fprintf(out, "%snetipc-go: %v\n", start, what)
}
