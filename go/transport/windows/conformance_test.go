//go:build windows

package windows_test

import (
	"testing"

	"github.com/netipc/netipc/go/internal/conformance"
	"github.com/netipc/netipc/go/transport"
	"github.com/netipc/netipc/go/transport/windows"
)

func native() transport.Transport { return windows.New() }

func TestPipeLinks(t *testing.T) { conformance.Links(t, native, 0x01) }

func TestHybridLinks(t *testing.T) { conformance.Links(t, native, 0x02) }

func TestBusyWaitLinks(t *testing.T) { conformance.Links(t, native, 0x04) }
