//go:build linux

package posix

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/transport"
)

// abortSlice is how often an abort is looked at when it has no descriptor.
const abortSlice = 10 * time.Millisecond

// Await waits until object, a descriptor of a link, tells that something has come or that the peer has hung up. It
// fails as w ends.
func Await(object transport.WaitObject, w transport.Wait) error {
	return ready(int(object), unix.POLLIN, w)
}

// ready waits until fd is ready for events or hung up.
func ready(fd int, events int16, w transport.Wait) error {
	fds := [2]unix.PollFd{{Fd: int32(fd), Events: events}}
	return pollUntil(fds[:], 1, w)
}

// readyAny waits until one of fds is ready or hung up.
func readyAny(fds []unix.PollFd, w transport.Wait) error {
	watched := append(fds, unix.PollFd{})
	err := pollUntil(watched, len(fds), w)
	// It may have had to move.
	copy(fds, watched)
	return err
}

// pollUntil waits for the first used of fds; there is one more, for the abort.
func pollUntil(fds []unix.PollFd, used int, w transport.Wait) error {
	raised := &fds[used]
	watched := fds[:used]
	if w.Abort != nil {
		if event := w.Abort.Watch(); event != transport.NoWaitObject {
			defer w.Abort.Unwatch()
			*raised = unix.PollFd{Fd: int32(event), Events: unix.POLLIN}
			watched = fds[:used+1]
		}
	}
	for {
		if err := w.Check(); err != nil {
			return err
		}
		left, ends := w.Remaining()
		if w.Abort != nil && len(watched) == used && (!ends || left > abortSlice) {
			left, ends = abortSlice, true
		}
		count, err := poll(watched, left, ends)
		switch {
		case err == unix.EINTR, err == nil && count == 0:
		case err != nil:
			return err
		case raised.Revents != 0:
			if err := w.Check(); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

func poll(fds []unix.PollFd, left time.Duration, ends bool) (int, error) {
	if !ends {
		return unix.Ppoll(fds, nil, nil)
	}
	timeout := unix.NsecToTimespec(int64(left))
	return unix.Ppoll(fds, &timeout, nil)
}

const (
	futexWaitOp = 0
	futexWakeOp = 1
)

// futexWait sleeps while word is value, for at most limit; may return early. The futex is a shared
// one. It fails only for what would fail again.
func futexWait(word *uint32, value uint32, limit time.Duration) error {
	timeout := unix.NsecToTimespec(int64(limit))
	// SAFETY: word is mapped while its link is open, and the link is not closed during a wait; the
	// kernel only reads it and timeout. Not a raw call, because it waits.
	_, _, errno := unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWaitOp,
		uintptr(value), uintptr(unsafe.Pointer(&timeout)), 0, 0)
	switch errno {
	case 0, unix.EAGAIN, unix.EINTR, unix.ETIMEDOUT:
		return nil
	}
	return errno
}

// futexWake wakes one sleeper, in whatever process it is.
func futexWake(word *uint32) {
	// A mapped word cannot fail, and nobody could do better if it did: sleepers wait in slices.
	// SAFETY: the kernel takes word for an address and does not follow it, nor wait.
	_, _, _ = unix.RawSyscall(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWakeOp, 1)
}

// processors returns how many processors may run this process, and its goroutines.
func processors(goroutines int) int {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		// Fails where there are more than a set holds: many.
		return goroutines
	}
	return min(set.Count(), goroutines)
}
