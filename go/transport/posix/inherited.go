//go:build linux

package posix

import (
	"log/slog"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/transport"
)

// takeOver takes that of the inherited sockets which listens at the endpoint; nil if none does.
func takeOver(endpoint transport.Endpoint, inherited transport.Inherited, log *slog.Logger) (*claimed, error) {
	if inherited.IsEmpty() {
		return nil, nil
	}
	stands, err := lookAt(unix.AT_FDCWD, endpoint.Place()+"/"+socketName(endpoint))
	if err != nil {
		// Nothing is there that one of them could be: binding says what is wrong, if anything.
		return nil, nil
	}
	for _, socket := range inherited.Sockets() {
		if !listensAt(socket, stands.id) {
			continue
		}
		dir, err := openRunDir(endpoint)
		if err != nil {
			return nil, bindError(endpoint, err)
		}
		fd, err := adopt(socket)
		if err != nil {
			dir.release()
			return nil, bindError(endpoint, err)
		}
		sweep(dir, endpoint, log)
		return &claimed{fd: fd, id: stands.id, dir: dir}, nil
	}
	return nil, nil
}

// listensAt tells whether socket is a packet socket that listens, and whose path leads to the file id.
func listensAt(socket int, id fileID) bool {
	listens, err := unix.GetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	if err != nil || listens == 0 {
		return false
	}
	kind, err := unix.GetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil || kind != unix.SOCK_SEQPACKET {
		return false
	}
	address, err := unix.Getsockname(socket)
	if err != nil {
		return false
	}
	local, isUnix := address.(*unix.SockaddrUnix)
	if !isUnix || local.Name == "" {
		return false
	}
	stands, err := lookAt(unix.AT_FDCWD, local.Name)
	return err == nil && stands.id == id
}

// adopt returns a descriptor of ours for a socket that others have opened. From now on it does not block, and its
// clients pass no descriptors.
func adopt(socket int) (int, error) {
	fd, err := unix.FcntlInt(uintptr(socket), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		closeFD(fd)
		return -1, err
	}
	refuseDescriptors(fd)
	return fd, nil
}
