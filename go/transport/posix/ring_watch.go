//go:build linux

package posix

import (
	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/transport"
)

// ringWatch is what an event loop watches: the socket, and an event of our own that is set while a packet is
// there.
type ringWatch struct {
	epoll, event int
}

// newRingWatch watches socket; it fails without descriptors.
func newRingWatch(socket int) (*ringWatch, error) {
	event, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, err
	}
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		closeFD(event)
		return nil, err
	}
	watch := &ringWatch{epoll: epoll, event: event}
	for _, fd := range [...]int{socket, event} {
		watched := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}
		if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, fd, &watched); err != nil {
			watch.close()
			return nil, err
		}
	}
	return watch, nil
}

// show has the event say whether a packet is there.
func (w *ringWatch) show(arrived bool) {
	word := [8]byte{1}
	if arrived {
		// Fails only when the counter is full: then it is set.
		_ = retry(func() error { _, err := unix.Write(w.event, word[:]); return err })
	} else {
		// Fails only when it is not set.
		_ = retry(func() error { _, err := unix.Read(w.event, word[:]); return err })
	}
}

func (w *ringWatch) close() {
	if w != nil {
		closeFD(w.epoll)
		closeFD(w.event)
	}
}

func (l *ringLink) WaitObject() transport.WaitObject {
	if l.ring == nil {
		return transport.NoWaitObject
	}
	if l.watch == nil {
		watch, err := newRingWatch(l.socket.fd)
		if err != nil {
			// Out of descriptors: the socket alone does not tell of a packet that is there.
			return transport.NoWaitObject
		}
		l.watch = watch
		l.into.wait()
		// A ring that is broken is for the next call to report.
		size, err := l.into.arrived()
		watch.show(size > 0 || err != nil)
	}
	return transport.WaitObject(l.watch.epoll)
}

// tellWatcher has the event loop's object say whether a packet is there.
func (l *ringLink) tellWatcher() error {
	if l.watch == nil {
		return nil
	}
	size, err := l.into.arrived()
	if size == 0 && err == nil {
		// A hang-up is for the next call to report.
		_ = l.takeWakes()
		l.into.wait()
		size, err = l.into.arrived()
	}
	if err == nil {
		l.watch.show(size > 0)
	}
	return err
}
