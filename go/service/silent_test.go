package service_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/netipc/netipc/go/internal/conformance"
	"github.com/netipc/netipc/go/internal/conformance/services"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service/increment"
	"github.com/netipc/netipc/go/transport"
)

// mute connects n peers that say nothing.
func mute(w *services.World, n int) []transport.Baseline {
	w.Helper()
	links := make([]transport.Baseline, n)
	for i := range links {
		link, err := w.Transport.Connect(w.Endpoint(), transport.Timeout(conformance.Soon))
		w.No(err)
		w.Cleanup(func() { _ = link.Close() })
		links[i] = link
	}
	return links
}

func TestDefect01SilentConnectionsDelayNobody(t *testing.T) {
	t.Parallel()
	bothPlanes(t, func(w *services.World) {
		conformance.Prompt(t, conformance.BeforeHandshake, "a session and a stop beside the silent", func() time.Duration {
			server := w.Serve(incrementServer(w, w.ServerConfig()))
			mute(w, 40)
			call := conformance.Timed(func() { w.No(callOne(w.Incrementer())) })
			stop := conformance.Timed(func() {
				if stats := server.Finish(); stats.Refused != 0 {
					w.Fatalf("%+v", stats)
				}
			})
			return max(call, stop)
		})
	})
}

func TestDefect01TheSilentAreBounded(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, native(), protocol.ProfileBaseline)
	conformance.Prompt(t, conformance.BeforeHandshake, "a session after one has left, and the stop", func() time.Duration {
		server := w.Serve(incrementServer(w, w.ServerConfig()))
		began := time.Now()
		silent := mute(w, 64)
		c := increment.NewClient(w.Dir, "svc", w.ClientConfig())
		t.Cleanup(func() { w.No(c.Close()) })
		ctx, cancel := context.WithTimeout(t.Context(), conformance.Short)
		defer cancel()
		if c.RefreshContext(ctx); c.Ready() && time.Since(began) < conformance.BeforeHandshake {
			t.Fatal("as many as may be are shaking hands")
		}
		w.No(silent[0].Close())
		session := conformance.Timed(func() {
			services.Connected(w, c)
			w.No(c.Close())
		})
		return max(session, conformance.Timed(func() { server.Finish() }))
	})
}

func TestOnlyWhoIsToldIsRefused(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, native(), protocol.ProfileBaseline)
	var lines journal
	config := w.ServerConfig()
	config.Logger = slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelWarn}))
	server := w.Serve(incrementServer(w, config))
	links := mute(w, 3)
	w.No(links[0].Close())
	wait := transport.Timeout(conformance.Soon)
	w.No(links[1].Send([]byte("no HELLO"), nil, wait))
	if _, err := links[1].Receive(make([]byte, 100), wait); !errors.Is(err, transport.ErrDisconnected) {
		t.Fatal(err)
	}
	if n := server.Stats().Refused; n != 0 {
		t.Fatalf("%d refused", n)
	}
	other := w.ClientConfig()
	other.AuthToken++
	c := increment.NewClient(w.Dir, "svc", other)
	t.Cleanup(func() { w.No(c.Close()) })
	c.Refresh()
	// The third is silent to the end.
	if stats := server.Finish(); stats.Refused != 1 {
		t.Fatalf("%d refused", stats.Refused)
	}
	if text := lines.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "wrong auth token") {
		t.Fatal(text)
	}
}

// journal is a log that a server writes and a test reads.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(line)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}
