//go:build linux

package service_test

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/netipc/netipc/go/internal/conformance"
	"github.com/netipc/netipc/go/internal/conformance/services"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service/increment"
)

// fate is what became of one client of a crowd.
type fate struct {
	refusals, timeouts int
	// longest is the longest that it waited for a session, or to be told that there is none.
	longest time.Duration
}

// A thousand clients over every transport share 64 workers: right answers, honest refusals, and nobody waits for long
// to be told.
func TestAThousandClientsShareSixtyFourWorkers(t *testing.T) {
	const (
		clients, workers, crowd = 1000, 64, 300
		// handshake is how long one may take, and what a machine with other work adds.
		handshake = 3 * time.Second
	)
	profiles := []uint32{protocol.ProfileBaseline, protocol.ProfileSHMHybrid, protocol.ProfileSHMRing}
	conformance.Prompt(t, handshake, "to have a session, or to be told that there is none", func() time.Duration {
		w := services.NewWorld(t, native(), profiles[0]|profiles[1]|profiles[2])
		server := w.Serve(increment.NewServerWithWorkers(w.Dir, "svc", w.ServerConfig(), increment.Handler{Handle: increment.Next}, workers))
		var refused atomic.Int64
		fates := make([]fate, clients)
		began := time.Now()
		var all sync.WaitGroup
		for i := range fates {
			all.Add(1)
			go func() {
				defer all.Done()
				config := w.ClientConfig()
				profile := profiles[i%len(profiles)]
				config.SupportedProfiles, config.PreferredProfiles = protocol.ProfileBaseline|profile, profile
				c := increment.NewClient(w.Dir, "svc", config)
				defer c.Close()
				fates[i].visit(t, c, profile, &refused, crowd)
			}()
		}
		all.Wait()
		took := time.Since(began)
		stats := server.Finish()
		refusals, timeouts, longest := 0, 0, time.Duration(0)
		for _, f := range fates {
			refusals, timeouts, longest = refusals+f.refusals, timeouts+f.timeouts, max(longest, f.longest)
		}
		slices.SortFunc(fates, func(a, b fate) int { return int(a.longest - b.longest) })
		t.Logf("%d clients, %d workers, %v: %d refusals, %d handshakes too late; to be told %v of half of them, %v at most",
			clients, workers, took, refusals, timeouts, fates[clients/2].longest, longest)
		if stats.OK != clients || stats.Requests() != stats.OK {
			t.Errorf("the server answered %+v", stats)
		}
		if seen := int(stats.Refused); seen < refusals || seen > refusals+timeouts || refusals < crowd {
			t.Errorf("%d refusals, of which the server knows %d", refusals, seen)
		}
		return longest
	})
}

// visit gets a session, asks, waits until there is a crowd, and leaves; it tries again for as long as it is refused.
func (f *fate) visit(t *testing.T, c *increment.Client, profile uint32, refused *atomic.Int64, crowd int64) {
	pause := time.NewTicker(50 * time.Millisecond)
	defer pause.Stop()
	for began := time.Now(); !c.Ready(); <-pause.C {
		f.longest = max(f.longest, conformance.Timed(func() { c.Refresh() }))
		if c.Ready() {
			break
		}
		switch why := c.Status().LastError; {
		case strings.Contains(why, "no handshake within"):
			f.timeouts++
		case strings.Contains(why, "turned the session down"):
			f.refusals++
			refused.Add(1)
		default:
			t.Errorf("refused by %s", why)
			return
		}
		if time.Since(began) > conformance.Soon {
			t.Errorf("no session: %+v", c.Status())
			return
		}
	}
	if session := c.Status().Session; session == nil || uint32(session.Profile) != profile {
		t.Errorf("a session %+v instead of profile %#x", session, profile)
	}
	if answer, err := c.Call(1); answer != 2 || err != nil {
		t.Error(answer, err)
	}
	for began := time.Now(); refused.Load() < crowd && time.Since(began) < conformance.Soon; {
		<-pause.C
	}
}
