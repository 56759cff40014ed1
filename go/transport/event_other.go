//go:build !linux && !windows

package transport

// event is a flag that cannot be watched here: waits look at their abort instead.
type event struct{}

func (*event) open() bool             { return false }
func (*event) waitObject() WaitObject { return NoWaitObject }
func (*event) set()                   {}
func (*event) reset()                 {}
func (*event) close()                 {}
