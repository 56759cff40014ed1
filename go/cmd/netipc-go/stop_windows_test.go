package main

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// stoppable prepares a command that askToStop is for: a group of its own, so that nobody else is asked.
func stoppable(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}

// askToStop asks a program to stop, as somebody at the console would.
func askToStop(cmd *exec.Cmd) error {
	return windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(cmd.Process.Pid))
}
