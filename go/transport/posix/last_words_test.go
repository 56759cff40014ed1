//go:build linux

package posix_test

import (
	"testing"

	"github.com/netipc/netipc/go/transport"
	"github.com/netipc/netipc/go/transport/posix"
)

// TestLastWordsAreNeverTakenForTheEnd has peers say one word and leave while the other one looks: the
// kernel may find the end after it found no packet, and a packet in between.
func TestLastWordsAreNeverTakenForTheEnd(t *testing.T) {
	s := newStage(t)
	listener := s.bind(transport.BindOptions{})
	word := []byte("last words")
	for range 2000 {
		client, err := posix.New().Connect(s.endpoint, soon())
		s.no(err)
		left := make(chan error, 1)
		go func() {
			server, err := listener.Accept(soon())
			if err == nil {
				// The client waits for the answer by then.
				_ = receive(server, soon())
				err = server.Send(word, nil, soon())
				server.Linger()
				_ = server.Close()
			}
			left <- err
		}()
		s.say(client, "question")
		s.hear(client, string(word))
		s.is(receive(client, soon()), transport.ErrDisconnected)
		s.no(client.Close())
		s.no(<-left)
	}
}
