package system

import (
	"fmt"
	"time"

	"golang.org/x/sys/windows"
)

// CountsSwitches tells whether the system tells how often it has run something else instead.
const CountsSwitches = false

// UsedNow returns what this process has used so far.
func UsedNow() (Used, error) {
	var created, exited, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(windows.CurrentProcess(), &created, &exited, &kernel, &user); err != nil {
		return Used{}, fmt.Errorf("cannot tell what was used: %w", err)
	}
	return Used{CPU: span(kernel) + span(user)}, nil
}

// span is a length of time, which the system counts in steps of 100 ns.
func span(t windows.Filetime) time.Duration {
	return time.Duration(uint64(t.HighDateTime)<<32|uint64(t.LowDateTime)) * 100
}
