package service_test

import (
	"testing"

	"github.com/netipc/netipc/go/internal/conformance/services"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
	"github.com/netipc/netipc/go/transport/posix"
)

// worlds are the transports that every service runs over.
var worlds = []struct {
	name     string
	backend  func() transport.Transport
	profiles uint32
}{
	{"memory", memory, protocol.ProfileBaseline},
	{"small packets", func() transport.Transport { return transport.NewMemory().WithPacketSize(1000) }, protocol.ProfileBaseline},
	{"socket", native, protocol.ProfileBaseline},
	{"shm hybrid", native, protocol.ProfileBaseline | protocol.ProfileSHMHybrid},
	{"shm kernel", native, protocol.ProfileBaseline | protocol.ProfileSHMFutex},
}

// Every service behaves the same over every transport.
func TestConformance(t *testing.T) {
	for _, world := range worlds {
		t.Run(world.name, func(t *testing.T) { services.Run(t, world.backend, world.profiles) })
	}
}

func memory() transport.Transport { return transport.NewMemory() }

func native() transport.Transport { return posix.New() }
