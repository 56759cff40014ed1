//go:build linux

package posix_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/transport"
	"github.com/netipc/netipc/go/transport/posix"
)

const ringProfile = 0x10

func ringPlan() transport.SessionPlan {
	ring := plan(1)
	ring.Profile, ring.ResponseBytes = ringProfile, 100_000
	return ring
}

// ringSession returns both ends of a session over a ring.
func ringSession(t *testing.T) (client, server transport.Link) {
	t.Helper()
	baseline, accepted := newStage(t).baselines()
	no(t, accepted.Offer(ringPlan()))
	no(t, accepted.Send([]byte("accepted"), nil, soon()))
	no(t, receive(baseline, soon()))
	client, err := baseline.Attach(ringPlan(), soon())
	no(t, err)
	server = accepted.Switch()
	t.Cleanup(func() {
		_ = client.Close()
		_ = server.Close()
	})
	return client, server
}

func no(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ringMemory returns the memory of the only ring of this process, by way of its mappings; nil where the
// system does not let them be opened.
func ringMemory(t *testing.T) *os.File {
	t.Helper()
	maps, err := os.ReadDir("/proc/self/map_files")
	no(t, err)
	for _, entry := range maps {
		path := filepath.Join("/proc/self/map_files", entry.Name())
		if target, _ := os.Readlink(path); strings.Contains(target, "memfd:netipc-ring") {
			if file, err := os.OpenFile(path, os.O_RDWR, 0); err == nil {
				t.Cleanup(func() { _ = file.Close() })
				return file
			}
		}
	}
	t.Log("SKIPPED: this machine does not let mappings be opened")
	return nil
}

// Rules R3, R4, R5, R6.
func TestRingIsSealedAndWrittenToTheByte(t *testing.T) {
	client, server := ringSession(t)
	memory := ringMemory(t)
	if memory == nil {
		return
	}
	info, err := memory.Stat()
	no(t, err)
	for _, size := range []int64{0, info.Size() - 1, info.Size() + 1} {
		if memory.Truncate(size) == nil {
			t.Fatalf("its size was changed to %d", size)
		}
	}
	word := func(at int64) uint64 {
		var bytes [8]byte
		_, err := memory.ReadAt(bytes[:], at)
		no(t, err)
		return binary.LittleEndian.Uint64(bytes[:])
	}
	header := [4]uint64{word(0), word(8), word(16), word(24)}
	if header != [4]uint64{0x5250494e, 1, 256, 1 << 19} {
		t.Fatalf("header %#x", header)
	}
	slots, room := int64(header[2]), int64(header[3])
	if want := 4096 + 2*(64*slots+room); info.Size() != want {
		t.Fatalf("%d bytes, want %d", info.Size(), want)
	}
	no(t, client.Send([]byte("head"), []byte("body"), soon()))
	no(t, client.Send(bytes.Repeat([]byte{7}, 57), nil, soon()))
	no(t, client.Send(bytes.Repeat([]byte{8}, 100), nil, soon()))
	for line, want := range []uint64{1<<32 | 8, 1<<32 | 57, 1<<32 | 100} {
		if got := word(4096 + 64*int64(line)); got != want {
			t.Errorf("line %d: %#x, want %#x", line, got, want)
		}
	}
	start := 4096 + 128*slots
	if got := word(start + 64); got != 0x0808080808080808 {
		t.Errorf("the third packet begins with %#x", got)
	}
	for range 3 {
		no(t, receive(server, soon()))
	}
	for range slots - 2 {
		no(t, client.Send([]byte("next"), nil, soon()))
		no(t, receive(server, soon()))
	}
	if got := word(4096); got != 2<<32|4 {
		t.Errorf("the second lap: %#x", got)
	}
	if word(128) == 0 {
		t.Error("no room was given back")
	}
}

// visitRing connects to a server of no good, which passes what with its acceptance (-1: nothing) and then
// sends stray; it returns what attaching gave.
func visitRing(t *testing.T, what int, stray []byte) (transport.Link, error) {
	t.Helper()
	stage := newStage(t)
	listener, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	no(t, err)
	t.Cleanup(func() { _ = unix.Close(listener) })
	no(t, unix.Bind(listener, &unix.SockaddrUnix{Name: stage.endpoint.SocketPath()}))
	no(t, unix.Listen(listener, 1))
	client, err := posix.New().Connect(stage.endpoint, soon())
	no(t, err)
	server, _, err := unix.Accept(listener)
	no(t, err)
	t.Cleanup(func() { _ = unix.Close(server) })
	var rights []byte
	if what >= 0 {
		rights = unix.UnixRights(what)
	}
	no(t, unix.Sendmsg(server, []byte("accepted"), rights, nil, 0))
	no(t, receive(client, soon()))
	if stray != nil {
		no(t, unix.Sendmsg(server, stray, nil, nil, 0))
	}
	return client.Attach(ringPlan(), soon())
}

// fakeRing returns memory with a header for so many slots and bytes.
func fakeRing(t *testing.T, slots, room uint64, size int64, seals int) int {
	t.Helper()
	fd, err := unix.MemfdCreate("fake", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	no(t, err)
	t.Cleanup(func() { _ = unix.Close(fd) })
	no(t, unix.Ftruncate(fd, size))
	var header [32]byte
	for i, field := range []uint64{0x5250494e, 1, slots, room} {
		binary.LittleEndian.PutUint64(header[i*8:], field)
	}
	_, err = unix.Pwrite(fd, header[:min(size, 32)], 0)
	no(t, err)
	_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals)
	no(t, err)
	return fd
}

const (
	fakeSeals = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW
	fakeSize  = 4096 + 2*(256*64+1<<18)
)

// Rules R3, R4.
func TestWhatIsNoRingIsNotUsed(t *testing.T) {
	var pipe [2]int
	no(t, unix.Pipe(pipe[:]))
	defer unix.Close(pipe[0])
	defer unix.Close(pipe[1])
	cases := []struct {
		what   int
		reason string
	}{
		{-1, "not passed"},
		{pipe[0], "no memory"},
		{fakeRing(t, 256, 1<<18, fakeSize, 0), "not sealed"},
		{fakeRing(t, 256, 1<<18, fakeSize, unix.F_SEAL_GROW), "not sealed"},
		{fakeRing(t, 256, 1<<18, 16, fakeSeals), "shorter"},
		{fakeRing(t, 255, 1<<18, fakeSize, fakeSeals), "slots"},
		{fakeRing(t, 1<<40, 1<<18, fakeSize, fakeSeals), "slots"},
		{fakeRing(t, 256, 3<<17, fakeSize, fakeSeals), "bytes"},
		{fakeRing(t, 256, 1<<18, fakeSize+1, fakeSeals), "size"},
	}
	for _, c := range cases {
		_, err := visitRing(t, c.what, nil)
		var attach *transport.AttachError
		if !errors.As(err, &attach) || attach.Kind != transport.ErrUnusable || !strings.Contains(attach.Why, c.reason) {
			t.Errorf("%s: %v", c.reason, err)
		}
	}
}

// Rule R3.
func TestARingOfHugePagesIsNotUsed(t *testing.T) {
	huge, err := unix.MemfdCreate("huge", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING|unix.MFD_HUGETLB)
	if err != nil {
		t.Skipf("no memory of huge pages: %v", err)
	}
	defer unix.Close(huge)
	_, err = unix.FcntlInt(uintptr(huge), unix.F_ADD_SEALS, fakeSeals)
	no(t, err)
	_, err = visitRing(t, huge, nil)
	var attach *transport.AttachError
	if !errors.As(err, &attach) || !strings.Contains(attach.Why, "ordinary pages") {
		t.Error(err)
	}
}

// Rules R1, R9.
func TestDataBesideARingBreaksTheSession(t *testing.T) {
	memory := fakeRing(t, 256, 1<<18, fakeSize, fakeSeals)
	for _, stray := range [][]byte{[]byte("two"), {1}} {
		link, err := visitRing(t, memory, stray)
		no(t, err)
		var broken *transport.ProtocolError
		if _, err := link.Receive(make([]byte, 64), soon()); !errors.As(err, &broken) {
			t.Errorf("%q: %v", stray, err)
		}
		no(t, link.Close())
	}
}

// Rule R7.
func TestAFullRingWaits(t *testing.T) {
	client, server := ringSession(t)
	packet := bytes.Repeat([]byte{1}, 80)
	sent := 0
	for client.Send(packet, nil, transport.Timeout(0)) == nil {
		sent++
	}
	if sent <= 16 {
		t.Fatalf("only %d packets", sent)
	}
	late := make(chan error, 1)
	go func() { late <- client.Send(packet, nil, soon()) }()
	for range sent + 1 {
		no(t, receive(server, soon()))
	}
	no(t, <-late)
}

// Rule R10.
func TestAnEventLoopIsToldOfPacketsOnARing(t *testing.T) {
	client, server := ringSession(t)
	watched := func(limit int) bool {
		fds := []unix.PollFd{{Fd: int32(client.WaitObject()), Events: unix.POLLIN}}
		count, err := unix.Poll(fds, limit)
		for err == unix.EINTR {
			count, err = unix.Poll(fds, limit)
		}
		no(t, err)
		return count > 0
	}
	const atOnce, patient = 0, 60_000
	no(t, server.Send([]byte("before anybody watched"), nil, soon()))
	for round := range 3 {
		if !watched(patient) {
			t.Fatalf("round %d: a packet is not told", round)
		}
		no(t, receive(client, soon()))
		if watched(atOnce) {
			t.Fatalf("round %d: nothing is there", round)
		}
		if _, err := client.Receive(make([]byte, 8), transport.Timeout(time.Millisecond)); err != transport.ErrTimeout {
			t.Fatal(err)
		}
		no(t, server.Send([]byte("another"), nil, soon()))
	}
	no(t, receive(client, soon()))
	no(t, server.Close())
	if !watched(patient) {
		t.Fatal("the end is not told")
	}
	if err := client.Check(); err != transport.ErrDisconnected {
		t.Fatal(err)
	}
}

// Rule R9.
func TestWhateverIsWrittenIntoARingEndsItsSessionAtWorst(t *testing.T) {
	brief := func() transport.Wait { return transport.Timeout(20 * time.Millisecond) }
	talk := func(client, server transport.Link) {
		buf := make([]byte, 1<<20)
		for _, size := range []int{8, 3000, 40} {
			packet := make([]byte, size)
			for _, pair := range [][2]transport.Link{{client, server}, {server, client}} {
				if pair[0].Send(packet, nil, brief()) != nil {
					return
				}
				if _, err := pair[1].Receive(buf, brief()); err != nil {
					return
				}
			}
		}
	}
	var places []int64
	for at := int64(0); at < 640; at += 8 {
		places = append(places, at)
	}
	for at := int64(4096); at < 4096+256; at += 8 {
		places = append(places, at)
	}
	for _, at := range places {
		for _, value := range []uint64{0, 1<<32 | 8, 2<<32 | 8, 1<<33 - 1, 1<<64 - 1} {
			client, server := ringSession(t)
			memory := ringMemory(t)
			if memory == nil {
				return
			}
			talk(client, server)
			var word [8]byte
			binary.LittleEndian.PutUint64(word[:], value)
			_, err := memory.WriteAt(word[:], at)
			no(t, err)
			talk(client, server)
			no(t, client.Close())
			no(t, server.Close())
			no(t, memory.Close())
		}
	}
}
