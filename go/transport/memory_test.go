package transport_test

import (
	"testing"

	"github.com/netipc/netipc/go/internal/conformance"
	"github.com/netipc/netipc/go/transport"
)

func TestMemoryLinks(t *testing.T) {
	conformance.Links(t, func() transport.Transport { return transport.NewMemory() }, transport.ProfileBaseline)
}
