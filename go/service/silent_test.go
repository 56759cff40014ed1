package service_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/netipc/netipc/go/internal/conformance"
	"github.com/netipc/netipc/go/internal/conformance/services"
	"github.com/netipc/netipc/go/internal/session/handshake"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
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

// Rule S26.
func TestDefect01AThousandSilentConnectionsDelayNobody(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("a pipe's server cannot tell who has said something")
	}
	w := services.NewWorld(t, native(), protocol.ProfileBaseline)
	server := w.Serve(incrementServer(w, w.ServerConfig()))
	conformance.Prompt(t, 100*time.Millisecond, "an answer beside a thousand silent", func() time.Duration {
		before := runtime.NumGoroutine()
		silent := mute(w, 1000)
		if more := runtime.NumGoroutine() - before; more > 100 {
			t.Logf("%d goroutines for the silent, or of other tests", more)
			return time.Hour
		}
		c := increment.NewClient(w.Dir, "svc", w.ClientConfig())
		t.Cleanup(func() { w.No(c.Close()) })
		took := conformance.Timed(func() {
			c.Refresh()
			w.No(callOne(c))
		})
		if err := silent[999].Check(); err != nil {
			t.Fatalf("the newest: %v", err)
		}
		if err := silent[0].Check(); !errors.Is(err, transport.ErrDisconnected) {
			t.Fatalf("the oldest: %v", err)
		}
		return took
	})
	// Those that are left are hung up in time.
	took := conformance.Timed(func() {
		silent := mute(w, 1)[0]
		if _, err := silent.Receive(make([]byte, 1), transport.Timeout(conformance.Soon)); !errors.Is(err, transport.ErrDisconnected) {
			t.Error(err)
		}
	})
	if took < 2*time.Second {
		t.Errorf("hung up after %v", took)
	}
	server.Finish()
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

// It stays meanwhile, so that whatever comes after its answer has to wait for it.
func TestARefusalIsCountedBeforeTheClientIsTold(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, native(), protocol.ProfileBaseline)
	var lines journal
	config := w.ServerConfig()
	config.Logger = slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelWarn}))
	server := w.Serve(incrementServer(w, config))
	proposal := handshake.Proposal{
		Supported:  protocol.ProfileBaseline,
		AuthToken:  w.ClientConfig().AuthToken + 1,
		PacketSize: 1 << 16,
	}
	hello := proposal.Hello()
	wait := transport.Timeout(conformance.Soon)
	for refused := uint64(1); refused <= 3; refused++ {
		link := mute(w, 1)[0]
		w.No(link.Send(hello[:], nil, wait))
		_, err := link.Receive(make([]byte, 100), wait)
		w.No(err)
		if n := server.Stats().Refused; n != refused {
			t.Fatalf("%d refused of %d", n, refused)
		}
		w.No(link.Close())
	}
	server.Finish()
	text := lines.String()
	if runtime.GOOS == "linux" {
		command, err := os.ReadFile("/proc/self/comm")
		w.No(err)
		name := fmt.Sprintf(`pid %d, uid %d, command \"%s\"`, os.Getpid(), os.Getuid(), strings.TrimSpace(string(command)))
		if !strings.Contains(text, name) {
			t.Fatalf("%s is not in %s", name, text)
		}
	}
	if strings.Count(text, "\n") != 1 {
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

func TestARefreshSaysWhoseTimeWasUp(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, native(), protocol.ProfileBaseline)
	// Nobody accepts.
	listener, err := w.Transport.Bind(w.Endpoint(), transport.BindOptions{})
	w.No(err)
	w.Cleanup(func() { _ = listener.Close() })
	c := increment.NewClient(w.Dir, "svc", w.ClientConfig())
	w.Cleanup(func() { w.No(c.Close()) })
	refreshed := func(limit time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		c.RefreshContext(ctx)
		return c.OpenError()
	}
	err = refreshed(conformance.Short)
	if !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "owner") {
		t.Fatal(err)
	}
	var late *service.HandshakeTimeoutError
	err = refreshed(conformance.Soon)
	if !errors.As(err, &late) || !errors.Is(err, transport.ErrTimeout) || !strings.Contains(err.Error(), "no handshake within 2s") {
		t.Fatal(err)
	}
	c.Abort()
	if err = refreshed(conformance.Soon); !errors.Is(err, transport.ErrAborted) {
		t.Fatal(err)
	}
}
