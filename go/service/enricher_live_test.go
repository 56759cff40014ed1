package service_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/netipc/netipc/go/internal/conformance"
	"github.com/netipc/netipc/go/internal/conformance/services"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/apps_lookup"
	"github.com/netipc/netipc/go/service/cgroups_lookup"
)

// processes are what a provider publishes: the command of each process, and when it began.
type processes map[uint32]uint64

func serveProcesses(w *services.World, published *service.Published[processes]) *services.Running {
	w.Helper()
	handler := apps_lookup.PublishedHandler(published, func(known processes, pid uint32, answer *protocol.AppsLookupBuilder) error {
		began, found := known[pid]
		if !found {
			return answer.AddBare(protocol.PidStatusUnknown)
		}
		return answer.Add(protocol.AppsLookupItemView{
			Pid: pid, Starttime: began, Comm: protocol.CString(fmt.Appendf(nil, "c%d", pid)), CgroupStatus: protocol.AppsCgroupStatusHostRoot,
		})
	})
	return w.Serve(apps_lookup.NewServer(w.Dir, "svc", w.ServerConfig(), handler))
}

func enricherOf(w *services.World, config service.EnricherConfig) *apps_lookup.Enricher {
	config.Logger = quiet
	e := apps_lookup.NewEnricher(w.Dir, "svc", w.ClientConfig(), config)
	w.Cleanup(func() { w.No(e.Close()) })
	return e
}

func TestAnEnricherLearnsFromWhatIsPublished(t *testing.T) {
	for _, world := range worlds {
		t.Run(world.name, func(t *testing.T) {
			t.Parallel()
			w := services.NewWorld(t, world.backend(), world.profiles)
			published := service.NewPublished(processes{1: 100, 2: 200})
			server := serveProcesses(w, published)
			e := enricherOf(w, service.EnricherConfig{})
			if known := e.RefreshNow([]uint32{1, 2, 9}, conformance.Soon); known != 2 {
				t.Fatalf("%d are known: %+v", known, e.Stats())
			}
			found := e.GetAs(1, 100)
			if item, known := found.Item(); !known || item.Comm.String() != "c1" || found.Age() > conformance.Soon {
				t.Fatalf("%+v", found)
			}
			if found := e.GetAs(1, 101); found.Outcome != service.OutcomeReused {
				t.Fatal(found.Outcome)
			}
			server.Finish()
			if step := e.Step(conformance.Soon); step.End != service.StepAbsent {
				t.Fatalf("%+v", step)
			}
			if found := e.Get(1); found.Outcome != service.OutcomeKnown || !found.Stale {
				t.Fatalf("%+v", found)
			}
			published.Publish(processes{1: 101, 3: 300})
			serveProcesses(w, published)
			if known := e.RefreshNow([]uint32{3}, conformance.Soon); known != 1 {
				t.Fatalf("%+v", e.Stats())
			}
			if stats := published.Stats(); stats.Generation != 2 || stats.Requests < 2 || stats.Keys < 4 || stats.Failed != 0 {
				t.Fatalf("%+v", stats)
			}
		})
	}
}

func TestPublishing(t *testing.T) {
	t.Parallel()
	published := service.NewPublished(7)
	same := func(a, b int) bool { return a == b }
	if published.PublishIfChanged(7, same) != 1 || published.PublishIfChanged(8, same) != 2 || published.Publish(8) != 3 {
		t.Fatal("the generation grows with what is published")
	}
	if data, generation := published.Read(); data != 8 || generation != 3 {
		t.Fatal(data, generation)
	}
}

// Readers, a loop, a caller in a hurry, and a provider that comes and goes: nobody waits for anybody else, and no item
// is ever about another key.
func TestManyUseAnEnricherAtOnce(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, memory(), protocol.ProfileBaseline)
	known := processes{}
	for pid := range uint32(300) {
		known[pid] = uint64(pid) + 1
	}
	published := service.NewPublished(known)
	e := enricherOf(w, service.EnricherConfig{
		Capacity: 100, Intake: 50, Batch: 16, Retry: time.Millisecond, MaxAge: time.Millisecond, BackoffFirst: time.Millisecond, BackoffMost: time.Millisecond,
	})
	ctx, cancel := context.WithCancel(t.Context())
	var group, readers sync.WaitGroup
	group.Add(1)
	go func() {
		defer group.Done()
		w.No(e.Run(ctx))
	}()
	var hits atomic.Uint64
	var done atomic.Bool
	for reader := range uint32(3) {
		readers.Add(1)
		go func() {
			defer readers.Done()
			for i := uint32(0); !done.Load(); i++ {
				pid := (i*7 + reader) % 310
				if i%64 == 0 {
					e.Pin(pid)
				}
				found := e.Get(pid)
				if item, is := found.Item(); is {
					hits.Add(1)
					if item.Pid != pid || item.Comm.String() != fmt.Sprint("c", pid) {
						t.Errorf("%d is %+v", pid, item)
						return
					}
				}
				if i%64 == 0 {
					e.Unpin(pid)
				}
				if i%1000 == 0 {
					e.RefreshNow([]uint32{pid}, time.Millisecond)
				}
			}
		}()
	}
	for round := range uint64(4) {
		server := serveProcesses(w, published)
		wanted := hits.Load() + 2_000
		for until := time.Now().Add(conformance.Soon); hits.Load() < wanted || e.Stats().Connects <= round; time.Sleep(time.Millisecond) {
			if time.Now().After(until) {
				t.Fatalf("nothing is found any more: %+v", e.Stats())
			}
		}
		published.Publish(known)
		server.Finish()
	}
	done.Store(true)
	readers.Wait()
	if stats := e.Stats(); stats.Disconnects < 3 || stats.EvictedByCapacity+stats.EvictedByAge == 0 || stats.IntakeDepth > 50 || stats.Pinned != 0 {
		t.Errorf("%+v", stats)
	}
	cancel()
	group.Wait()
}

// A loop that sleeps is woken by a key, by the end of the provider, and by its return; and ends at once.
func TestALoopSleepsAndWakes(t *testing.T) {
	for _, world := range worlds {
		t.Run(world.name, func(t *testing.T) {
			t.Parallel()
			w := services.NewWorld(t, world.backend(), world.profiles)
			published := service.NewPublished(processes{1: 1, 2: 2})
			server := serveProcesses(w, published)
			e := enricherOf(w, service.EnricherConfig{BackoffFirst: 10 * time.Millisecond, BackoffMost: 10 * time.Millisecond})
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- e.Run(ctx) }()
			until := func(what string, is func() bool) {
				t.Helper()
				for limit := time.Now().Add(conformance.Soon); !is(); time.Sleep(time.Millisecond) {
					if time.Now().After(limit) {
						t.Fatalf("never %s: %+v", what, e.Stats())
					}
				}
			}
			until("a known key", func() bool {
				found := e.Get(1)
				return found.Outcome == service.OutcomeKnown
			})
			// While it waits for its turn this one is served by the loop.
			if known := e.RefreshNow([]uint32{1, 2}, conformance.Soon); known != 2 {
				t.Fatal(known)
			}
			server.Finish()
			// Where links can be watched the loop notices it; else the next key does.
			until("absent", func() bool {
				e.Get(uint32(time.Now().UnixNano()))
				return e.Stats().Absent
			})
			serveProcesses(w, published)
			until("back", func() bool { return !e.Stats().Absent })
			cancel()
			w.AtOnce("the end of the loop", func() { w.No(<-ended) })
		})
	}
}

// Closing ends a step in whatever it waits for.
func TestClosingEndsAStep(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, memory(), protocol.ProfileBaseline)
	turnstile := services.NewTurnstile(w)
	handler := cgroups_lookup.Handler{Handle: func(*protocol.CgroupsLookupRequestView, *protocol.CgroupsLookupBuilder) bool {
		turnstile.Pass()
		return false
	}}
	w.Serve(cgroups_lookup.NewServer(w.Dir, "svc", w.ServerConfig(), handler))
	e := cgroups_lookup.NewEnricher(w.Dir, "svc", w.ClientConfig(), service.EnricherConfig{Logger: quiet})
	if found := e.Get("/a"); found.Outcome != service.OutcomeQueued {
		t.Fatal(found.Outcome)
	}
	for _, key := range []string{"", "a\x00b"} {
		if found := e.Get(key); found.Outcome != service.OutcomeInvalid || e.Pin(key) {
			t.Fatalf("%q: %v", key, found.Outcome)
		}
	}
	ended := make(chan service.EnricherStep, 1)
	go func() { ended <- e.Step(conformance.Soon) }()
	turnstile.Meet(w)
	w.AtOnce("closing", func() { w.No(e.Close()) })
	if step := <-ended; step.End != service.StepAborted {
		t.Fatalf("%+v", step)
	}
	turnstile.Release()
	turnstile.Release()
}

func TestMetricsAreAsPrometheusReadsThem(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, memory(), protocol.ProfileBaseline)
	serveProcesses(w, service.NewPublished(processes{1: 100}))
	e := enricherOf(w, service.EnricherConfig{})
	e.RefreshNow([]uint32{1, 2}, conformance.Soon)
	e.Get(1)
	e.Get(2)
	stats := e.Stats()
	var text strings.Builder
	w.No(stats.WritePrometheus(&text, "apps-lookup"))
	for _, line := range []string{
		"# TYPE netipc_enricher_keys_total counter\n",
		`netipc_enricher_keys_total{service="apps-lookup",result="requested"} 2` + "\n",
		`netipc_enricher_keys_total{service="apps-lookup",result="given_up"} 0` + "\n",
		`netipc_enricher_hits_total{service="apps-lookup"} 1` + "\n",
		`netipc_enricher_misses_total{service="apps-lookup",reason="for_now"} 1` + "\n",
		`netipc_enricher_evictions_total{service="apps-lookup",cause="age"} 0` + "\n",
		`netipc_enricher_entries{service="apps-lookup"} 2` + "\n",
		`netipc_enricher_absent{service="apps-lookup"} 0` + "\n",
		`netipc_enricher_call_seconds_bucket{service="apps-lookup",le="0.001"} `,
		`netipc_enricher_call_seconds_bucket{service="apps-lookup",le="+Inf"} 1` + "\n",
		`netipc_enricher_call_seconds_count{service="apps-lookup"} 1` + "\n",
	} {
		if strings.Count(text.String(), line) != 1 {
			t.Errorf("%q is not there once:\n%s", line, text.String())
		}
	}
	if heads := strings.Count(text.String(), "# HELP "); heads != strings.Count(text.String(), "# TYPE ") || heads != 19 {
		t.Errorf("%d heads", heads)
	}
}
