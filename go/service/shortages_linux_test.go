package service_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/internal/conformance/services"
	"github.com/netipc/netipc/go/internal/session/handshake"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/increment"
)

// roleStarved is a server and a client without descriptors.
const roleStarved = "starved"

// playStarved uses everything that a server and a client need of the runtime, with no descriptor left but for
// what came with binding and with the client.
func playStarved(server *service.Server, dir string) error {
	client := increment.NewClient(dir, "other", service.ClientConfig{AuthToken: services.Token})
	defer client.Close()
	var whole unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &whole); err != nil {
		return err
	}
	free, err := unix.Dup(0)
	if err != nil {
		return err
	}
	if err := unix.Close(free); err != nil {
		return err
	}
	starved := unix.Rlimit{Cur: uint64(free), Max: whole.Max}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &starved); err != nil {
		return err
	}
	time.Sleep(time.Millisecond)
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	client.RefreshContext(ctx)
	if err := client.OpenError(); err == nil || client.Ready() {
		return fmt.Errorf("a session without descriptors: %v", err)
	}
	<-time.After(time.Millisecond)
	return unix.Setrlimit(unix.RLIMIT_NOFILE, &whole)
}

// roleLean is a server that gets little memory more than it has.
const roleLean = "lean"

// longest is what a client may propose to a lean server, and there is no memory for.
const longest = 1 << 30

// playLean leaves memory for a session or two of usual size.
func playLean() error {
	var pages uint64
	status, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return err
	}
	if _, err := fmt.Sscan(string(status), &pages); err != nil {
		return err
	}
	most := pages*uint64(os.Getpagesize()) + longest/2
	return unix.Setrlimit(unix.RLIMIT_AS, &unix.Rlimit{Cur: most, Max: most})
}

func TestAServerWithoutMemoryTurnsClientsDownAndLivesOn(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, native(), protocol.ProfileBaseline)
	lean := start(w, roleLean, protocol.ProfileBaseline)
	for range 3 {
		greedy := increment.NewClient(w.Dir, "svc", service.ClientConfig{
			AuthToken: services.Token, MaxResponsePayloadBytes: longest,
		})
		greedy.Refresh()
		if err := greedy.OpenError(); greedy.Ready() || !errors.Is(err, handshake.ErrLimitExceeded) {
			t.Fatal(greedy.State(), err)
		}
		w.No(greedy.Close())
		c := w.Incrementer()
		if n, err := c.Call(1); n != 2 || err != nil {
			w.Fatal(n, err)
		}
		w.No(c.Close())
	}
	lean.end()
	if !lean.cmd.ProcessState.Success() {
		t.Fatal(lean.cmd.ProcessState)
	}
}

func TestAProcessWithoutDescriptorsLivesOn(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, native(), protocol.ProfileBaseline)
	starved := start(w, roleStarved, protocol.ProfileBaseline)
	c := w.Incrementer()
	if n, err := c.Call(1); n != 2 || err != nil {
		w.Fatal(n, err)
	}
	w.No(c.Close())
	starved.end()
	if !starved.cmd.ProcessState.Success() {
		t.Fatal(starved.cmd.ProcessState)
	}
}
