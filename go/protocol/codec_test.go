package protocol_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/netipc/netipc/go/protocol"
)

// Both sides of a lookup: asks for keys, answers, and looks at every item of the reply. The keys, the
// items, the mix of known and unknown ones, and all that is done are those of the scenario codec of
// the Rust benchmarks, so that the times compare. Keys were made before, as they are there.
type codec interface {
	// call does all of it once; it returns the bytes of the reply.
	call() (int, error)
}

const benchPaths = "/sys/fs/cgroup/bench/"

var errWrongItem = errors.New("an item is not as it was added")

// What a provider knows comes from elsewhere, and so does it here: from variables.
var (
	benchName      = []byte("bench-pod")
	benchComm      = []byte("bench")
	benchPath      = []byte(benchPaths + "cg-1")
	namespaceLabel = protocol.NewLabel([]byte("namespace"), []byte("bench"))
	imageLabel     = protocol.NewLabel([]byte("image"), []byte("bench:latest"))
)

type cgroupsCodec struct {
	keys           [][]byte
	request, reply []byte
	known          bool
	builder        protocol.CgroupsLookupBuilder
}

func newCgroupsCodec(keys int, known bool) *cgroupsCodec {
	kind := "no"
	if known {
		kind = "cg"
	}
	c := &cgroupsCodec{known: known, request: make([]byte, 16+keys*64), reply: make([]byte, 16+keys*256)}
	for i := range keys {
		c.keys = append(c.keys, fmt.Appendf(nil, "%s%s-%d", benchPaths, kind, i))
	}
	return c
}

func (c *cgroupsCodec) call() (int, error) {
	n, err := protocol.EncodeCgroupsLookupRequest(c.request, c.keys)
	if err != nil {
		return 0, err
	}
	if n, err = c.answer(c.request[:n]); err != nil {
		return 0, err
	}
	reply, err := protocol.DecodeCgroupsLookupResponse(c.reply[:n])
	if err != nil {
		return 0, err
	}
	if reply.Len() != len(c.keys) {
		return 0, errWrongItem
	}
	var item protocol.CgroupsLookupItemView
	for i, key := range c.keys {
		if err := reply.Read(uint32(i), &item); err != nil {
			return 0, err
		}
		if !protocol.CString(key).Equal(item.Path) || !c.right(&item) {
			return 0, errWrongItem
		}
	}
	return n, nil
}

func (c *cgroupsCodec) answer(payload []byte) (int, error) {
	request, err := protocol.DecodeCgroupsLookupRequest(payload)
	if err != nil {
		return 0, err
	}
	if err := c.builder.Start(request, c.reply); err != nil {
		return 0, err
	}
	c.builder.SetGeneration(1)
	var labels [2]protocol.Label
	for _, key := range request.Keys() {
		var err error
		if key.Bytes()[len(benchPaths)] != 'c' {
			err = c.builder.AddBare(protocol.CgroupStatusUnknownPermanent)
		} else {
			labels[0], labels[1] = namespaceLabel, imageLabel
			err = c.builder.Push(&protocol.CgroupsLookupItemView{
				Status:       protocol.CgroupStatusKnown,
				Orchestrator: protocol.OrchestratorK8s,
				Path:         key.CStringView,
				Name:         protocol.CString(benchName),
				Labels:       protocol.LabelsOf(labels[:]),
			})
		}
		if err != nil {
			return 0, err
		}
	}
	return c.builder.Finish()
}

func (c *cgroupsCodec) right(item *protocol.CgroupsLookupItemView) bool {
	if !c.known {
		return item.Status == protocol.CgroupStatusUnknownPermanent
	}
	return item.Status == protocol.CgroupStatusKnown && item.Orchestrator == protocol.OrchestratorK8s &&
		string(item.Name.Bytes()) == "bench-pod" &&
		labelBytes(&item.Labels) == len("namespacebenchimagebench:latest")
}

type appsCodec struct {
	keys           []uint32
	request, reply []byte
	known          bool
	builder        protocol.AppsLookupBuilder
}

func newAppsCodec(keys int, known bool) *appsCodec {
	c := &appsCodec{known: known, request: make([]byte, 16+keys*64), reply: make([]byte, 16+keys*256)}
	for i := range keys {
		pid := uint32(2 * i)
		if known {
			pid++
		}
		c.keys = append(c.keys, pid)
	}
	return c
}

func (c *appsCodec) call() (int, error) {
	n, err := protocol.EncodeAppsLookupRequest(c.request, c.keys)
	if err != nil {
		return 0, err
	}
	if n, err = c.answer(c.request[:n]); err != nil {
		return 0, err
	}
	reply, err := protocol.DecodeAppsLookupResponse(c.reply[:n])
	if err != nil {
		return 0, err
	}
	if reply.Len() != len(c.keys) {
		return 0, errWrongItem
	}
	var item protocol.AppsLookupItemView
	for i, key := range c.keys {
		if err := reply.Read(uint32(i), &item); err != nil {
			return 0, err
		}
		if item.Pid != key || !c.right(&item) {
			return 0, errWrongItem
		}
	}
	return n, nil
}

func (c *appsCodec) answer(payload []byte) (int, error) {
	request, err := protocol.DecodeAppsLookupRequest(payload)
	if err != nil {
		return 0, err
	}
	if err := c.builder.Start(request, c.reply); err != nil {
		return 0, err
	}
	c.builder.SetGeneration(1)
	var labels [1]protocol.Label
	for _, pid := range request.Keys() {
		var err error
		if pid%2 == 0 {
			err = c.builder.AddBare(protocol.PidStatusUnknown)
		} else {
			labels[0] = namespaceLabel
			err = c.builder.Push(&protocol.AppsLookupItemView{
				Status:       protocol.PidStatusKnown,
				CgroupStatus: protocol.AppsCgroupStatusKnown,
				Orchestrator: protocol.OrchestratorK8s,
				Pid:          uint32(pid),
				Ppid:         1,
				Uid:          1000,
				Starttime:    12_345,
				Comm:         protocol.CString(benchComm),
				CgroupPath:   protocol.CString(benchPath),
				CgroupName:   protocol.CString(benchName),
				Labels:       protocol.LabelsOf(labels[:]),
			})
		}
		if err != nil {
			return 0, err
		}
	}
	return c.builder.Finish()
}

func (c *appsCodec) right(item *protocol.AppsLookupItemView) bool {
	if !c.known {
		return item.Status == protocol.PidStatusUnknown
	}
	return item.Status == protocol.PidStatusKnown && item.Ppid == 1 &&
		string(item.Comm.Bytes()) == "bench" && startsAsPaths(item.CgroupPath.Bytes()) &&
		string(item.CgroupName.Bytes()) == "bench-pod" && labelBytes(&item.Labels) == len("namespacebench")
}

func startsAsPaths(path []byte) bool {
	return len(path) >= len(benchPaths) && string(path[:len(benchPaths)]) == benchPaths
}

// labelBytes returns the bytes of the keys and values of labels, each of which is looked at.
func labelBytes(labels *protocol.Labels) int {
	sum := 0
	for key, value := range labels.Pairs() {
		sum += key.Len() + value.Len()
	}
	return sum
}

// codecs returns both lookups, with all keys known and with none.
func codecs(keys int) map[string]codec {
	return map[string]codec{
		"cgroups/known":   newCgroupsCodec(keys, true),
		"cgroups/unknown": newCgroupsCodec(keys, false),
		"apps/known":      newAppsCodec(keys, true),
		"apps/unknown":    newAppsCodec(keys, false),
	}
}

func BenchmarkCodec(b *testing.B) {
	for _, keys := range []int{16, 8192} {
		for name, codec := range codecs(keys) {
			b.Run(fmt.Sprintf("%s/%d", name, keys), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := codec.call(); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*keys), "ns/key")
			})
		}
	}
}
