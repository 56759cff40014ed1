package service_test

import (
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
	"github.com/netipc/netipc/go/transport/windows"
)

// nativeWorlds are the data planes of the platform.
var nativeWorlds = []world{
	{"pipe", native, protocol.ProfileBaseline},
	{"shm hybrid", native, protocol.ProfileBaseline | protocol.ProfileSHMHybrid},
	{"shm busy wait", native, protocol.ProfileBaseline | protocol.ProfileSHMBusyWait},
}

// native is the platform's own transport.
func native() transport.Transport { return windows.New() }

// baselineKind is what carries the baseline.
const baselineKind = transport.LinkPipe
