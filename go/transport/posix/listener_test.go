//go:build linux

package posix

import (
	"errors"
	"net"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/internal/rundir"
	"github.com/netipc/netipc/go/transport"
)

// harmed is an endpoint to which something is done. The clock is moved: nobody waits for the next look.
type harmed struct {
	*testing.T
	top      string
	endpoint transport.Endpoint
	listener *listener
}

func newHarmed(t *testing.T) *harmed {
	t.Helper()
	top := rundir.New(t)
	h := &harmed{T: t, top: top}
	h.no(os.Mkdir(top+"/run", 0o700))
	endpoint, err := transport.NewEndpoint(top+"/run", "svc")
	h.no(err)
	h.endpoint = endpoint
	h.listener = h.bind()
	return h
}

func (h *harmed) no(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *harmed) bind() *listener {
	h.Helper()
	bound, err := New().Bind(h.endpoint, transport.BindOptions{})
	h.no(err)
	h.Cleanup(func() { _ = bound.Close() })
	return bound.(*listener)
}

// look accepts when it is time to look: nobody is there.
func (h *harmed) look() error {
	h.Helper()
	h.listener.nextLook = time.Now()
	_, err := h.listener.Accept(transport.Timeout(0))
	if errors.Is(err, transport.ErrTimeout) {
		return nil
	}
	if err == nil {
		h.Fatal("nobody has connected")
	}
	return err
}

// found tells whether clients find this listener.
func (h *harmed) found(l *listener) bool {
	h.Helper()
	soon := transport.Timeout(time.Minute)
	client, err := New().Connect(h.endpoint, soon)
	if errors.Is(err, transport.ErrNotFound) {
		return false
	}
	h.no(err)
	defer client.Close()
	server, err := l.Accept(soon)
	h.no(err)
	h.no(server.Close())
	return true
}

// Rule L18.
func TestWhatWasTakenAwayIsBoundAgain(t *testing.T) {
	for name, harm := range map[string]func(h *harmed, socket, runDir string){
		"the socket is removed": func(h *harmed, socket, _ string) { h.no(os.Remove(socket)) },
		"a file has its place": func(h *harmed, socket, _ string) {
			h.no(os.Remove(socket))
			h.no(os.WriteFile(socket, []byte("text"), 0o600))
		},
		"a dead socket has its place": func(h *harmed, socket, _ string) {
			h.no(os.Remove(socket))
			dead, err := net.Listen("unix", socket)
			h.no(err)
			dead.(*net.UnixListener).SetUnlinkOnClose(false)
			h.no(dead.Close())
		},
		"the run directory is removed": func(h *harmed, _, runDir string) { h.no(os.RemoveAll(runDir)) },
		"the run directory is made anew": func(h *harmed, _, runDir string) {
			h.no(os.RemoveAll(runDir))
			h.no(os.Mkdir(runDir, 0o700))
		},
		"the run directory is moved away": func(h *harmed, _, runDir string) {
			h.no(os.Rename(runDir, h.top+"/away"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarmed(t)
			if !h.found(h.listener) {
				t.Fatal("nobody is there before")
			}
			harm(h, h.endpoint.SocketPath(), h.endpoint.RunDir())
			if h.found(h.listener) {
				t.Fatal("no harm was done")
			}
			h.no(h.look())
			if !h.found(h.listener) {
				t.Fatal("it is not bound again")
			}
			h.no(h.listener.Close())
			for _, dir := range []string{h.endpoint.RunDir(), h.top + "/away"} {
				if left, _ := os.ReadDir(dir); len(left) != 0 {
					t.Errorf("left in %s is %v", dir, left)
				}
			}
		})
	}
}

// Rules L17, L18.
func TestASuccessorIsToldOfAndLeftAlone(t *testing.T) {
	h := newHarmed(t)
	h.no(os.Remove(h.endpoint.SocketPath()))
	successor := h.bind()
	err := h.look()
	var lost *transport.BindError
	if !errors.Is(err, transport.ErrEndpointLost) || !errors.As(err, &lost) ||
		!errors.Is(err, transport.ErrAddressInUse) || !slices.Equal(lost.Holders, []int{os.Getpid()}) {
		t.Fatalf("%v", err)
	}
	h.no(h.listener.Close())
	if !h.found(successor) {
		t.Error("the socket of the successor is gone")
	}
}

// Rule L18.
func TestAServerWaitsForWhatPassesAndForNothingElse(t *testing.T) {
	endpoint, err := transport.NewEndpoint("/run/x", "svc")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		err     error
		passing bool
	}{
		{bindError(endpoint, unix.ENOSPC), true},
		{bindError(endpoint, unix.EDQUOT), true},
		{bindError(endpoint, unix.ENOMEM), true},
		{bindError(endpoint, unix.EMFILE), true},
		{inUse(endpoint, lostRace, nil), true},
		{inUse(endpoint, "it answers", nil), false},
		{bindError(endpoint, unix.ENOTDIR), false},
		{bindError(endpoint, unix.EROFS), false},
		{nil, false},
	} {
		if got := isPassing(c.err); got != c.passing {
			t.Errorf("%v: %t", c.err, got)
		}
	}
}

// Rule L18.
func TestAServerWaitsUntilThereIsRoomForItsRunDirectory(t *testing.T) {
	h := newHarmed(t)
	place := h.endpoint.Place()
	h.no(os.RemoveAll(place))
	for _, errno := range []unix.Errno{unix.ENOSPC, unix.EDQUOT, unix.ENOMEM, unix.ENFILE} {
		if err := h.listener.bindAgain(errno); err != nil || h.found(h.listener) {
			t.Errorf("%v: %v", errno, err)
		}
	}
	h.no(h.look())
	if !h.found(h.listener) {
		t.Error("it was not bound again")
	}
	h.no(os.RemoveAll(place))
	if err := h.listener.bindAgain(unix.EROFS); !errors.Is(err, transport.ErrEndpointLost) {
		t.Error(err)
	}
}

func TestWhatIsInItsPlaceIsLookedAtAndNoMore(t *testing.T) {
	h := newHarmed(t)
	before := h.listener.held
	h.no(h.look())
	if h.listener.held != before {
		t.Error("it was bound again")
	}
	if next := time.Until(h.listener.nextLook); next <= 0 || next > 5*time.Second {
		t.Errorf("the next look is in %v", next)
	}
}

// Rule L18.
func TestALinkToTheRunDirectoryLeadsWhereItLeadsNow(t *testing.T) {
	h := newHarmed(t)
	before, after, link := h.top+"/before", h.top+"/after", h.top+"/link"
	h.no(os.Mkdir(before, 0o700))
	h.no(os.Mkdir(after, 0o700))
	h.no(os.Symlink(before, link))
	endpoint, err := transport.NewEndpoint(link, "svc")
	h.no(err)
	h.endpoint = endpoint
	h.listener = h.bind()
	h.no(os.Remove(link))
	h.no(os.Symlink(after, link))
	h.no(h.look())
	if !h.found(h.listener) {
		t.Error("it is not bound where the link leads")
	}
	if left, _ := os.ReadDir(before); len(left) != 0 {
		t.Errorf("left is %v", left)
	}
}

func TestNamesOfProcessesConfuseNobody(t *testing.T) {
	const fields = "1 1 1 0 -1 4194304 0 0 0 0 3 4 0 0 20 0 1 0 4242 0 0"
	for _, name := range []string{"sh", "a b", ") Z 1 (", "((", "\n"} {
		state, ticks, whole := parseStat("7 (" + name + ") S " + fields)
		if state != "S" || ticks != 4242 || !whole {
			t.Errorf("%q: %s, %d, %v", name, state, ticks, whole)
		}
	}
	for _, stat := range []string{"", "7 (sh) S 1 2"} {
		if _, _, whole := parseStat(stat); whole {
			t.Errorf("%q is whole", stat)
		}
	}
	ended, started, known := processInfo(os.Getpid())
	if ended || !known || time.Since(started) > 24*time.Hour || time.Until(started) > time.Second {
		t.Errorf("this process: %v, %v, %v", ended, started, known)
	}
}
