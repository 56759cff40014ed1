package main

import (
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/windows"
)

// stoppable prepares a provider, and returns how to ask it to stop: by the end of its stdin, as a program
// does that shares no console with it.
func stoppable(t *testing.T, cmd *exec.Cmd) (ask func() error) {
	t.Helper()
	cmd.Args = append(cmd.Args, "--until-stdin-ends")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	return stdin.Close
}

func TestCtrlBreakIsARequestToStop(t *testing.T) {
	if window, _, _ := windows.NewLazySystemDLL("kernel32.dll").NewProc("GetConsoleCP").Call(); window == 0 {
		t.Skip("SKIPPED without a console, as under Wine: run this in one")
	}
	p := newPlace(t)
	cmd := command(t, "serve", "--run-dir", p.runDir(), increments)
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := stdout.Read(make([]byte, 100)); err != nil {
		t.Error(err)
	}
	if err := windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(cmd.Process.Pid)); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
