package service_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/netipc/netipc/go/internal/rundir"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/apps_lookup"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
	"github.com/netipc/netipc/go/service/increment"
)

func BenchmarkIncrement(b *testing.B) {
	for _, world := range worlds {
		b.Run(world.name, func(b *testing.B) {
			dir, backend := rundir.New(b), world.backend()
			defer serve(increment.NewServer(dir, "svc",
				service.ServerConfig{SupportedProfiles: world.profiles, Transport: backend, Logger: quiet},
				increment.Handler{Handle: increment.Next}))()
			c := increment.NewClient(dir, "svc",
				service.ClientConfig{SupportedProfiles: world.profiles, Transport: backend, Logger: quiet})
			defer c.Close()
			c.Refresh()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Call(41); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCache(b *testing.B) {
	const items = 10_000
	names := make([]string, items)
	for i := range names {
		names[i] = fmt.Sprintf("docker-%012x", i)
	}
	dir, backend := rundir.New(b), memory()
	defer serve(cgroups_snapshot.NewServer(dir, "svc", service.ServerConfig{Transport: backend, Logger: quiet},
		cgroups_snapshot.Handler{Handle: func(_ *protocol.CgroupsRequest, answer *protocol.CgroupsBuilder) bool {
			for _, name := range names {
				if answer.Add(cgroups_snapshot.SimpleHash(name), 0, 1, []byte(name), []byte("/path")) != nil {
					return false
				}
			}
			return true
		}}))()
	cache := cgroups_snapshot.NewCache(dir, "svc", service.ClientConfig{Transport: backend, Logger: quiet})
	defer cache.Close()
	b.Run("refresh", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if !cache.Refresh() {
				b.Fatal(cache.Status().LastError)
			}
		}
	})
	b.Run("hit", func(b *testing.B) {
		hashes := make([]uint32, items)
		for i, name := range names {
			hashes[i] = cgroups_snapshot.SimpleHash(name)
		}
		guard := cache.ReadLock()
		defer guard.Unlock()
		b.ReportAllocs()
		for i := 0; b.Loop(); i = (i + 7) % items {
			if _, found := guard.Get(hashes[i], names[i]); !found {
				b.Fatal(names[i])
			}
		}
	})
}

// What an enricher of 10,000 processes costs: a hit and a miss, a step with nothing to do, and one that asks again for
// the 100 of them that have changed.
func BenchmarkEnricher(b *testing.B) {
	const keys = 10_000
	dir, backend := rundir.New(b), memory()
	known := processes{}
	all := make([]uint32, keys)
	for i := range all {
		all[i] = uint32(i)
		known[all[i]] = 1
	}
	published := service.NewPublished(known)
	handler := apps_lookup.PublishedHandler(published, func(known processes, pid uint32, answer *protocol.AppsLookupBuilder) error {
		began, found := known[pid]
		if !found {
			return answer.AddBare(protocol.PidStatusUnknown)
		}
		return answer.Add(protocol.AppsLookupItemView{
			Pid: pid, Starttime: began, Comm: protocol.CString([]byte("command")), CgroupStatus: protocol.AppsCgroupStatusHostRoot,
		})
	})
	defer serve(apps_lookup.NewServer(dir, "svc", service.ServerConfig{Transport: backend, Logger: quiet}, handler))()
	e := apps_lookup.NewEnricher(dir, "svc", service.ClientConfig{Transport: backend, Logger: quiet},
		service.EnricherConfig{Capacity: 2 * keys, Retry: 1, RetryMost: 1, Logger: quiet})
	defer e.Close()
	if found := e.RefreshNow(all, time.Minute); found != keys {
		b.Fatal(found)
	}
	b.Run("hit", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i = (i + 7) % keys {
			found := e.Get(all[i])
			if item, known := found.Item(); !known || item.Pid != all[i] {
				b.Fatal(found.Outcome)
			}
		}
	})
	b.Run("hit, the least", func(b *testing.B) {
		for i := 0; b.Loop(); i = (i + 7) % keys {
			if found := e.Get(all[i]); found.Outcome != service.OutcomeKnown {
				b.Fatal(found.Outcome)
			}
		}
	})
	b.Run("queued", func(b *testing.B) {
		e.Get(keys)
		b.ReportAllocs()
		for b.Loop() {
			if found := e.Get(keys); found.Outcome != service.OutcomeQueued {
				b.Fatal(found.Outcome)
			}
		}
	})
	e.Step(time.Minute)
	b.Run("idle step", func(b *testing.B) {
		for b.Loop() {
			e.Step(time.Minute)
		}
	})
	b.Run("step with 100 new", func(b *testing.B) {
		for next := uint32(keys); b.Loop(); next += 100 {
			for i := range uint32(100) {
				e.Get(next + i)
			}
			if step := e.Step(time.Minute); step.Answered < 100 {
				b.Fatalf("%+v", step)
			}
		}
	})
}
