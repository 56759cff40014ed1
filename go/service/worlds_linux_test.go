package service_test

import (
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
	"github.com/netipc/netipc/go/transport/posix"
)

// nativeWorlds are the data planes of the platform.
var nativeWorlds = []world{
	{"socket", native, protocol.ProfileBaseline},
	{"shm hybrid", native, protocol.ProfileBaseline | protocol.ProfileSHMHybrid},
	{"shm futex", native, protocol.ProfileBaseline | protocol.ProfileSHMFutex},
	{"ring", native, protocol.ProfileBaseline | protocol.ProfileSHMRing},
}

// native is the platform's own transport.
func native() transport.Transport { return posix.New() }

// baselineKind is what carries the baseline.
const baselineKind = transport.LinkSocket
