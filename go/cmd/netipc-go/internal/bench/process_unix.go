//go:build unix

package bench

import (
	"fmt"
	"syscall"
	"time"
)

// usedNow returns what this process has used so far.
func usedNow() (usedUp, error) {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return usedUp{}, fmt.Errorf("cannot tell what was used: %w", err)
	}
	return usedUp{
		cpu:      time.Duration(used.Utime.Nano() + used.Stime.Nano()),
		switches: int64(used.Nvcsw) + int64(used.Nivcsw), // of fewer bits on some platforms
	}, nil
}
