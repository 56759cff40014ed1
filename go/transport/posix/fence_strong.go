//go:build linux && (amd64 || 386)

package posix

// loadFence keeps loads before it before those after it. These processors do so by themselves.
func loadFence() {}
