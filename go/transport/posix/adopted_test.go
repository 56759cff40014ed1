//go:build linux

package posix

import (
	"errors"
	"log/slog"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/transport"
)

// Rule L34.
func TestAClientOfAnInheritedSocketPassesNoDescriptorOnceItIsServed(t *testing.T) {
	h := newHarmed(t)
	h.no(h.listener.Close())
	packets := func() int {
		socket, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
		h.no(err)
		t.Cleanup(func() { _ = unix.Close(socket) })
		return socket
	}
	address := &unix.SockaddrUnix{Name: h.endpoint.SocketPath()}
	opened, client := packets(), packets()
	h.no(unix.Bind(opened, address))
	h.no(unix.Listen(opened, 5))
	if _, err := unix.GetsockoptInt(opened, unix.SOL_SOCKET, unix.SO_PASSRIGHTS); errors.Is(err, unix.ENOPROTOOPT) {
		t.Skip("this kernel lets everybody pass descriptors")
	}
	h.no(unix.Connect(client, address))
	dir, err := openRunDir(h.endpoint)
	h.no(err)
	fd, err := adopt(opened)
	h.no(err)
	adopted := &listener{
		held: &claimed{fd: fd, dir: dir}, endpoint: h.endpoint, log: slog.Default(), nextLook: time.Now().Add(time.Hour),
	}
	t.Cleanup(func() {
		h.no(adopted.Close())
		h.no(os.Remove(address.Name))
	})
	link, err := adopted.Accept(transport.Timeout(time.Minute))
	h.no(err)
	defer link.Close()
	if err := unix.Sendmsg(client, []byte("x"), unix.UnixRights(client), nil, 0); err != unix.EPERM {
		t.Error(err)
	}
	h.no(unix.Sendmsg(client, []byte("word"), nil, nil, 0))
	var word [8]byte
	if size, err := link.Receive(word[:], transport.Timeout(time.Minute)); size != 4 || err != nil {
		t.Error(size, err)
	}
}
