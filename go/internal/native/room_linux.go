package native

import (
	"math"

	"golang.org/x/sys/unix"
)

// enough is how many bytes nobody is asked for: the runtime mostly has them.
const enough = 1 << 20

// HasRoom reports whether the system would give this process memory of so many bytes, and what the runtime takes
// with it: the runtime ends a process that is refused any. It tells of this moment, and keeps nothing.
func HasRoom(bytes uint64) bool {
	if bytes <= enough {
		return true
	}
	// The runtime takes whole arenas, and one more for what else is wanted meanwhile.
	arena := uint64(64 << 20)
	if math.MaxInt == math.MaxInt32 {
		arena = 4 << 20
	}
	if bytes > math.MaxInt-2*arena {
		return false
	}
	whole := (bytes+arena-1)/arena*arena + arena
	space, err := unix.Mmap(-1, 0, int(whole), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return false
	}
	// It was mapped, and so it can be unmapped.
	_ = unix.Munmap(space)
	return true
}
