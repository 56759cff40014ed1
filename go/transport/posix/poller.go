//go:build linux

package posix

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// poller is whether the runtime has what its timers need. Go makes that with the first timer that a program
// waits for, and ends the process where no descriptor is left then: it is made before anything can use them up.
var poller struct {
	mu      sync.Mutex
	started bool
}

// startPoller has the runtime make its poller. It fails where the descriptors for it cannot be had just now.
func startPoller() error {
	poller.mu.Lock()
	defer poller.mu.Unlock()
	if poller.started {
		return nil
	}
	// What the runtime takes, tried first: it does not survive not getting it.
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return err
	}
	event, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	closeFD(epoll)
	if err != nil {
		return err
	}
	closeFD(event)
	// One without a channel begins to run at once.
	time.AfterFunc(time.Hour, func() {}).Stop()
	poller.started = true
	return nil
}
