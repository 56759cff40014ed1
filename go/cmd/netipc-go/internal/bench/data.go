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
