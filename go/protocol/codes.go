package protocol

import (
	"fmt"
	"math/bits"
	"strings"
)

// Kind is what a message is.
type Kind uint16

// The kinds of messages.
const (
	// KindRequest asks.
	KindRequest Kind = 1
	// KindResponse answers.
	KindResponse Kind = 2
	// KindControl sets the session up.
	KindControl Kind = 3
)

var kindNames = []string{1: "REQUEST", 2: "RESPONSE", 3: "CONTROL"}

// String returns the name, or the number where there is none.
func (k Kind) String() string { return name("Kind", kindNames, k) }

// Status is how a request fared. Never a business result: those are fields of the payload.
type Status uint16

// The statuses of the transport.
const (
	// StatusOK: answered.
	StatusOK Status = 0
	// StatusBadEnvelope: the request could not be understood.
	StatusBadEnvelope Status = 1
	// StatusAuthFailed: the token is not the server's, or the peer is not welcome.
	StatusAuthFailed Status = 2
	// StatusIncompatible: another version of the protocol.
	StatusIncompatible Status = 3
	// StatusUnsupported: another method than the endpoint serves, or no common profile.
	StatusUnsupported Status = 4
	// StatusLimitExceeded: more than was agreed.
	StatusLimitExceeded Status = 5
	// StatusInternalError: the handler failed, or the server is full.
	StatusInternalError Status = 6
)

var statusNames = []string{
	"OK", "BAD_ENVELOPE", "AUTH_FAILED", "INCOMPATIBLE", "UNSUPPORTED", "LIMIT_EXCEEDED", "INTERNAL_ERROR",
}

// String returns the name, or the number where there is none.
func (s Status) String() string { return name("Status", statusNames, s) }

// Opcode is a control message.
type Opcode uint16

// The control messages.
const (
	// OpcodeHello is the client's first packet.
	OpcodeHello Opcode = 1
	// OpcodeHelloAck is the server's answer to it.
	OpcodeHelloAck Opcode = 2
)

var opcodeNames = []string{1: "HELLO", 2: "HELLO_ACK"}

// String returns the name, or the number where there is none.
func (o Opcode) String() string { return name("Opcode", opcodeNames, o) }

// Flags are the flags of an envelope.
type Flags uint16

const (
	// FlagsNone: a single message.
	FlagsNone Flags = 0
	// FlagBatch: the payload is a directory of items.
	FlagBatch Flags = 1
)

// IsBatch tells whether the payload is a directory of items. Unknown bits do not matter.
func (f Flags) IsBatch() bool { return f&FlagBatch != 0 }

// Profiles is a set of transport profiles. Unknown bits are kept, so that a peer's set can be
// reported.
type Profiles uint32

// The profiles. They have no type, so that they fit plain numbers of configurations, too.
const (
	// ProfileBaseline is the platform's packet socket or message pipe.
	ProfileBaseline = 0x01
	// ProfileSHMHybrid is shared memory that spins before it waits in the kernel.
	ProfileSHMHybrid = 0x02
	// ProfileSHMFutex is shared memory that waits in the kernel at once.
	ProfileSHMFutex = 0x04
	// ProfileSHMBusyWait is what the same bit means on Windows: shared memory that looks again and again.
	ProfileSHMBusyWait = ProfileSHMFutex
	// ProfileSHMWaitAddr is reserved.
	ProfileSHMWaitAddr = 0x08
	// ProfileSHMRing is rings in sealed memory that the server passes over the socket: the fastest, between
	// peers of ours on Linux; others leave it out. Whoever wants shared memory does well to offer it beside a region.
	ProfileSHMRing = 0x10
	// ProfilesAllRegions is every profile of a shared region, which is shared memory but the ring.
	ProfilesAllRegions = ProfileSHMHybrid | ProfileSHMFutex | ProfileSHMWaitAddr
	// ProfilesAllSHM is every shared-memory profile.
	ProfilesAllSHM = ProfileSHMHybrid | ProfileSHMFutex | ProfileSHMWaitAddr | ProfileSHMRing
)

var profileNames = [...]string{"baseline", "shm-hybrid", "shm-futex", "shm-waitaddr", "shm-ring"}

// IsOne tells whether it is exactly one profile.
func (p Profiles) IsOne() bool { return bits.OnesCount32(uint32(p)) == 1 }

// Highest returns the highest bit alone, or nothing.
func (p Profiles) Highest() Profiles {
	if p == 0 {
		return 0
	}
	return 1 << (bits.Len32(uint32(p)) - 1)
}

// MarshalText returns what [Profiles.String] does, for logs and JSON.
func (p Profiles) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// String lists the profiles.
func (p Profiles) String() string {
	if p == 0 {
		return "none"
	}
	var parts []string
	for bit, name := range profileNames {
		if p&(1<<bit) != 0 {
			parts = append(parts, name)
		}
	}
	if rest := p >> len(profileNames) << len(profileNames); rest != 0 {
		parts = append(parts, fmt.Sprintf("%#x", uint32(rest)))
	}
	return strings.Join(parts, "+")
}

// Orchestrator is who runs a cgroup.
type Orchestrator uint16

// The orchestrators that every peer knows. Others may come.
const (
	// OrchestratorUnknown: not known.
	OrchestratorUnknown Orchestrator = 0
	// OrchestratorSystemd: a systemd unit or slice.
	OrchestratorSystemd Orchestrator = 1
	// OrchestratorDocker: a Docker container.
	OrchestratorDocker Orchestrator = 2
	// OrchestratorK8s: a Kubernetes pod or container.
	OrchestratorK8s Orchestrator = 3
	// OrchestratorKVM: a virtual machine.
	OrchestratorKVM Orchestrator = 4
	// OrchestratorLXC: an LXC container.
	OrchestratorLXC Orchestrator = 5
	// OrchestratorPodman: a Podman container.
	OrchestratorPodman Orchestrator = 6
	// OrchestratorNspawn: a systemd-nspawn container.
	OrchestratorNspawn Orchestrator = 7
)

var orchestratorNames = []string{
	"unknown", "systemd", "docker", "k8s", "kvm", "lxc", "podman", "nspawn",
}

// String returns the name, or the number where there is none.
func (o Orchestrator) String() string { return name("Orchestrator", orchestratorNames, o) }

// name returns the name of a number among names, or the number itself behind its kind.
func name[N ~uint16](kind string, names []string, number N) string {
	if int(number) < len(names) && names[number] != "" {
		return names[number]
	}
	return fmt.Sprintf("%s %d", kind, uint16(number))
}
