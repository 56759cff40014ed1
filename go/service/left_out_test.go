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
)

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
