//go:build !linux && !windows

package service_test

import (
	"os"

	"github.com/netipc/netipc/go/internal/conformance/services"
)

// There is no transport here whose handles could be counted, nor a peer in another process.
func handles(*services.World) int { return 0 }

func freeze(w *services.World, _ *os.Process) { w.Skip("no transport") }

func thaw(w *services.World, _ *os.Process) { w.Skip("no transport") }
