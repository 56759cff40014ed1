//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// stoppable prepares a command that askToStop is for.
func stoppable(*exec.Cmd) {}

// askToStop asks a program to stop, as a service manager would.
func askToStop(cmd *exec.Cmd) error { return cmd.Process.Signal(syscall.SIGTERM) }
