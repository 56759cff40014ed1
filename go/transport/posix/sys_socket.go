//go:build linux

package posix

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/transport"
)

// sizeofSun is the bytes of a socket address in front of its path.
const sizeofSun = 2

// retry calls again what a signal has interrupted: the runtime itself sends them often.
func retry(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}

// newSocket returns a packet socket that is not connected and never blocks.
func newSocket() (int, error) {
	fd := -1
	err := retry(func() (err error) {
		fd, err = unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		return err
	})
	return fd, err
}

// connectSocket connects at once, or fails: EAGAIN is a full backlog.
func connectSocket(fd int, path string) error { return withPath(unix.SYS_CONNECT, fd, path) }

// bindPrivate binds with mode 0600, as far as the umask lets it, and without touching the umask.
func bindPrivate(fd int, path string) error {
	// The mode of the inode that bind creates is that of the socket, less the umask.
	if err := retry(func() error { return unix.Fchmod(fd, privateMode) }); err != nil {
		return err
	}
	return withPath(unix.SYS_BIND, fd, path)
}

// withPath calls what takes a socket and its address. The path is used as it is: what the address
// type of the library makes of a first '@' is another name space.
func withPath(call uintptr, fd int, path string) error {
	address := unix.RawSockaddrUnix{Family: unix.AF_UNIX}
	if path == "" || len(path) >= len(address.Path) {
		return unix.EINVAL
	}
	for i, c := range []byte(path) {
		if c == 0 {
			return unix.EINVAL
		}
		address.Path[i] = int8(c)
	}
	size := uintptr(sizeofSun + len(path) + 1)
	return retry(func() error {
		// SAFETY: the kernel only reads size bytes, all inside address, which lives until it returns.
		_, _, errno := unix.Syscall(call, uintptr(fd), uintptr(unsafe.Pointer(&address)), size)
		return failure(errno)
	})
}

func failure(errno unix.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}

// acceptSocket takes a waiting connection; EAGAIN when there is none.
func acceptSocket(listener int) (int, error) {
	fd := -1
	err := retry(func() (err error) {
		fd, _, err = unix.Accept4(listener, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
		return err
	})
	return fd, err
}

// sendOne sends one packet, which has at least one byte.
func sendOne(fd int, packet []byte) unix.Errno {
	for {
		// SAFETY: the kernel only reads len(packet) bytes of packet, and does not wait.
		_, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&packet[0])),
			uintptr(len(packet)), unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT, 0, 0)
		if errno != unix.EINTR {
			return errno
		}
	}
}

// partsSender sends packets of two parts. It lives on the heap with its socket, so that the pointers
// in it are known to the collector while the kernel follows them.
type partsSender struct {
	parts   [2]unix.Iovec
	message unix.Msghdr
}

// send sends head and body, of at least one byte each, as one packet.
func (p *partsSender) send(fd int, head, body []byte) unix.Errno {
	p.parts[0].Base, p.parts[1].Base = &head[0], &body[0]
	p.parts[0].SetLen(len(head))
	p.parts[1].SetLen(len(body))
	p.message.Iov = &p.parts[0]
	p.message.SetIovlen(len(p.parts))
	var errno unix.Errno
	for {
		// SAFETY: message and the parts it points to are as set above, and the kernel only reads them
		// and does not wait.
		_, _, errno = unix.RawSyscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&p.message)),
			unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT)
		if errno != unix.EINTR {
			break
		}
	}
	runtime.KeepAlive(p)
	p.parts = [2]unix.Iovec{}
	return errno
}

// refuseDescriptors has the kernel fail whoever passes descriptors to a socket, or to one that it accepts from now
// on. Whoever receives a descriptor closes it in the end, and a peer can pass one that takes minutes to close, such
// as a TCP socket that lingers. Nothing changes before Linux 6.16, which does not know this.
func refuseDescriptors(fd int) { _ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSRIGHTS, 0) }

// sendWith sends one packet, and a descriptor with it.
func sendWith(fd int, packet []byte, descriptor int) unix.Errno {
	rights := unix.UnixRights(descriptor)
	err := retry(func() error {
		return unix.Sendmsg(fd, packet, rights, nil, unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT)
	})
	return errnoOf(err)
}

// receiveWith receives one packet and returns its length, and the descriptor that came with it or -1.
func receiveWith(fd int, packet []byte) (size, descriptor int, errno unix.Errno) {
	space := make([]byte, unix.CmsgSpace(4))
	count := 0
	err := retry(func() (err error) {
		size, count, _, _, err = unix.Recvmsg(fd, packet, space, unix.MSG_TRUNC|unix.MSG_DONTWAIT|unix.MSG_CMSG_CLOEXEC)
		return err
	})
	if err != nil {
		return 0, -1, errnoOf(err)
	}
	descriptor = -1
	messages, err := unix.ParseSocketControlMessage(space[:count])
	if err != nil {
		return size, -1, 0
	}
	for i := range messages {
		descriptors, err := unix.ParseUnixRights(&messages[i])
		if err != nil {
			continue
		}
		for _, passed := range descriptors {
			closeFD(descriptor)
			descriptor = passed
		}
	}
	return size, descriptor, 0
}

// tryToPass tries whether this process may pass a descriptor to another: a sandbox may forbid it.
func tryToPass(fd int) error {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer closeFD(pair[0])
	defer closeFD(pair[1])
	return failure(sendWith(pair[0], []byte{0}, fd))
}

// errnoOf returns the number of an error of a system call, 0 of none.
func errnoOf(err error) unix.Errno {
	if errno, ok := err.(unix.Errno); ok {
		return errno
	}
	return 0
}

// receiveOne receives one packet and returns its length, also of what does not fit; 0 is an empty one,
// or the end. There is no room for control data, on purpose: descriptors that a peer passes are closed
// by the kernel.
//
// The failure is a number and not an error, which would take making for each vain look.
func receiveOne(fd int, packet []byte, peek bool) (size int, ended bool, errno unix.Errno) {
	size, errno = receiveNow(fd, packet, peek)
	if errno != 0 || size > 0 {
		return size, false, errno
	}
	if ended, errno = hasEnded(fd); errno != 0 || !ended {
		return 0, false, errno
	}
	// The kernel looks for a packet first and for the end then: what was sent just before the end may
	// have come in between. Now nothing more can come.
	if size, errno = receiveNow(fd, packet, peek); errno != 0 || size == 0 {
		return 0, true, 0
	}
	return size, false, 0
}

func receiveNow(fd int, packet []byte, peek bool) (int, unix.Errno) {
	// TRUNC asks for the full length.
	flags := uintptr(unix.MSG_TRUNC | unix.MSG_DONTWAIT)
	if peek {
		flags |= unix.MSG_PEEK
	}
	for {
		// SAFETY: the kernel writes at most len(packet) bytes to packet, and does not wait. The data
		// pointer of an empty slice is not followed.
		size, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd),
			uintptr(unsafe.Pointer(unsafe.SliceData(packet))), uintptr(len(packet)), flags, 0, 0)
		if errno == 0 {
			return int(size), 0
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}

// hasEnded tells whether a socket without packets has come to its end. Both an empty packet and the
// end have no bytes; only after the end nothing more can come.
func hasEnded(fd int) (bool, unix.Errno) {
	fds := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
	var now unix.Timespec
	for {
		// SAFETY: the kernel reads and writes the one descriptor in fds and the time in now, which both
		// live until it returns: at once, as no time is left.
		_, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&fds[0])), uintptr(len(fds)),
			uintptr(unsafe.Pointer(&now)), 0, 0, 0)
		if errno != unix.EINTR {
			return fds[0].Revents&(unix.POLLRDHUP|unix.POLLHUP) != 0, errno
		}
	}
}

// peerOf returns who is at the other end. One of another pid namespace has no pid here.
func peerOf(fd int) transport.Peer {
	credentials, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return transport.Peer{}
	}
	peer := transport.Peer{}.WithUID(credentials.Uid)
	if credentials.Pid > 0 {
		peer = peer.WithPID(uint32(credentials.Pid))
	}
	return peer
}
