package bench

import (
	"fmt"

	"github.com/netipc/netipc/go/service/cgroups_snapshot"
)

const (
	// generation is that of all data.
	generation = 1
	cgroupsDir = "/sys/fs/cgroup/bench/"
	knownName  = "bench-pod"
	knownComm  = "bench"
	// Bytes of the labels that known items have.
	cgroupLabelBytes = len("namespacebenchimagebench:latest")
	appLabelBytes    = len("namespacebench")
)

// cgroup is one cgroup of the server's snapshot.
type cgroup struct {
	hash       uint32
	name, path string
}

// cgroupsOf returns all cgroups of a snapshot.
func cgroupsOf(count uint32) []cgroup {
	cgroups := make([]cgroup, count)
	for i := range cgroups {
		name := fmt.Sprintf("cgroup-%d", i)
		cgroups[i] = cgroup{cgroups_snapshot.SimpleHash(name), name, fmt.Sprintf("%scg-%d", cgroupsDir, i)}
	}
	return cgroups
}

// known tells whether the server knows the key with an index: all keys, none, or every other one.
func known(mix string, index uint32) bool {
	return mix == "known" || mix == "mixed" && index%2 == 0
}

// pathsOf returns what a lookup of cgroups asks for. The server tells known keys by the keys alone.
func pathsOf(count uint32, mix string) [][]byte {
	paths := make([][]byte, count)
	for i := range paths {
		kind := "no"
		if known(mix, uint32(i)) {
			kind = "cg"
		}
		paths[i] = fmt.Appendf(nil, "%s%s-%d", cgroupsDir, kind, i)
	}
	return paths
}

// pidsOf returns what a lookup of processes asks for.
func pidsOf(count uint32, mix string) []uint32 {
	pids := make([]uint32, count)
	for i := range pids {
		pids[i] = uint32(i) * 2
		if known(mix, uint32(i)) {
			pids[i]++
		}
	}
	return pids
}
