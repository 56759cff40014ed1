//go:build unix

package system

import (
	"fmt"
	"syscall"
	"time"
)

// CountsSwitches tells whether the system tells how often it has run something else instead.
const CountsSwitches = true

// UsedNow returns what this process has used so far.
func UsedNow() (Used, error) {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return Used{}, fmt.Errorf("cannot tell what was used: %w", err)
	}
	return Used{
		CPU:      time.Duration(used.Utime.Nano() + used.Stime.Nano()),
		Switches: int64(used.Nvcsw) + int64(used.Nivcsw), // of fewer bits on some platforms
	}, nil
}
