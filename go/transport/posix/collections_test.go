//go:build linux

package posix_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/netipc/netipc/go/transport"
	"github.com/netipc/netipc/go/transport/posix"
)

// collect collects a heap of many small parts again and again, until the test ends.
func (s *stage) collect() {
	type part struct {
		next *part
		_    [6]uint64
	}
	var heap *part
	for range 200_000 {
		heap = &part{next: heap}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				runtime.KeepAlive(heap)
				return
			default:
				runtime.GC()
			}
		}
	}()
	s.Cleanup(func() {
		close(stop)
		<-stopped
	})
}

// TestCollectionsBreakNoDeadline waits in every way, asleep and looking, while the collector runs: it
// stops everything twice a round, and has to be able to.
func TestCollectionsBreakNoDeadline(t *testing.T) {
	const looking = time.Minute
	for _, row := range []struct {
		name    string
		spin    time.Duration
		profile uint32
		shared  bool
	}{
		{name: "socket, asleep"},
		{name: "socket, looking", spin: looking},
		{name: "shared memory, asleep", profile: 0x04, shared: true},
		{name: "shared memory, looking", spin: looking, profile: 0x02, shared: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newStage(t)
			client, server := s.pair(posix.New().WithSpin(row.spin), row.profile, row.shared)
			s.collect()
			for _, link := range []transport.Link{client, server} {
				s.is(s.timed(short, atOnce, func() error { return receive(link, transport.Timeout(short)) }), transport.ErrTimeout)
			}
			s.is(s.timed(short, atOnce, func() error {
				var abort transport.Abort
				defer abort.Close()
				defer time.AfterFunc(short, abort.Raise).Stop()
				return receive(client, transport.Wait{Abort: &abort})
			}), transport.ErrAborted)
			for range 50 {
				s.say(client, "question")
				s.hear(server, "question")
				s.say(server, "answer")
				s.hear(client, "answer")
			}
		})
	}
}

// pair returns both ends of a link over t.
func (s *stage) pair(t *posix.Transport, profile uint32, shared bool) (client, server transport.Link) {
	s.Helper()
	listener, err := t.Bind(s.endpoint, transport.BindOptions{})
	s.no(err)
	defer func() { s.no(listener.Close()) }()
	left, err := t.Connect(s.endpoint, soon())
	s.no(err)
	right, err := listener.Accept(soon())
	s.no(err)
	client, server = left, right
	if shared {
		plan := plan(1)
		plan.Profile = profile
		s.no(right.Offer(plan))
		client, err = left.Attach(plan, soon())
		s.no(err)
		server = right.Switch()
	}
	s.Cleanup(func() { _, _ = client.Close(), server.Close() })
	return client, server
}
