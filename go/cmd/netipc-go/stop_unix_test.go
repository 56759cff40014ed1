//go:build unix

package main

import (
	"os/exec"
	"syscall"
	"testing"
)

// stoppable prepares a provider, and returns how to ask it to stop: as a service manager would.
func stoppable(_ *testing.T, cmd *exec.Cmd) (ask func() error) {
	return func() error { return cmd.Process.Signal(syscall.SIGTERM) }
}
