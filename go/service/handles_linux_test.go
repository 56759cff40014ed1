package service_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/netipc/netipc/go/internal/conformance"
	"github.com/netipc/netipc/go/internal/conformance/services"
	"github.com/netipc/netipc/go/transport"
)

// handles is how many descriptors this process has.
func handles(w *services.World) int {
	w.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	w.No(err)
	return len(entries)
}

// freeze stops a process where it is, and thaw lets it go on. The signal says only that it will stop.
func freeze(w *services.World, process *os.Process) {
	w.Helper()
	w.No(process.Signal(syscall.SIGSTOP))
	patience := transport.Timeout(conformance.Soon)
	for {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", process.Pid))
		w.No(err)
		if strings.Contains(string(stat), ") T ") {
			return
		}
		w.No(patience.Sleep(time.Millisecond))
	}
}

func thaw(w *services.World, process *os.Process) { w.No(process.Signal(syscall.SIGCONT)) }
