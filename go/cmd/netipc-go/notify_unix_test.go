//go:build unix

package main

import (
	"bufio"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A service manager as systemd is one: it is told when the program is ready, that it is alive, and that it
// stops.
func TestASupervisorIsToldOfEverything(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	address := net.UnixAddr{Name: filepath.Join(p.dir, "notify"), Net: "unixgram"}
	manager, err := net.ListenUnixgram("unixgram", &address)
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	heard := make(chan string, 1000)
	go func() {
		defer close(heard)
		for {
			message := make([]byte, 100)
			size, err := manager.Read(message)
			if err != nil {
				return
			}
			heard <- string(message[:size])
		}
	}()
	cmd := command(t, "serve", increments, "--run-dir", p.runDir())
	cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+address.Name, "WATCHDOG_USEC=20000")
	end := p.start(cmd)
	expect := func(wanted string, others ...string) {
		t.Helper()
		deadline := time.After(time.Minute)
		for {
			select {
			case message := <-heard:
				if message == wanted {
					return
				}
				if len(others) == 0 || message != others[0] {
					t.Fatalf("heard %q before %q", message, wanted)
				}
			case <-deadline:
				t.Fatalf("never heard %q", wanted)
			}
		}
	}
	expect("READY=1")
	expect("WATCHDOG=1")
	end()
	expect("STOPPING=1", "WATCHDOG=1")
}

func TestAnEndpointThatIsTakenOverEndsItsProvider(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	first := command(t, "serve", increments, "--run-dir", p.runDir())
	stdout, err := first.StdoutPipe()
	if err == nil {
		err = first.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer first.Process.Kill()
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "READY\n" {
		t.Fatalf("the provider said %q, %v", line, err)
	}
	if err := os.Remove(filepath.Join(p.runDir(), "increment.sock")); err != nil {
		t.Fatal(err)
	}
	p.serve(increments)
	// Once it has looked.
	_ = first.Wait()
	if code := first.ProcessState.ExitCode(); code != 10 {
		t.Errorf("it ended with %d", code)
	}
	p.call("increment", "1")
}
