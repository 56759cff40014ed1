//go:build unix

package transport

import (
	"os"
	"strconv"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

const (
	// firstInherited is the first descriptor that is passed.
	firstInherited = 3
	// maxInherited is more than anybody passes.
	maxInherited = 1024
)

var inheritedTaken atomic.Bool

// takeInherited returns the open descriptors of LISTEN_FDS, where LISTEN_PID means this process.
func takeInherited() []int {
	pid, err := strconv.Atoi(os.Getenv("LISTEN_PID"))
	if err != nil || pid != os.Getpid() || inheritedTaken.Swap(true) {
		return nil
	}
	// No number is none.
	count, _ := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	var sockets []int
	for fd := firstInherited; fd < firstInherited+min(count, maxInherited); fd++ {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil {
			// Programs that are executed do not have it.
			unix.CloseOnExec(fd)
			sockets = append(sockets, fd)
		}
	}
	return sockets
}
