//go:build linux

package posix_test

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/netipc/netipc/go/internal/rundir"
	"github.com/netipc/netipc/go/transport"
	"github.com/netipc/netipc/go/transport/posix"
)

const (
	short = 20 * time.Millisecond
	// atOnce is what passes for it on a machine with much other work to do.
	atOnce = 15 * time.Second
	// regionName is the region of session 1.
	regionName = "svc-0000000000000001.ipcshm"
)

// stage is a run directory of its own, and what happens there.
type stage struct {
	*testing.T
	dir      string
	endpoint transport.Endpoint
	// The region that keep has opened.
	memory *os.File
}

func newStage(t *testing.T) *stage {
	t.Helper()
	dir := rundir.New(t)
	endpoint, err := transport.NewEndpoint(dir, "svc")
	if err != nil {
		t.Fatal(err)
	}
	return &stage{T: t, dir: dir, endpoint: endpoint}
}

func (s *stage) path(name string) string { return filepath.Join(s.dir, name) }

// fd is the descriptor of what is watched.
func fd(watched interface{ WaitObject() transport.WaitObject }) int { return int(watched.WaitObject()) }

func (s *stage) region() string { return s.path(regionName) }

func soon() transport.Wait { return transport.Timeout(60 * time.Second) }

func (s *stage) bind(options transport.BindOptions) transport.Listener {
	s.Helper()
	listener, err := posix.New().Bind(s.endpoint, options)
	s.no(err)
	s.Cleanup(func() { _ = listener.Close() })
	return listener
}

func (s *stage) connect() transport.Baseline {
	s.Helper()
	link, err := posix.New().Connect(s.endpoint, soon())
	s.no(err)
	s.Cleanup(func() { _ = link.Close() })
	return link
}

func (s *stage) accept(listener transport.Listener) transport.Baseline {
	s.Helper()
	link, err := listener.Accept(soon())
	s.no(err)
	s.Cleanup(func() { _ = link.Close() })
	return link
}

func (s *stage) baselines() (client, server transport.Baseline) {
	s.Helper()
	listener := s.bind(transport.BindOptions{})
	client = s.connect()
	server = s.accept(listener)
	s.no(listener.Close())
	return client, server
}

// session returns both ends of shared memory.
func (s *stage) session(plan transport.SessionPlan) (client, server transport.Link) {
	s.Helper()
	left, right := s.baselines()
	s.no(right.Offer(plan))
	client, err := left.Attach(plan, soon())
	s.no(err)
	server = right.Switch()
	s.Cleanup(func() { _, _ = client.Close(), server.Close() })
	return client, server
}

// keep opens the region of session 1, whose name goes with the first message.
func (s *stage) keep() {
	s.Helper()
	memory, err := os.OpenFile(s.region(), os.O_RDWR, 0)
	s.no(err)
	s.Cleanup(func() { _ = memory.Close() })
	s.memory = memory
}

// plan is the plan of the worked example: areas of 4160 bytes.
func plan(id uint64) transport.SessionPlan {
	return transport.SessionPlan{
		SessionID:     id,
		Profile:       0x04,
		RequestBytes:  4128,
		ResponseBytes: 4128,
	}
}

// goodHeader is a region header as the contract has it, written by hand.
func goodHeader(pid int32, generation uint32) []byte {
	header := make([]byte, 64)
	words := []uint32{0x4e53484d, 64<<16 | 3, uint32(pid), generation, 64, 4160, 4224, 4160}
	for i, word := range words {
		binary.LittleEndian.PutUint32(header[4*i:], word)
	}
	return header
}

// writeRegion writes a file of size bytes that begins with header.
func (s *stage) writeRegion(name string, header []byte, size int64) {
	s.Helper()
	s.no(os.WriteFile(s.path(name), header, 0o600))
	s.no(os.Truncate(s.path(name), size))
}

func (s *stage) no(err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("unexpected: %v", err)
	}
}

func (s *stage) is(err error, wanted ...error) {
	s.Helper()
	for _, want := range wanted {
		if errors.Is(err, want) {
			return
		}
	}
	s.Fatalf("got %v, want one of %v", err, wanted)
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

func (s *stage) names() []string {
	s.Helper()
	entries, err := os.ReadDir(s.dir)
	s.no(err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func receive(link transport.Link, w transport.Wait) error {
	_, err := link.Receive(make([]byte, 132), w)
	return err
}

// prompt runs steps until one takes less than limit, and fails after ten, since other work may delay
// some of them.
func (s *stage) prompt(limit time.Duration, step func() error) error {
	s.Helper()
	for range 10 {
		start := time.Now()
		err := step()
		if time.Since(start) < limit {
			return err
		}
	}
	s.Errorf("ten times, it took %v or more", limit)
	return nil
}

// timed runs step, which is to take from least to most.
func (s *stage) timed(least, most time.Duration, step func() error) error {
	s.Helper()
	start := time.Now()
	err := step()
	if taken := time.Since(start); taken < least || taken > most {
		s.Errorf("it took %v, neither below %v nor above %v was expected", taken, least, most)
	}
	return err
}
