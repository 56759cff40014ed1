//go:build linux

package posix_test

import (
	"testing"

	"github.com/netipc/netipc/go/internal/conformance"
	"github.com/netipc/netipc/go/transport"
	"github.com/netipc/netipc/go/transport/posix"
)

func native() transport.Transport { return posix.New() }

func TestSocketLinks(t *testing.T) { conformance.Links(t, native, nil) }

func TestHybridLinks(t *testing.T) {
	mode := transport.RegionHybrid
	conformance.Links(t, native, &mode)
}

func TestKernelLinks(t *testing.T) {
	mode := transport.RegionKernel
	conformance.Links(t, native, &mode)
}

func TestSleepingSocketLinks(t *testing.T) {
	conformance.Links(t, func() transport.Transport { return posix.New().WithSpin(0) }, nil)
}
