package service_test

import (
	"fmt"
	"testing"

	"github.com/netipc/netipc/go/internal/rundir"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
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
