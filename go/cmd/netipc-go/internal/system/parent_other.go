//go:build !linux

package system

// DieWithParent has no meaning here: the end of stdin ends this process, between two measurements.
func DieWithParent() error { return nil }
