package service_test

import (
	"slices"
	"testing"

	"github.com/netipc/netipc/go/internal/conformance/services"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// world is a transport that every service runs over, and the profiles that both sides offer.
type world struct {
	name     string
	backend  func() transport.Transport
	profiles uint32
}

var worlds = slices.Concat([]world{
	{"memory", memory, protocol.ProfileBaseline},
	{"small packets", func() transport.Transport { return transport.NewMemory().WithPacketSize(1000) }, protocol.ProfileBaseline},
}, nativeWorlds)

// Every service behaves the same over every transport.
func TestConformance(t *testing.T) {
	for _, world := range worlds {
		t.Run(world.name, func(t *testing.T) { services.Run(t, world.backend, world.profiles) })
	}
}

func memory() transport.Transport { return transport.NewMemory() }
