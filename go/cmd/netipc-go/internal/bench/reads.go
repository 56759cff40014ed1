package bench

import (
	"context"

	"github.com/netipc/netipc/go/cmd/netipc-go/internal/cli"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
)

// lookupsPerLook is the lookups between two looks at the clock, at least.
const lookupsPerLook = 1024

var errNotCached = wrong("a cached item was not found")

// cache finds every item of a cache, with one guard for a pass or with one for each.
func (w *work) cache() (*operation, error) {
	cache := cgroups_snapshot.NewCache(w.arguments["run-dir"], w.arguments["service"], w.config)
	if err := cache.RefreshContext(context.Background()); err != nil {
		return nil, cli.Fail(cli.OfCall(err), "no snapshot for the cache: %w", err)
	}
	cgroups := cgroupsOf(w.items)
	pass := func() bool {
		guard := cache.ReadLock()
		defer guard.Unlock()
		for i := range cgroups {
			if !isFound(&guard, &cgroups[i]) {
				return false
			}
		}
		return true
	}
	if w.arguments["guard"] != "pass" {
		pass = func() bool {
			for i := range cgroups {
				guard := cache.ReadLock()
				found := isFound(&guard, &cgroups[i])
				guard.Unlock()
				if !found {
					return false
				}
			}
			return true
		}
	}
	passes := (lookupsPerLook + w.items - 1) / max(w.items, 1)
	return &operation{close: cache.Close, run: func() (uint64, error) {
		for range passes {
			if !pass() {
				return 0, errNotCached
			}
		}
		return uint64(passes) * uint64(w.items), nil
	}}, nil
}

func isFound(guard *cgroups_snapshot.Guard, cgroup *cgroup) bool {
	item, found := guard.Get(cgroup.hash, cgroup.name)
	return found && item.Path.Len() == len(cgroup.path)
}

// item reads all items, or all labels, of a reply that came before.
func (w *work) item() (*operation, error) {
	if w.arguments["service"] == cgroups_snapshot.Service.Name {
		return w.snapshotItems()
	}
	lookup, known := lookups[w.arguments["service"]]
	if !known {
		return nil, errUnsupported
	}
	if w.arguments["access"] == "labels" {
		return lookup.labels(w)
	}
	return lookup.items(w)
}

// reading is an operation whose passes read as many bytes as the first one.
func reading(closes func() error, pass func() (units uint64, bytes int)) *operation {
	there := 0
	return &operation{close: closes, run: func() (uint64, error) {
		units, bytes := pass()
		if there == 0 {
			there = bytes
		}
		if bytes == 0 || bytes != there {
			return 0, wrong("items that change")
		}
		return units, nil
	}}
}

func (w *work) snapshotItems() (*operation, error) {
	client, err := w.snapshots()
	if err != nil {
		return nil, err
	}
	reply, err := client.CallSnapshot()
	if err != nil {
		return nil, err
	}
	if reply.ItemCount != w.items {
		return nil, wrong("a snapshot of other items")
	}
	return reading(client.Close, func() (uint64, int) {
		sum := 0
		var item protocol.CgroupsItemView
		for i := range reply.ItemCount {
			if err := reply.Read(i, &item); err == nil {
				sum += item.Name.Len() + item.Path.Len()
			}
		}
		return uint64(w.items), sum
	}), nil
}
