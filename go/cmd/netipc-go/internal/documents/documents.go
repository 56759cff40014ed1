// Package documents is the JSON that call --json prints and serve --data reads: one document for each
// service, the same as that of the program netipc.
//
// Bytes that are not UTF-8 become U+FFFD, as JSON has no other place for them. What a file leaves out
// has the value that the protocol calls unknown or empty, so that a mock can be short.
package documents

import (
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service/apps_lookup"
	"github.com/netipc/netipc/go/service/cgroups_lookup"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
	"github.com/netipc/netipc/go/service/increment"
	"github.com/netipc/netipc/go/service/string_reverse"
)

// The services, as their documents and endpoints are named.
var (
	Snapshots = cgroups_snapshot.Service.Name
	Cgroups   = cgroups_lookup.Service.Name
	Apps      = apps_lookup.Service.Name
	Increment = increment.Service.Name
	Reverse   = string_reverse.Service.Name
)

// Services are all of them.
var Services = []string{Snapshots, Cgroups, Apps, Increment, Reverse}

// Snapshot is the document of cgroups-snapshot.
type Snapshot struct {
	Service        string         `json:"service"`
	Generation     uint64         `json:"generation"`
	SystemdEnabled uint32         `json:"systemd_enabled"`
	Items          []SnapshotItem `json:"items"`
}

// SnapshotItem is one cgroup of a snapshot.
type SnapshotItem struct {
	Hash    uint32 `json:"hash"`
	Options uint32 `json:"options"`
	Enabled uint32 `json:"enabled"`
	Name    string `json:"name"`
	Path    string `json:"path"`
}

// Lookup is the document of a lookup.
type Lookup[I any] struct {
	Service    string `json:"service"`
	Generation uint64 `json:"generation"`
	Items      []I    `json:"items"`
}

// CgroupItem is one item of cgroups-lookup.
type CgroupItem struct {
	Path         string       `json:"path"`
	Status       CgroupStatus `json:"status"`
	Orchestrator Orchestrator `json:"orchestrator"`
	Name         string       `json:"name"`
	Labels       Labels       `json:"labels"`
}

// AppItem is one item of apps-lookup.
type AppItem struct {
	Pid          uint32           `json:"pid"`
	Status       PidStatus        `json:"status"`
	CgroupStatus AppsCgroupStatus `json:"cgroup_status"`
	Orchestrator Orchestrator     `json:"orchestrator"`
	Ppid         uint32           `json:"ppid"`
	Uid          uint32           `json:"uid"`
	Starttime    uint64           `json:"starttime"`
	Comm         string           `json:"comm"`
	CgroupPath   string           `json:"cgroup_path"`
	CgroupName   string           `json:"cgroup_name"`
	Labels       Labels           `json:"labels"`
}

// Pair is the document of a service with one question and one answer: increment, of numbers, and
// string-reverse, of texts.
type Pair[T any] struct {
	Service string `json:"service"`
	Request T      `json:"request"`
	Reply   T      `json:"reply"`
}

// SnapshotOf copies a reply. It fails with what is wrong with its first bad item.
func SnapshotOf(view *protocol.CgroupsResponseView) (*Snapshot, error) {
	snapshot := &Snapshot{
		Service:        Snapshots,
		Generation:     view.Generation,
		SystemdEnabled: view.SystemdEnabled,
		Items:          make([]SnapshotItem, view.ItemCount),
	}
	for i := range view.ItemCount {
		item, err := view.Item(i)
		if err != nil {
			return nil, err
		}
		snapshot.Items[i] = SnapshotItem{
			Hash: item.Hash, Options: item.Options, Enabled: item.Enabled,
			Name: lossy(item.Name), Path: lossy(item.Path),
		}
	}
	return snapshot, nil
}

// View is the item as it is served.
func (s *SnapshotItem) View() protocol.CgroupsItemView {
	return protocol.CgroupsItemView{
		Hash: s.Hash, Options: s.Options, Enabled: s.Enabled, Name: text(s.Name), Path: text(s.Path),
	}
}

// CgroupsOf copies a reply.
func CgroupsOf(view *protocol.CgroupsLookupResponseView) *Lookup[CgroupItem] {
	items := make([]CgroupItem, 0, view.Len())
	for _, item := range view.Items() {
		items = append(items, CgroupItem{
			Path:         lossy(item.Path),
			Status:       CgroupStatus{item.Status},
			Orchestrator: Orchestrator{item.Orchestrator},
			Name:         lossy(item.Name),
			Labels:       labelsOf(item.Labels),
		})
	}
	return &Lookup[CgroupItem]{Service: Cgroups, Generation: view.Generation, Items: items}
}

// View is the item as it is served.
func (c *CgroupItem) View() protocol.CgroupsLookupItemView {
	return protocol.CgroupsLookupItemView{
		Status:       c.Status.Code,
		Orchestrator: c.Orchestrator.Code,
		Path:         text(c.Path),
		Name:         text(c.Name),
		Labels:       c.Labels.view(),
	}
}

// AppsOf copies a reply.
func AppsOf(view *protocol.AppsLookupResponseView) *Lookup[AppItem] {
	items := make([]AppItem, 0, view.Len())
	for _, item := range view.Items() {
		items = append(items, AppItem{
			Pid:          item.Pid,
			Status:       PidStatus{item.Status},
			CgroupStatus: AppsCgroupStatus{item.CgroupStatus},
			Orchestrator: Orchestrator{item.Orchestrator},
			Ppid:         item.Ppid,
			Uid:          item.Uid,
			Starttime:    item.Starttime,
			Comm:         lossy(item.Comm),
			CgroupPath:   lossy(item.CgroupPath),
			CgroupName:   lossy(item.CgroupName),
			Labels:       labelsOf(item.Labels),
		})
	}
	return &Lookup[AppItem]{Service: Apps, Generation: view.Generation, Items: items}
}

// View is the item as it is served.
func (a *AppItem) View() protocol.AppsLookupItemView {
	return protocol.AppsLookupItemView{
		Status:       a.Status.Code,
		CgroupStatus: a.CgroupStatus.Code,
		Orchestrator: a.Orchestrator.Code,
		Pid:          a.Pid,
		Ppid:         a.Ppid,
		Uid:          a.Uid,
		Starttime:    a.Starttime,
		Comm:         text(a.Comm),
		CgroupPath:   text(a.CgroupPath),
		CgroupName:   text(a.CgroupName),
		Labels:       a.Labels.view(),
	}
}

// NumbersOf is the document of an increment.
func NumbersOf(request, reply uint64) *Pair[uint64] {
	return &Pair[uint64]{Service: Increment, Request: request, Reply: reply}
}

// TextsOf is the document of a reversal.
func TextsOf(request []byte, reply protocol.CStringView) *Pair[string] {
	return &Pair[string]{Service: Reverse, Request: lossy(protocol.CString(request)), Reply: lossy(reply)}
}

func text(text string) protocol.CStringView { return protocol.CString([]byte(text)) }
