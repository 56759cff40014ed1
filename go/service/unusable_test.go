package service_test

import (
	"log/slog"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/netipc/netipc/go/internal/conformance/services"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service/increment"
	"github.com/netipc/netipc/go/transport"
)

// unusable is a transport whose regions cannot be attached.
type unusable struct {
	transport.Transport
	attaches *atomic.Int64
}

func (u unusable) Connect(endpoint transport.Endpoint, w transport.Wait) (transport.Baseline, error) {
	link, err := u.Transport.Connect(endpoint, w)
	if err != nil {
		return nil, err
	}
	return unusableLink{link, u.attaches}, nil
}

type unusableLink struct {
	transport.Baseline
	attaches *atomic.Int64
}

func (u unusableLink) Attach(plan transport.SessionPlan, w transport.Wait) (transport.Link, error) {
	if plan.Profile == transport.ProfileBaseline {
		return u.Baseline.Attach(plan, w)
	}
	u.attaches.Add(1)
	_ = u.Close()
	return nil, &transport.AttachError{Profile: plan.Profile, Region: "x", Kind: transport.ErrUnusable, Why: "on purpose"}
}

func TestDefect09UnusableSharedMemoryIsLeftOutForAWhile(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, native(), protocol.ProfileBaseline|protocol.ProfileSHMHybrid)
	w.Serve(incrementServer(w, w.ServerConfig()))
	config := w.ClientConfig()
	var attaches atomic.Int64
	config.Transport = unusable{w.Transport, &attaches}
	for _, baseline := range []uint32{protocol.ProfileBaseline, 0} {
		attaches.Store(0)
		config.SupportedProfiles = baseline | protocol.ProfileSHMHybrid
		c := increment.NewClient(w.Dir, "svc", config)
		w.Cleanup(func() { w.No(c.Close()) })
		w.AtOnce("a session over the socket", func() { c.Refresh() })
		if c.Ready() != (baseline != 0) || !strings.Contains(c.Status().LastError, "on purpose") {
			t.Fatalf("%+v", c.Status())
		}
		if c.Ready() {
			w.No(c.Close())
			c.Refresh()
			if got := c.Status().Session; got == nil || got.Transport != baselineKind {
				t.Fatalf("%+v", got)
			}
		}
		if n := attaches.Load(); n != 1 {
			t.Fatalf("%d attempts to attach", n)
		}
	}
}

func TestDefect09WhatCannotBeAttachedIsLeftOutAndNothingElse(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("there is no ring")
	}
	const regions, ring = protocol.ProfileSHMHybrid | protocol.ProfileSHMFutex, protocol.ProfileSHMRing
	for _, row := range []struct {
		serves uint32
		want   protocol.Profiles
	}{
		// Whoever picks a region that cannot be attached is offered the ring again, and the reverse.
		{protocol.ProfileBaseline | regions, protocol.ProfileBaseline | ring},
		{protocol.ProfileBaseline | ring, protocol.ProfileBaseline | regions},
	} {
		w := services.NewWorld(t, native(), row.serves)
		server := w.Serve(incrementServer(w, w.ServerConfig()))
		config := w.ClientConfig()
		var attaches atomic.Int64
		var journal journal
		config.Logger = slog.New(slog.NewTextHandler(&journal, nil))
		config.Transport = unusable{w.Transport, &attaches}
		config.SupportedProfiles = protocol.ProfileBaseline | regions | ring
		c := increment.NewClient(w.Dir, "svc", config)
		c.Refresh()
		w.No(callOne(c))
		w.No(c.Close())
		left := protocol.Profiles(config.SupportedProfiles) &^ row.want
		if text := journal.String(); attaches.Load() != 1 || !strings.Contains(text, "profiles="+left.String()+" ") {
			t.Fatalf("%d attempts, not %v: %s", attaches.Load(), left, text)
		}
		server.Finish()
	}
}
