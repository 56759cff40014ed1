package service

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// Whatever a loop waits for, closing ends it: with nothing to do, while the provider is left alone, on the way to it, in
// the handshake, and in a call.
func TestClosingEndsALoopInEveryPhase(t *testing.T) {
	t.Parallel()
	for _, phase := range []struct {
		name  string
		begin func(p *simProvider, reached func(transport.Wait))
		is    func(EnricherStats) bool
	}{
		{"nothing to do", func(*simProvider, func(transport.Wait)) {}, func(s EnricherStats) bool { return s.Answered == 1 }},
		{"back-off", func(p *simProvider, _ func(transport.Wait)) { p.goes() }, func(s EnricherStats) bool { return s.Absent }},
		{"connecting", func(p *simProvider, reached func(transport.Wait)) { p.connects = reached }, nil},
		{"a call", func(p *simProvider, reached func(transport.Wait)) { p.answering = reached }, nil},
	} {
		t.Run(phase.name, func(t *testing.T) {
			t.Parallel()
			r := newSimRig(t, EnricherConfig{})
			reached := make(chan struct{})
			phase.begin(r.simProvider, func(wait transport.Wait) {
				close(reached)
				_ = wait.Sleep(time.Hour)
			})
			r.Pin(1)
			ended := make(chan error, 1)
			go func() { ended <- r.Enricher.Run(context.Background()) }()
			if phase.is == nil {
				<-reached
			} else {
				for !phase.is(r.Stats()) {
					time.Sleep(time.Millisecond)
				}
			}
			closesAndEnds(t, r.Close, ended)
		})
	}
}

// closesAndEnds closes an enricher, whose loop ends then.
func closesAndEnds(t *testing.T, closes func() error, ended <-chan error) {
	t.Helper()
	if err := closes(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("it goes on")
	}
}

func TestClosingEndsALoopInAHandshake(t *testing.T) {
	t.Parallel()
	backend := transport.NewMemory()
	endpoint, err := transport.NewEndpoint("/memory", "svc")
	if err != nil {
		t.Fatal(err)
	}
	listener, err := backend.Bind(endpoint, transport.BindOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	config := ClientConfig{Transport: backend, Logger: slog.New(slog.DiscardHandler), SupportedProfiles: protocol.ProfileBaseline}
	client := NewLookupClient(&Lookup[uint32, protocol.NumberKey, protocol.AppsLookupResponseView, *protocol.AppsLookupResponseView]{
		Method: Method{Code: protocol.MethodAppsLookup, Name: "apps-lookup"},
		Key:    func(named uint32) (protocol.NumberKey, error) { return protocol.NumberKey(named), nil },
	}, "/memory", "svc", config)
	e := NewEnricher(client, EnrichedItems[uint32, uint32, process]{
		Named:   func(key uint32) uint32 { return key },
		Verdict: func(*process) Verdict { return VerdictKnown },
		Batch:   8,
	}, EnricherConfig{Logger: config.Logger})
	ended := make(chan error, 1)
	go func() { ended <- e.Run(context.Background()) }()
	// From then on it waits for an answer to its HELLO, which nobody gives.
	link, err := listener.Accept(transport.Timeout(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close()
	closesAndEnds(t, e.Close, ended)
}

// What changes is told once, with a first answer, and every hundredth failure.
func TestChangesAreLogged(t *testing.T) {
	var text bytes.Buffer
	r := newSimRig(t, EnricherConfig{})
	r.config.Logger = slog.New(slog.NewTextHandler(&text, nil))
	told := func(want ...string) {
		t.Helper()
		lines := strings.Split(strings.TrimSpace(text.String()), "\n")
		text.Reset()
		if len(want) == 0 && len(lines) == 1 && lines[0] == "" {
			return
		}
		if len(lines) != len(want) {
			t.Fatalf("%q instead of %q", lines, want)
		}
		for i, line := range lines {
			if !strings.Contains(line, want[i]) || !strings.Contains(line, "service=sim") {
				t.Errorf("%q instead of %q", line, want[i])
			}
		}
	}
	r.knows(1, 11)
	r.goes()
	r.has(1, OutcomeQueued)
	r.Step(time.Minute)
	told(`level=INFO msg="netipc: provider is absent"`)
	r.clock += time.Minute
	r.Step(time.Minute)
	told()
	r.comes(101)
	r.Step(time.Minute)
	told(`msg="netipc: provider is there"`, `msg="netipc: first answer"`)
	r.has(2, OutcomeQueued)
	r.Step(time.Minute)
	told()
	for failure := 1; failure <= 201; failure++ {
		r.failures = []*Failure{{Kind: FailureUnsupported}, nil}
		r.Get(uint32(100 + failure))
		r.Step(time.Minute)
		if failure%100 == 1 {
			told(`level=WARN msg="netipc: keys were not answered" service=sim error="`)
		} else {
			told()
		}
	}
}
