//go:build linux

package posix_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/transport"
	"github.com/netipc/netipc/go/transport/posix"
)

// TestDefect14SignalsDisturbNoWait has the signal that the runtime sends itself come without end.
func TestDefect14SignalsDisturbNoWait(t *testing.T) {
	s := newStage(t)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				_ = unix.Kill(unix.Getpid(), unix.SIGURG)
			}
		}
	}()
	defer func() {
		close(stop)
		<-stopped
	}()
	baseline, _ := s.baselines()
	client, server := s.session(plan(1))
	for _, link := range []transport.Link{baseline, client, server} {
		s.is(s.timed(short, atOnce, func() error { return receive(link, transport.Timeout(short)) }), transport.ErrTimeout)
	}
	listener := s.bind(transport.BindOptions{Backlog: 1})
	s.is(s.timed(short, atOnce, func() error {
		_, err := listener.Accept(transport.Timeout(short))
		return err
	}), transport.ErrTimeout)
	s.fill()
	s.is(s.timed(short, atOnce, func() error {
		_, err := posix.New().Connect(s.endpoint, transport.Timeout(short))
		return err
	}), transport.ErrTimeout)
	for range 200 {
		s.say(client, "question")
		s.hear(server, "question")
		s.say(server, "answer")
		s.hear(client, "answer")
	}
}
