package services

import (
	"bytes"
	"fmt"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/apps_lookup"
	"github.com/netipc/netipc/go/service/cgroups_lookup"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
)

// The lookups of the suite: one with numbers as keys, and one with texts.
type (
	processClient = apps_lookup.Client
	pathClient    = cgroups_lookup.Client
)

// Generation is that of everything that providers of the suite know.
const Generation = 0x8000_0000_0000_0009

// Snapshots is a provider of count cgroups.
func Snapshots(count uint32, pathLen int) cgroups_snapshot.Handler {
	return cgroups_snapshot.Handler{Handle: func(_ *protocol.CgroupsRequest, answer *protocol.CgroupsBuilder) bool {
		answer.SetHeader(1, Generation)
		for i := range count {
			if answer.Push(Cgroup(i, pathLen)) != nil {
				return false
			}
		}
		return true
	}}
}

// Cgroup is cgroup i of a snapshot.
func Cgroup(i uint32, pathLen int) protocol.CgroupsItemView {
	name := fmt.Sprintf("cgroup-%d", i)
	return protocol.CgroupsItemView{
		Hash:    cgroups_snapshot.SimpleHash(name),
		Options: i % 16,
		Enabled: i % 3,
		Name:    protocol.CString([]byte(name)),
		Path:    protocol.CString(bytes.Repeat([]byte{'p'}, pathLen)),
	}
}

// Apps is a provider that knows most processes; nameLen tells how long a cgroup name is.
func Apps(nameLen func(uint32) int) apps_lookup.Handler {
	return apps_lookup.Handler{Handle: func(request *protocol.AppsLookupRequestView, answer *protocol.AppsLookupBuilder) bool {
		answer.SetGeneration(Generation)
		for _, pid := range request.Keys() {
			if answer.Add(Process(uint32(pid), nameLen(uint32(pid)))) != nil {
				return false
			}
		}
		return true
	}}
}

// Process is what is known of pid.
func Process(pid uint32, nameLen int) protocol.AppsLookupItemView {
	item := protocol.AppsLookupItemView{
		Status:    protocol.PidStatusKnown,
		Pid:       pid,
		Ppid:      pid / 2,
		Uid:       pid % 7,
		Starttime: uint64(pid) << 20,
		Comm:      protocol.CString(fmt.Appendf(nil, "c%d", pid)),
	}
	path := protocol.CString(fmt.Appendf(nil, "/slice/%d", pid))
	switch pid % 5 {
	case 0:
		return item.Bare(protocol.NumberKey(pid), uint16(protocol.PidStatusUnknown))
	case 1:
		item.CgroupStatus = protocol.AppsCgroupStatusHostRoot
	case 2:
		item.CgroupStatus = protocol.AppsCgroupStatusUnknownRetryLater
	case 3:
		item.CgroupStatus, item.CgroupPath = protocol.AppsCgroupStatusUnknownPermanent, path
	default:
		item.Orchestrator, item.CgroupPath = protocol.OrchestratorK8s, path
		item.CgroupName = protocol.CString(bytes.Repeat([]byte{'n'}, nameLen))
	}
	return item
}

// Cgroups is a provider that has something to say of every path.
func Cgroups() cgroups_lookup.Handler {
	return cgroups_lookup.Handler{Handle: func(request *protocol.CgroupsLookupRequestView, answer *protocol.CgroupsLookupBuilder) bool {
		answer.SetGeneration(Generation)
		for _, path := range request.Keys() {
			if answer.Add(Path(path.Bytes())) != nil {
				return false
			}
		}
		return true
	}}
}

// Path is what is known of path.
func Path(path []byte) protocol.CgroupsLookupItemView {
	item := protocol.CgroupsLookupItemView{Path: protocol.CString(path)}
	switch cgroups_snapshot.SimpleHash(string(path)) % 4 {
	case 0:
		item.Status = protocol.CgroupStatusUnknownRetryLater
	case 1:
		item.Status = protocol.CgroupStatusUnknownPermanent
	case 2:
	default:
		item.Orchestrator, item.Name = protocol.OrchestratorDocker, item.Path
	}
	return item
}

// pattern is size bytes that differ from those of another seed.
func pattern(size, seed int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i*31 + seed)
	}
	return b
}

// sameItem tells whether two items are the same in every field.
func sameItem[E protocol.Encoder](a, b E) bool {
	return bytes.Equal(encoded(a), encoded(b))
}

func encoded(e protocol.Encoder) []byte {
	b := make([]byte, e.Size())
	if err := e.Encode(b); err != nil {
		return nil
	}
	return b
}

func (w *World) snapshotServer(config service.ServerConfig, handler cgroups_snapshot.Handler) *service.Server {
	return cgroups_snapshot.NewServer(w.Dir, endpointName, config, handler)
}

func (w *World) appsServer(config service.ServerConfig, nameLen func(uint32) int) *service.Server {
	return apps_lookup.NewServer(w.Dir, endpointName, config, Apps(nameLen))
}

func (w *World) cgroupsServer() *service.Server {
	return cgroups_lookup.NewServer(w.Dir, endpointName, w.ServerConfig(), Cgroups())
}

func (w *World) apps() *processClient {
	w.Helper()
	return Connected(w, apps_lookup.NewClient(w.Dir, endpointName, w.ClientConfig()))
}

func (w *World) cgroups(config service.ClientConfig) *pathClient {
	w.Helper()
	return Connected(w, cgroups_lookup.NewClient(w.Dir, endpointName, config))
}
