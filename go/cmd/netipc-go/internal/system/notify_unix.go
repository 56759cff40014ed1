//go:build unix

package system

import (
	"net"

	"golang.org/x/sys/unix"
)

// notify sends a message to the socket at address, whole or not at all: a path, or behind an '@' a name
// without a file. Who does not read must not hold us up.
func notify(address, message string) error {
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer conn.Close()
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var sent error
	// True: it is sent once, and not waited for.
	err = raw.Write(func(fd uintptr) bool {
		_, sent = unix.Write(int(fd), []byte(message))
		return true
	})
	if err != nil {
		return err
	}
	return sent
}
