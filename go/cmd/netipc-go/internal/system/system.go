// Package system is what the program needs of its platform: how it is asked to stop, where its
// endpoints are, what it has used, and how it ends with the process that has started it.
package system

import "time"

// Used is what a process has used.
type Used struct {
	// CPU is the time of processors.
	CPU time.Duration
	// Switches is how often the system has run something else instead, where [CountsSwitches].
	Switches int64
}
