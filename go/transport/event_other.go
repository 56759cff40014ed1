//go:build !linux

package transport

// event is a flag that cannot be polled here: waits look at their abort instead.
type event struct{}

func (*event) open() bool      { return false }
func (*event) descriptor() int { return -1 }
func (*event) set()            {}
func (*event) reset()          {}
func (*event) close()          {}
