//go:build linux

package posix_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/transport"
	"github.com/netipc/netipc/go/transport/posix"
)

// playInherited serves one client over what a service manager has passed.
func playInherited(endpoint transport.Endpoint) error {
	inherited := transport.InheritedFromEnvironment()
	if again := transport.InheritedFromEnvironment(); inherited.IsEmpty() || !again.IsEmpty() {
		return fmt.Errorf("passed %v, then %v", inherited, again)
	}
	listener, err := posix.New().Bind(endpoint, transport.BindOptions{Inherited: inherited})
	if err != nil {
		return err
	}
	visited := make(chan error, 1)
	go func() { visited <- playVisitor(endpoint) }()
	link, err := listener.Accept(soon())
	if err != nil {
		return err
	}
	if err := link.Close(); err != nil {
		return err
	}
	if err := <-visited; err != nil {
		return err
	}
	// Before it goes with the listener, or does not.
	entries, err := os.ReadDir(endpoint.RunDir())
	if err != nil {
		return err
	}
	fmt.Print("served beside ", entries[0].Name())
	return listener.Close()
}

// opened opens the socket name, as a service manager does.
func (s *stage) opened(name string) *os.File {
	s.Helper()
	socket, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	s.no(err)
	s.no(unix.Bind(socket, &unix.SockaddrUnix{Name: s.path(name)}))
	s.no(unix.Listen(socket, 5))
	return os.NewFile(uintptr(socket), name)
}

func TestASocketOfTheServiceManagerIsServedAndLeft(t *testing.T) {
	// The second is that of another service: the endpoint is bound beside it, and removed.
	for _, name := range []string{"svc.sock", "other.sock"} {
		s := newStage(t)
		socket := s.opened(name)
		// What is no socket is no harm.
		null, err := os.Open(os.DevNull)
		s.no(err)
		program, err := os.Executable()
		s.no(err)
		server := s.process("inherited")
		server.Path = "/bin/sh"
		server.Args = []string{"sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=2 exec "$1"`, "sh", program}
		server.ExtraFiles = []*os.File{null, socket}
		said, err := server.Output()
		s.no(err)
		if want := fmt.Sprintf("served beside %s", name); string(said) != want {
			t.Errorf("%q, not %q", said, want)
		}
		s.no(socket.Close())
		s.no(null.Close())
		entries, err := os.ReadDir(s.dir)
		s.no(err)
		var left []string
		for _, entry := range entries {
			left = append(left, entry.Name())
		}
		if strings.Join(left, " ") != name {
			t.Errorf("%v stand there, of %s", left, name)
		}
	}
}
