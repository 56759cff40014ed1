package serve

import (
	"github.com/netipc/netipc/go/cmd/netipc-go/internal/documents"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/apps_lookup"
	"github.com/netipc/netipc/go/service/cgroups_lookup"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
	"github.com/netipc/netipc/go/service/increment"
	"github.com/netipc/netipc/go/service/string_reverse"
)

type (
	cgroupsDocument = documents.Lookup[documents.CgroupItem]
	appsDocument    = documents.Lookup[documents.AppItem]
	numberDocument  = documents.Pair[uint64]
	textDocument    = documents.Pair[string]
)

// serviceOf returns what a document is for.
func serviceOf(document any) string {
	switch document.(type) {
	case *documents.Snapshot:
		return documents.Snapshots
	case *cgroupsDocument:
		return documents.Cgroups
	case *appsDocument:
		return documents.Apps
	case *numberDocument:
		return documents.Increment
	default:
		return documents.Reverse
	}
}

// server returns what serves a document, or the service itself where there is none.
func (p *plan) server(name string, document any) *service.Server {
	switch document := document.(type) {
	case *documents.Snapshot:
		handler := cgroups_snapshot.Handler{Handle: allCgroups(document)}
		return cgroups_snapshot.NewServerWithWorkers(p.runDir, name, p.config, handler, p.workers)
	case *cgroupsDocument:
		handler := cgroups_lookup.Handler{Handle: cgroupsOf(document)}
		return cgroups_lookup.NewServerWithWorkers(p.runDir, name, p.config, handler, p.workers)
	case *appsDocument:
		handler := apps_lookup.Handler{Handle: appsOf(document)}
		return apps_lookup.NewServerWithWorkers(p.runDir, name, p.config, handler, p.workers)
	case *numberDocument:
		return p.increments(name, nextOf(document))
	case *textDocument:
		return p.reversals(name, reverseOf(document))
	}
	if name == documents.Increment {
		return p.increments(name, increment.Next)
	}
	return p.reversals(name, string_reverse.Reverse)
}

func (p *plan) increments(name string, handle func(uint64) (uint64, bool)) *service.Server {
	return increment.NewServerWithWorkers(p.runDir, name, p.config, increment.Handler{Handle: handle}, p.workers)
}

func (p *plan) reversals(name string, handle func([]byte) ([]byte, bool)) *service.Server {
	handler := string_reverse.Handler{Handle: handle}
	return string_reverse.NewServerWithWorkers(p.runDir, name, p.config, handler, p.workers)
}

func allCgroups(snapshot *documents.Snapshot) func(*protocol.CgroupsRequest, *protocol.CgroupsBuilder) bool {
	items := views(snapshot.Items, (*documents.SnapshotItem).View)
	return func(_ *protocol.CgroupsRequest, answer *protocol.CgroupsBuilder) bool {
		answer.SetHeader(snapshot.SystemdEnabled, snapshot.Generation)
		for _, item := range items {
			if answer.Push(item) != nil {
				return false
			}
		}
		return true
	}
}

func cgroupsOf(document *cgroupsDocument) func(*protocol.CgroupsLookupRequestView, *protocol.CgroupsLookupBuilder) bool {
	known := make(map[string]protocol.CgroupsLookupItemView, len(document.Items))
	for _, item := range views(document.Items, (*documents.CgroupItem).View) {
		known[item.Path.String()] = item
	}
	return func(request *protocol.CgroupsLookupRequestView, answer *protocol.CgroupsLookupBuilder) bool {
		answer.SetGeneration(document.Generation)
		for _, path := range request.Keys() {
			item, found := known[string(path.Bytes())]
			if !found {
				item = item.Bare(path, uint16(protocol.CgroupStatusUnknownPermanent))
			}
			if answer.Add(item) != nil {
				return false
			}
		}
		return true
	}
}

func appsOf(document *appsDocument) func(*protocol.AppsLookupRequestView, *protocol.AppsLookupBuilder) bool {
	known := make(map[uint32]protocol.AppsLookupItemView, len(document.Items))
	for _, item := range views(document.Items, (*documents.AppItem).View) {
		known[item.Pid] = item
	}
	return func(request *protocol.AppsLookupRequestView, answer *protocol.AppsLookupBuilder) bool {
		answer.SetGeneration(document.Generation)
		for _, pid := range request.Keys() {
			item, found := known[uint32(pid)]
			if !found {
				item = item.Bare(pid, uint16(protocol.PidStatusUnknown))
			}
			if answer.Add(item) != nil {
				return false
			}
		}
		return true
	}
}

func nextOf(known *numberDocument) func(uint64) (uint64, bool) {
	return func(n uint64) (uint64, bool) { return known.Reply, n == known.Request }
}

func reverseOf(known *textDocument) func([]byte) ([]byte, bool) {
	return func(text []byte) ([]byte, bool) { return []byte(known.Reply), string(text) == known.Request }
}

// views returns items as they are served.
func views[I, V any](items []I, view func(*I) V) []V {
	all := make([]V, len(items))
	for i := range items {
		all[i] = view(&items[i])
	}
	return all
}
