package netdata_test

import (
	"errors"
	"io"
	"io/fs"
	"math"
	"os/exec"
	"testing"

	"github.com/netipc/netipc/go/netdata"
)

// Rule A3.
func TestAProcessTellsTheTokenOfItsAgent(t *testing.T) {
	cat, err := exec.LookPath("cat")
	if err != nil {
		t.Fatal(err)
	}
	const ours, systemds = "NETDATA_INVOCATION_ID=7f3c1d2e9a4b4c5d8e6f0123456789ab", "INVOCATION_ID=00000000000000000000000000000000"
	for _, c := range []struct {
		environment []string
		token       uint64
		err         error
	}{
		{[]string{systemds, ours}, 0x1c4f14e28bbac07c, nil},
		{[]string{systemds}, 0xd0a66a65c7528968, nil},
		{[]string{"NETDATA_INVOCATION_ID=", systemds}, 0xd0a66a65c7528968, nil},
		{[]string{"X" + systemds}, 0, netdata.ErrNoToken},
	} {
		process := exec.Command(cat)
		process.Env = c.environment
		// Ends with the pipe.
		input, err := process.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		output, err := process.StdoutPipe()
		if err == nil {
			err = process.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		// A process that has just been started may show no environment yet: one that answers does.
		if _, err := input.Write([]byte{'?'}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(output, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		token, err := netdata.AuthTokenOfProcess(process.Process.Pid)
		if token != c.token || !errors.Is(err, c.err) {
			t.Errorf("%v: %016x, %v", c.environment, token, err)
		}
		if err := errors.Join(input.Close(), process.Wait()); err != nil {
			t.Error(err)
		}
	}
	if _, err := netdata.AuthTokenOfProcess(math.MaxInt32); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a process that does not exist: %v", err)
	}
}
