//go:build linux

package posix_test

import (
	"errors"
	"testing"

	"github.com/netipc/netipc/go/transport"
)

func TestATruncatedRegionEndsItsSessionAndNothingElse(t *testing.T) {
	t.Parallel()
	touches := map[string]func(s *stage, client, server transport.Link) error{
		"send": func(_ *stage, client, _ transport.Link) error {
			return client.Send([]byte("a"), []byte("b"), soon())
		},
		"receive": func(_ *stage, _, server transport.Link) error {
			_, err := server.Receive(make([]byte, 10), soon())
			return err
		},
		"a look after a hang-up": func(s *stage, client, server transport.Link) error {
			s.no(client.Close())
			return server.Check()
		},
	}
	for name, touch := range touches {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			client, server := s.session(plan(1))
			s.keep()
			s.no(s.memory.Truncate(0))
			var broken *transport.ProtocolError
			if err := touch(s, client, server); !errors.As(err, &broken) {
				t.Fatalf("%v", err)
			}
			s.no(client.Close())
			s.no(server.Close())
		})
	}
}

func TestAnAbortOverATruncatedRegionHarmsNobody(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	_, server := s.session(plan(1))
	s.keep()
	var abort transport.Abort
	ended := make(chan error, 1)
	go func() {
		_, err := server.Receive(make([]byte, 10), transport.Wait{Abort: &abort})
		ended <- err
	}()
	s.no(s.memory.Truncate(0))
	abort.Raise()
	if err := <-ended; err == nil {
		t.Fatal("nothing was sent")
	}
	abort.Close()
}
