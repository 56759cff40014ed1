//go:build !race

package service_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/netipc/netipc/go/internal/conformance"
	"github.com/netipc/netipc/go/internal/conformance/services"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/apps_lookup"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
	"github.com/netipc/netipc/go/service/increment"
)

// What is done again and again allocates nothing, on neither side: the server is in this process.
func TestSteadyPathsDoNotAllocate(t *testing.T) {
	for _, world := range worlds {
		if world.name == "memory" || world.name == "small packets" {
			// Queues in a process keep a copy of every packet.
			continue
		}
		t.Run(world.name, func(t *testing.T) {
			t.Run("increment", func(t *testing.T) {
				w := services.NewWorld(t, world.backend(), world.profiles)
				w.Serve(increment.NewServer(w.Dir, "svc", w.ServerConfig(), increment.Handler{Handle: increment.Next}))
				steadyIncrement(t, w)
			})
			t.Run("snapshot", func(t *testing.T) {
				w := services.NewWorld(t, world.backend(), world.profiles)
				w.Serve(cgroups_snapshot.NewServer(w.Dir, "svc", w.ServerConfig(), threeCgroups()))
				steadySnapshot(t, w)
			})
			t.Run("lookup", func(t *testing.T) {
				w := services.NewWorld(t, world.backend(), world.profiles)
				w.Serve(apps_lookup.NewServer(w.Dir, "svc", w.ServerConfig(), unknownApps()))
				steadyLookup(t, w)
			})
		})
	}
}

func steadyIncrement(t *testing.T, w *services.World) {
	c := services.Connected(w, increment.NewClient(w.Dir, "svc", w.ClientConfig()))
	pinned(t, func() {
		if n, err := c.Call(41); n != 42 || err != nil {
			t.Fatal(n, err)
		}
	})
}

func steadySnapshot(t *testing.T, w *services.World) {
	c := services.Connected(w, cgroups_snapshot.NewClient(w.Dir, "svc", w.ClientConfig()))
	pinned(t, func() {
		view, err := c.CallSnapshot()
		if err != nil || view.ItemCount != 3 {
			t.Fatal(err)
		}
		for i := range view.ItemCount {
			if item, err := view.Item(i); err != nil || item.Name.Len() == 0 {
				t.Fatal(err)
			}
		}
	})
}

func steadyLookup(t *testing.T, w *services.World) {
	c := services.Connected(w, apps_lookup.NewClient(w.Dir, "svc", w.ClientConfig()))
	pids := []uint32{1, 2, 3}
	pinned(t, func() {
		reply, err := c.Call(pids)
		if err != nil {
			t.Fatal(err)
		}
		for i := range reply.ItemCount {
			if item, err := reply.Item(i); err != nil || item.Pid != pids[i] {
				t.Fatal(item, err)
			}
		}
	})
}

func TestACacheHitDoesNotAllocate(t *testing.T) {
	w := services.NewWorld(t, memory(), protocol.ProfileBaseline)
	w.Serve(cgroups_snapshot.NewServer(w.Dir, "svc", w.ServerConfig(), threeCgroups()))
	cache := cgroups_snapshot.NewCache(w.Dir, "svc", w.ClientConfig())
	t.Cleanup(func() { w.No(cache.Close()) })
	w.No(cache.RefreshContext(t.Context()))
	pinned(t, func() {
		guard := cache.ReadLock()
		if item, found := guard.Get(2, "two"); !found || item.Enabled != 1 {
			t.Fatal("no hit")
		}
		if _, found := guard.Get(2, "three"); found {
			t.Fatal("no miss")
		}
		guard.Unlock()
	})
}

// What an enricher has is given without an allocation, and so is why it has nothing.
func TestAnEnrichersHitDoesNotAllocate(t *testing.T) {
	w := services.NewWorld(t, memory(), protocol.ProfileBaseline)
	serveProcesses(w, service.NewPublished(processes{1: 100}))
	e := enricherOf(w, service.EnricherConfig{})
	if known := e.RefreshNow([]uint32{1, 2}, conformance.Soon); known != 1 {
		t.Fatal(known)
	}
	e.Get(3)
	keys := []uint32{1, 2, 3}
	pinned(t, func() {
		if found := e.GetAs(1, 100); found.Outcome != service.OutcomeKnown || found.Age() < 0 {
			t.Fatal("no hit")
		} else if item, known := found.Item(); !known || item.Pid != 1 {
			t.Fatal("no item")
		}
		known := 0
		e.GetMany(keys, func(_ int, found service.Found[protocol.AppsLookupItemView]) {
			if found.Outcome == service.OutcomeKnown {
				known++
			}
		})
		if known != 1 {
			t.Fatal(known)
		}
	})
}

// A step that asks again for what is known takes an allocation for each item at most, and one for each call besides.
func TestAnEnrichersStepAllocatesOnceForEachItemAtMost(t *testing.T) {
	const keys = 1000
	w := services.NewWorld(t, memory(), protocol.ProfileBaseline)
	comm, all := []byte("command"), make([]uint32, keys)
	for i := range all {
		all[i] = uint32(i)
	}
	answer := func(_ int, pid uint32, answer *protocol.AppsLookupBuilder) error {
		return answer.Add(protocol.AppsLookupItemView{
			Pid: pid, Starttime: 1, Comm: protocol.CString(comm), CgroupStatus: protocol.AppsCgroupStatusHostRoot,
		})
	}
	w.Serve(apps_lookup.NewServer(w.Dir, "svc", w.ServerConfig(), apps_lookup.PublishedHandler(service.NewPublished(0), answer)))
	e := enricherOf(w, service.EnricherConfig{Retry: 1})
	if found := e.RefreshNow(all, conformance.Soon); found != keys {
		t.Fatal(found)
	}
	again := func() {
		// Where clocks tick slowly, nothing would be due yet.
		for last := time.Now(); !time.Now().After(last); {
			runtime.Gosched()
		}
		for _, pid := range all {
			if found := e.GetAs(pid, 2); found.Outcome != service.OutcomeReused {
				t.Fatal(found.Outcome)
			}
		}
		before := e.Stats().Answered
		if step := e.Step(conformance.Soon); e.Stats().Answered-before < keys {
			t.Fatalf("%+v", step)
		}
	}
	again()
	// What the server in this process and the waiting take is less than one for ten items.
	if got := testing.AllocsPerRun(20, again); got > keys*1.1 {
		t.Errorf("%v allocations for %d items", got, keys)
	}
	if each := e.Stats().Bytes / keys; each > 450 {
		t.Errorf("%d bytes for each item", each)
	}
}

// pinned fails where run allocates, once it has warmed up.
func pinned(t *testing.T, run func()) {
	t.Helper()
	for range 100 {
		run()
	}
	if got := testing.AllocsPerRun(200, run); got != 0 {
		t.Fatalf("%v allocations", got)
	}
}

func threeCgroups() cgroups_snapshot.Handler {
	names := [][]byte{[]byte("one"), []byte("two"), []byte("three")}
	return cgroups_snapshot.Handler{Handle: func(_ *protocol.CgroupsRequest, answer *protocol.CgroupsBuilder) bool {
		answer.SetHeader(1, 1)
		for i, name := range names {
			if answer.Add(uint32(i+1), 0, 1, name, name) != nil {
				return false
			}
		}
		return true
	}}
}

func unknownApps() apps_lookup.Handler {
	return apps_lookup.Handler{Handle: func(request *protocol.AppsLookupRequestView, answer *protocol.AppsLookupBuilder) bool {
		for range request.Len() {
			if answer.AddBare(protocol.PidStatusUnknown) != nil {
				return false
			}
		}
		return true
	}}
}
