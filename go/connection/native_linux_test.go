package connection_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
	"github.com/netipc/netipc/go/transport/posix"
)

func init() {
	baseline, hybrid := uint32(protocol.ProfileBaseline), uint32(protocol.ProfileSHMHybrid)
	profileRows = append(profileRows,
		profileRow{"socket", posix.New(), baseline, transport.LinkSocket},
		profileRow{"hybrid", posix.New(), baseline | hybrid, transport.LinkSharedMemory},
		profileRow{"futex", posix.New(), allProfiles, transport.LinkSharedMemory},
		profileRow{"ring", posix.New(), baseline | protocol.ProfileSHMRing, transport.LinkSharedMemory},
	)
}

// isReady tells whether an event loop would look at it now.
func isReady(t *testing.T, object transport.WaitObject) bool {
	t.Helper()
	watched := []unix.PollFd{{Fd: int32(object), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(watched, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		return n == 1
	}
}

// Rule W25.
func TestEventLoopsWatchSessionsAndListeners(t *testing.T) {
	eachProfile(t, func(r *rig, row profileRow) {
		if row.kind == transport.LinkMemory {
			r.Skip("there is nothing to watch")
		}
		if isReady(t, r.acceptor.WaitObject()) {
			r.Error("a client waits that does not")
		}
		client, server := r.pair()
		if isReady(t, server.WaitObject()) {
			r.Error("ready before anything was sent")
		}
		r.no(client.Send(protocol.RequestHeader(echo, 1), nil, soon()))
		if row.kind == transport.LinkSocket && !isReady(t, server.WaitObject()) {
			r.Error("a message waits")
		}
		_, err := server.Receive(transport.Timeout(0))
		r.no(err)
		if isReady(t, server.WaitObject()) {
			r.Error("ready after everything was received")
		}
		r.no(client.Close())
		if !isReady(t, server.WaitObject()) {
			r.Error("the peer has hung up")
		}
	})
}

// Rule W24.
func TestAnOrderlyEndIsToldApartFromAReset(t *testing.T) {
	r := newRig(t, profileRow{"socket", posix.New(), uint32(protocol.ProfileBaseline), transport.LinkSocket})
	client, server := r.pair()
	r.no(server.Close())
	_, err := client.Receive(soon())
	r.is(err, transport.ErrDisconnected)

	client, server = r.pair()
	// Who closes with unread messages has not heard what was said: that is no orderly end.
	r.no(client.Send(protocol.RequestHeader(echo, 1), []byte("unheard"), soon()))
	r.no(server.Close())
	_, err = client.Receive(soon())
	r.is(err, transport.ErrReset)
}
