package transport

import "golang.org/x/sys/unix"

// event is a flag that an event loop can watch. It has no descriptor until it is opened.
type event struct {
	// One more than the descriptor, so that the zero value has none.
	fd1 int
}

// open makes the descriptor; it tells whether there is one.
func (e *event) open() bool {
	if e.fd1 == 0 {
		fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
		if err != nil {
			return false
		}
		e.fd1 = fd + 1
	}
	return true
}

func (e *event) waitObject() WaitObject { return WaitObject(e.descriptor()) }

func (e *event) descriptor() int { return e.fd1 - 1 }

func (e *event) set() {
	// Any number does, in whatever byte order.
	one := [8]byte{1}
	e.retry(func(fd int) error {
		// Fails but for a signal only when the counter is full: then it is set.
		_, err := unix.Write(fd, one[:])
		return err
	})
}

func (e *event) reset() {
	var count [8]byte
	e.retry(func(fd int) error {
		// Fails but for a signal only when it is not set.
		_, err := unix.Read(fd, count[:])
		return err
	})
}

func (e *event) close() {
	if e.fd1 != 0 {
		_ = unix.Close(e.descriptor())
		e.fd1 = 0
	}
}

func (e *event) retry(call func(fd int) error) {
	for e.fd1 != 0 && call(e.descriptor()) == unix.EINTR {
	}
}
