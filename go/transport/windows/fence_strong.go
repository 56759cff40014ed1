//go:build windows && (amd64 || 386)

package windows

// loadFence keeps loads before it before those after it. These processors do so by themselves.
func loadFence() {}
