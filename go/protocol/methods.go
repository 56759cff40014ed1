// Made from services/*.toml by netipc schema generate: change that, not this file.

package protocol

// MethodCode is a request kind. One code space for all services.
type MethodCode uint16

// The methods that every peer knows.
const (
	// MethodIncrement is increment: a number in, the next one out. It exists to test and to measure.
	MethodIncrement MethodCode = 1
	// MethodCgroupsSnapshot is cgroups-snapshot: all cgroups of the host, at once.
	MethodCgroupsSnapshot MethodCode = 2
	// MethodStringReverse is string-reverse: a text in, the same bytes backwards out. It exists to test.
	MethodStringReverse MethodCode = 3
	// MethodCgroupsLookup is cgroups-lookup: cgroup paths in; orchestrator, name and labels of each out.
	MethodCgroupsLookup MethodCode = 4
	// MethodAppsLookup is apps-lookup: process ids in; process, user and cgroup of each out.
	MethodAppsLookup MethodCode = 5
)

var methodNames = []string{
	1: "INCREMENT",
	2: "CGROUPS_SNAPSHOT",
	3: "STRING_REVERSE",
	4: "CGROUPS_LOOKUP",
	5: "APPS_LOOKUP",
}

// String returns the name, or the number where there is none.
func (m MethodCode) String() string { return name("MethodCode", methodNames, m) }
