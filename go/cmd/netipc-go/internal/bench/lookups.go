package bench

import (
	"bytes"
	"fmt"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/apps_lookup"
	"github.com/netipc/netipc/go/service/cgroups_lookup"
)

// The lookups of a benchmark: what is asked, what is known, and what is right as an answer.

// lookups are all of them.
var lookups = map[string]lookup{
	cgroups_lookup.Service.Name: lookupOf[[]byte, protocol.TextKey, protocol.CgroupsLookupItemView, protocol.CgroupsLookupResponseView, *protocol.CgroupsLookupResponseView]{
		service: &cgroups_lookup.Service, enrich: looks(cgroups_lookup.NewEnricher, pathText, func(item *protocol.CgroupsLookupItemView) int { return item.Name.Len() }),
		key:     pathOf,
		read:    (*protocol.CgroupsLookupResponseView).Read,
		isRight: isRightCgroup,
		pass: func(reply *protocol.CgroupsLookupResponseView) (bytes int) {
			for i := range reply.ItemCount {
				if item, err := reply.Item(i); err == nil {
					bytes += item.Path.Len() + item.Name.Len()
				}
			}
			return bytes
		},
		labelled: func(item *protocol.CgroupsLookupItemView) protocol.Labels { return item.Labels },
		serve: func(runDir, name string, config service.ServerConfig) *service.Server {
			return cgroups_lookup.NewServer(runDir, name, config, cgroups_lookup.Handler{Handle: answerCgroups})
		},
	},
	apps_lookup.Service.Name: lookupOf[uint32, protocol.NumberKey, protocol.AppsLookupItemView, protocol.AppsLookupResponseView, *protocol.AppsLookupResponseView]{
		service: &apps_lookup.Service, enrich: looks(apps_lookup.NewEnricher, knownPid, func(item *protocol.AppsLookupItemView) int { return item.Comm.Len() }),
		key:     pidOf,
		read:    (*protocol.AppsLookupResponseView).Read,
		isRight: isRightApp,
		pass: func(reply *protocol.AppsLookupResponseView) (bytes int) {
			for i := range reply.ItemCount {
				if item, err := reply.Item(i); err == nil {
					bytes += item.Comm.Len() + item.CgroupPath.Len()
				}
			}
			return bytes
		},
		labelled: func(item *protocol.AppsLookupItemView) protocol.Labels { return item.Labels },
		serve: func(runDir, name string, config service.ServerConfig) *service.Server {
			return apps_lookup.NewServer(runDir, name, config, apps_lookup.Handler{Handle: answerApps})
		},
	},
}

// lookup is a service that is asked with keys.
type lookup interface {
	// calls asks for all keys, again and again.
	calls(*work) (*operation, error)
	// items reads all items of one reply, labels all their labels.
	items(*work) (*operation, error)
	labels(*work) (*operation, error)
	// looks looks at the keys of an enricher.
	looks(*work) (*operation, error)
	server(runDir, name string, config service.ServerConfig) *service.Server
}

// lookupOf is a lookup with keys A, on the wire K, and replies R of items I.
type lookupOf[A any, K protocol.LookupKey[K], I, R any, P protocol.LookupReply[K, R]] struct {
	service *service.Lookup[A, K, R, P]
	enrich  func(*work) (*operation, error)
	// The key with an index, which the server knows or not: it tells by the key alone.
	key  func(index uint32, known bool) A
	read func(P, uint32, *I) error
	// Whether an item is that of the key, and all that is known of it.
	isRight func(item *I, key A, known bool) bool
	// Reads all items; it returns the bytes of their texts. It is for each kind, so that only reading is measured.
	pass     func(P) int
	labelled func(*I) protocol.Labels
	serve    func(runDir, name string, config service.ServerConfig) *service.Server
}

func (l lookupOf[A, K, I, R, P]) looks(w *work) (*operation, error) { return l.enrich(w) }

func (l lookupOf[A, K, I, R, P]) server(runDir, name string, config service.ServerConfig) *service.Server {
	return l.serve(runDir, name, config)
}

func (l lookupOf[A, K, I, R, P]) keys(count uint32, mix string) []A {
	keys := make([]A, count)
	for i := range keys {
		keys[i] = l.key(uint32(i), known(mix, uint32(i)))
	}
	return keys
}

func (l lookupOf[A, K, I, R, P]) client(w *work) (*service.LookupClient[A, K, R, P], error) {
	client := service.NewLookupClient(l.service, w.arguments["run-dir"], w.arguments["service"], w.config)
	return client, w.connect(client)
}

func (l lookupOf[A, K, I, R, P]) calls(w *work) (*operation, error) {
	client, err := l.client(w)
	mix := w.arguments["mix"]
	keys := l.keys(w.items, mix)
	item := new(I)
	return &operation{close: client.Close, run: func() (uint64, error) {
		reply, err := client.Call(keys)
		if err != nil {
			return 0, err
		}
		right := reply.Len() == len(keys)
		for i := uint32(0); right && i < w.items; i++ {
			right = l.read(reply, i, item) == nil && l.isRight(item, keys[i], known(mix, i))
		}
		if !right {
			return 0, wrong("an item of a lookup")
		}
		return 1, nil
	}}, err
}

// reply asks once, for keys that are all known.
func (l lookupOf[A, K, I, R, P]) reply(w *work) (*service.LookupClient[A, K, R, P], P, error) {
	client, err := l.client(w)
	if err != nil {
		return nil, nil, err
	}
	reply, err := client.Call(l.keys(w.items, "known"))
	return client, reply, err
}

func (l lookupOf[A, K, I, R, P]) items(w *work) (*operation, error) {
	client, reply, err := l.reply(w)
	if err != nil {
		return nil, err
	}
	if reply.Len() != int(w.items) {
		return nil, wrong("a lookup of other items")
	}
	return reading(client.Close, func() (uint64, int) {
		return uint64(w.items), l.pass(reply)
	}), nil
}

func (l lookupOf[A, K, I, R, P]) labels(w *work) (*operation, error) {
	client, reply, err := l.reply(w)
	if err != nil {
		return nil, err
	}
	all := make([]protocol.Labels, w.items)
	for i := range all {
		item := new(I)
		if err := l.read(reply, uint32(i), item); err != nil {
			return nil, err
		}
		all[i] = l.labelled(item)
	}
	return reading(client.Close, func() (uint64, int) {
		units, sum := 0, 0
		for _, labels := range all {
			units += labels.Len()
			sum += labelBytes(labels)
		}
		return uint64(units), sum
	}), nil
}

func (w *work) lookup() (*operation, error) {
	lookup, known := lookups[w.arguments["service"]]
	if !known {
		return nil, errUnsupported
	}
	return lookup.calls(w)
}

// Known items are the same but for their keys, and so are made once.
var (
	knownCgroup = protocol.CgroupsLookupItemView{
		Orchestrator: protocol.OrchestratorK8s, Name: text(knownName),
		Labels: labelsOf("namespace", "bench", "image", "bench:latest"),
	}
	knownApp = protocol.AppsLookupItemView{
		Orchestrator: protocol.OrchestratorK8s, Ppid: 1, Uid: 1000, Starttime: 12345, Comm: text(knownComm),
		CgroupPath: text(cgroupsDir + "cg-1"), CgroupName: text(knownName), Labels: labelsOf("namespace", "bench"),
	}
)

func pathOf(index uint32, known bool) []byte {
	kind := "no"
	if known {
		kind = "cg"
	}
	return fmt.Appendf(nil, "%s%s-%d", cgroupsDir, kind, index)
}

func answerCgroups(request *protocol.CgroupsLookupRequestView, answer *protocol.CgroupsLookupBuilder) bool {
	answer.SetGeneration(generation)
	for _, path := range request.Keys() {
		item := knownCgroup
		item.Path = path.CStringView
		if key := path.Bytes(); len(key) <= len(cgroupsDir) || key[len(cgroupsDir)] != 'c' {
			item = item.Bare(path, uint16(protocol.CgroupStatusUnknownPermanent))
		}
		if answer.Add(item) != nil {
			return false
		}
	}
	return true
}

func isRightCgroup(item *protocol.CgroupsLookupItemView, path []byte, known bool) bool {
	if !known {
		return bytes.Equal(item.Path.Bytes(), path) && item.Status == protocol.CgroupStatusUnknownPermanent
	}
	return bytes.Equal(item.Path.Bytes(), path) && item.Status == protocol.CgroupStatusKnown &&
		item.Orchestrator == protocol.OrchestratorK8s && string(item.Name.Bytes()) == knownName &&
		labelBytes(item.Labels) == cgroupLabelBytes
}

func pidOf(index uint32, known bool) uint32 {
	if known {
		return index*2 + 1
	}
	return index * 2
}

func answerApps(request *protocol.AppsLookupRequestView, answer *protocol.AppsLookupBuilder) bool {
	answer.SetGeneration(generation)
	for _, pid := range request.Keys() {
		item := knownApp
		item.Pid = uint32(pid)
		if pid%2 == 0 {
			item = item.Bare(pid, uint16(protocol.PidStatusUnknown))
		}
		if answer.Add(item) != nil {
			return false
		}
	}
	return true
}

func isRightApp(item *protocol.AppsLookupItemView, pid uint32, known bool) bool {
	if !known {
		return item.Pid == pid && item.Status == protocol.PidStatusUnknown
	}
	return item.Pid == pid && item.Status == protocol.PidStatusKnown && item.Ppid == 1 &&
		string(item.Comm.Bytes()) == knownComm && isCgroupPath(item.CgroupPath.Bytes()) &&
		string(item.CgroupName.Bytes()) == knownName && labelBytes(item.Labels) == appLabelBytes
}

func isCgroupPath(path []byte) bool {
	return len(path) > len(cgroupsDir) && string(path[:len(cgroupsDir)]) == cgroupsDir
}

func labelsOf(pairs ...string) protocol.Labels {
	var labels []protocol.Label
	for i := 0; i < len(pairs); i += 2 {
		labels = append(labels, protocol.NewLabel([]byte(pairs[i]), []byte(pairs[i+1])))
	}
	return protocol.LabelsOf(labels)
}

func text(text string) protocol.CStringView { return protocol.CString([]byte(text)) }

// labelBytes looks at each label.
func labelBytes(labels protocol.Labels) int {
	sum := 0
	for i := range labels.Len() {
		label, _ := labels.Get(i)
		sum += label.Key.Len() + label.Value.Len()
	}
	return sum
}
