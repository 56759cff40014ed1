//go:build linux

package posix_test

import (
	"testing"

	"github.com/netipc/netipc/go/internal/conformance"
	"github.com/netipc/netipc/go/transport"
	"github.com/netipc/netipc/go/transport/posix"
)

func native() transport.Transport { return posix.New() }

func TestSocketLinks(t *testing.T) { conformance.Links(t, native, 0x01) }

func TestHybridLinks(t *testing.T) { conformance.Links(t, native, 0x02) }

func TestFutexLinks(t *testing.T) { conformance.Links(t, native, 0x04) }

func TestRingLinks(t *testing.T) { conformance.Links(t, native, 0x10) }

func TestSleepingSocketLinks(t *testing.T) {
	conformance.Links(t, func() transport.Transport { return posix.New().WithSpin(0) }, 0x01)
}
