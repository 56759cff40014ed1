//go:build windows

package windows

import (
	"errors"
	"testing"
	"time"
	"unsafe"

	win "golang.org/x/sys/windows"

	"github.com/netipc/netipc/go/internal/rundir"
	"github.com/netipc/netipc/go/transport"
)

const (
	short  = 20 * time.Millisecond
	atOnce = 15 * time.Second
)

// stage is an endpoint of its own, and what happens there.
type stage struct {
	*testing.T
	endpoint transport.Endpoint
}

func newStage(t *testing.T) *stage {
	t.Helper()
	endpoint, err := transport.NewEndpoint(rundir.New(t), "svc")
	if err != nil {
		t.Fatal(err)
	}
	return &stage{T: t, endpoint: endpoint}
}

func soon() transport.Wait { return transport.Timeout(60 * time.Second) }

func (s *stage) no(err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("unexpected: %v", err)
	}
}

func (s *stage) is(err error, want error) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Fatalf("got %v, want %v", err, want)
	}
}

func (s *stage) bind() *listener {
	s.Helper()
	bound, err := New().Bind(s.endpoint, transport.BindOptions{Backlog: 2})
	s.no(err)
	s.Cleanup(func() { _ = bound.Close() })
	return bound.(*listener)
}

func (s *stage) connect() *link {
	s.Helper()
	client, err := New().Connect(s.endpoint, soon())
	s.no(err)
	s.Cleanup(func() { _ = client.Close() })
	return client.(*link)
}

func (s *stage) accept(l *listener) *link {
	s.Helper()
	server, err := l.Accept(soon())
	s.no(err)
	s.Cleanup(func() { _ = server.Close() })
	return server.(*link)
}

// session returns both ends of shared memory.
func (s *stage) session(plan transport.SessionPlan) (client, server *shmLink) {
	s.Helper()
	l := s.bind()
	left := s.connect()
	right := s.accept(l)
	s.no(right.Offer(plan))
	attached, err := left.Attach(plan, soon())
	s.no(err)
	client, server = attached.(*shmLink), right.Switch().(*shmLink)
	s.Cleanup(func() { _, _ = client.Close(), server.Close() })
	return client, server
}

func (s *stage) say(link transport.Link, packet string) {
	s.Helper()
	s.no(link.Send([]byte(packet), nil, soon()))
}

func (s *stage) hear(link transport.Link, want string) {
	s.Helper()
	buf := make([]byte, 5000)
	size, err := link.Receive(buf, soon())
	s.no(err)
	if string(buf[:size]) != want {
		s.Fatalf("%q came, want %q", buf[:size], want)
	}
}

// within runs step and fails if it takes longer than limit.
func (s *stage) within(limit time.Duration, what string, step func()) {
	s.Helper()
	start := time.Now()
	step()
	if taken := time.Since(start); taken > limit {
		s.Fatalf("%s took %v", what, taken)
	}
}

// plan is a session of small messages.
func plan(profile uint32) transport.SessionPlan {
	return transport.SessionPlan{Profile: profile, SessionID: 1, AuthToken: 42, RequestBytes: 4128, ResponseBytes: 4128}
}

// skipUnderWine skips what Wine does not do.
func skipUnderWine(t *testing.T, what string) {
	t.Helper()
	if win.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil {
		t.Skipf("SKIPPED under Wine, which does not reproduce %s: run this on Windows", what)
	}
}

// handles is how many handles this process has.
func handles(t *testing.T) int {
	t.Helper()
	var count uint32
	done, _, err := kernel32.NewProc("GetProcessHandleCount").Call(uintptr(win.CurrentProcess()), uintptr(unsafe.Pointer(&count)))
	if done == 0 {
		t.Fatal(err)
	}
	return int(count)
}
