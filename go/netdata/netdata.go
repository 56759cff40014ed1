// Package netdata tells how a Netdata agent and its plugins find one another: the run directory that
// their endpoints lie in, and the token that their sessions carry.
//
// NetIPC itself takes both from its caller. This package has the agent's own rules, for plugins and for
// programs of its operators; docs/spec/netdata.md is the contract.
package netdata

import (
	"fmt"
	"os"
	"strings"
)

// RunDirVariable names the variable that holds the run directory, before any usual place is looked at.
const RunDirVariable = "NETDATA_RUN_DIR"

// Access is what somebody wants to do in the run directory.
type Access int

const (
	// Read is connecting to endpoints: a consumer.
	Read Access = iota
	// Write is making endpoints: a provider.
	Write
)

// RunDirError says that no directory is accessible.
type RunDirError struct {
	// Tried is every directory that was looked at, in order.
	Tried []string
	// Access is what was wanted there.
	Access Access
}

func (e *RunDirError) Error() string {
	done := "read"
	if e.Access == Write {
		done = "written"
	}
	tried := "none, as this platform has no usual place"
	if len(e.Tried) > 0 {
		tried = strings.Join(e.Tried, ", ")
	}
	return fmt.Sprintf("no run directory can be %s: looked at %s; set %s to the agent's", done, tried, RunDirVariable)
}

// RunDir returns the agent's run directory: the value of NETDATA_RUN_DIR if that directory is accessible,
// else the first of the platform's usual places that is. Its error is a [*RunDirError].
func RunDir(access Access) (string, error) {
	return RunDirAmong(os.Getenv(RunDirVariable), usualRunDirs, access)
}

// RunDirAmong is the rule of [RunDir] over given places: configured first, unless it is empty, then usual
// in order.
func RunDirAmong(configured string, usual []string, access Access) (string, error) {
	return first(configured, usual, access, func(dir string) bool { return isAccessible(dir, access) })
}

// CreateRunDir is like [RunDir] for a provider, and makes the first directory that can be made where none
// is there yet, with mode 0755 on Unix.
//
// A provider that starts others hands the result on to them as NETDATA_RUN_DIR, so that they cannot find
// another one.
func CreateRunDir() (string, error) {
	return CreateRunDirAmong(os.Getenv(RunDirVariable), usualRunDirs)
}

// CreateRunDirAmong is the rule of [CreateRunDir] over given places: configured first, unless it is empty,
// then usual in order.
func CreateRunDirAmong(configured string, usual []string) (string, error) {
	return first(configured, usual, Write, func(dir string) bool {
		return isAccessible(dir, Write) || create(dir) == nil && isAccessible(dir, Write)
	})
}

func first(configured string, usual []string, access Access, usable func(dir string) bool) (string, error) {
	var tried []string
	if configured != "" {
		tried = append(tried, configured)
	}
	tried = append(tried, usual...)
	for _, dir := range tried {
		if usable(dir) {
			return dir, nil
		}
	}
	return "", &RunDirError{Tried: tried, Access: access}
}
