//go:build windows && !(amd64 || 386)

package windows

import "sync/atomic"

// loadFence keeps loads before it before those after it: an addition releases what was before it, and
// no atomic load comes before an addition that it follows.
func loadFence() {
	var word uint32
	atomic.AddUint32(&word, 1)
}
