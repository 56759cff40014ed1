//go:build linux

package posix_test

import (
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/transport"
	"github.com/netipc/netipc/go/transport/posix"
)

// Defects of deployed peers that this transport must not have, by their number in the contract.

// fill connects until the backlog is full.
func (s *stage) fill() {
	s.Helper()
	for range 100 {
		link, err := posix.New().Connect(s.endpoint, transport.Timeout(0))
		if err != nil {
			s.is(err, transport.ErrTimeout)
			return
		}
		s.Cleanup(func() { _ = link.Close() })
	}
	s.Fatal("the backlog never fills")
}

func TestDefect02ConnectAndSendHaveADeadline(t *testing.T) {
	s := newStage(t)
	listener := s.bind(transport.BindOptions{Backlog: 1})
	s.fill()
	s.is(s.timed(short, short+atOnce, func() error {
		_, err := posix.New().Connect(s.endpoint, transport.Timeout(short))
		return err
	}), transport.ErrTimeout)
	server := s.accept(listener)
	packet := make([]byte, 1000)
	for range 100_000 {
		if err := server.Send(packet, nil, transport.Timeout(short)); err != nil {
			s.is(err, transport.ErrTimeout)
			return
		}
	}
	t.Fatal("a send without a receiver never waits")
}

func TestDefect03AProbeOfAFullBacklogDoesNotHang(t *testing.T) {
	s := newStage(t)
	s.bind(transport.BindOptions{Backlog: 1})
	s.fill()
	s.is(s.timed(0, atOnce, s.bindAgain), transport.ErrAddressInUse)
}

func (s *stage) bindAgain() error {
	listener, err := posix.New().Bind(s.endpoint, transport.BindOptions{})
	if err == nil {
		_ = listener.Close()
	}
	return err
}

func (s *stage) inode(path string) uint64 {
	s.Helper()
	var stat unix.Stat_t
	s.no(unix.Lstat(path, &stat))
	return stat.Ino
}

func TestDefect04ALiveSocketIsNeverDeleted(t *testing.T) {
	for _, kind := range []string{"full", "stream", "datagram"} {
		s := newStage(t)
		path := s.endpoint.SocketPath()
		switch kind {
		case "full":
			s.bind(transport.BindOptions{Backlog: 1})
			s.fill()
		case "stream":
			listener, err := net.Listen("unix", path)
			s.no(err)
			defer listener.Close()
		default:
			listener, err := net.ListenPacket("unixgram", path)
			s.no(err)
			defer listener.Close()
		}
		before := s.inode(path)
		s.is(s.bindAgain(), transport.ErrAddressInUse)
		if s.inode(path) != before {
			t.Errorf("%s: it was replaced", kind)
		}
	}
}

func TestDefect05ClosingAListenerSparesItsSuccessor(t *testing.T) {
	s := newStage(t)
	first := s.bind(transport.BindOptions{})
	s.no(os.Rename(s.endpoint.SocketPath(), s.path("moved")))
	s.bind(transport.BindOptions{})
	s.no(first.Close())
	s.connect()
}

func TestDefect09AttachIsBounded(t *testing.T) {
	s := newStage(t)
	// At once, and not after all retries.
	s.is(s.prompt(400*time.Millisecond, func() error {
		s := newStage(t)
		client, server := s.baselines()
		s.no(server.Close())
		_, err := client.Attach(plan(1), transport.Wait{})
		return err
	}), transport.ErrHungUp)

	client, _ := s.baselines()
	s.is(s.timed(500*time.Millisecond, atOnce, func() error {
		_, err := client.Attach(plan(1), transport.Wait{})
		return err
	}), transport.ErrUnusable)

	client, _ = s.baselines()
	_, err := client.Attach(plan(1), transport.Timeout(short))
	s.is(err, transport.ErrTimeout)

	client, _ = s.baselines()
	var abort transport.Abort
	ended := make(chan error)
	go func() {
		_, err := client.Attach(plan(1), transport.Wait{Abort: &abort})
		ended <- err
	}()
	abort.Raise()
	s.is(s.timed(0, atOnce, func() error { return <-ended }), transport.ErrAborted)
}

func TestDefect11ACutPacketTellsItsFullLength(t *testing.T) {
	s := newStage(t)
	client, server := s.baselines()
	s.no(client.Send(make([]byte, 32), make([]byte, 1000), soon()))
	s.say(client, "next")
	size, err := server.Receive(make([]byte, 132), soon())
	s.no(err)
	if size != 1032 {
		t.Fatalf("%d bytes", size)
	}
	s.hear(server, "next")
}

func TestDefect12ThePacketSizeIsWhatTheKernelTakes(t *testing.T) {
	s := newStage(t)
	client, server := s.baselines()
	size := int(client.PacketSize())
	buffer, err := unix.GetsockoptInt(fd(client), unix.SOL_SOCKET, unix.SO_SNDBUF)
	s.no(err)
	if size+32 != buffer {
		t.Errorf("%d bytes of %d", size, buffer)
	}
	s.no(client.Send(make([]byte, size), nil, soon()))
	s.no(receive(server, soon()))
	if err := unix.Send(fd(client), make([]byte, size+1), unix.MSG_NOSIGNAL); err != unix.EMSGSIZE {
		t.Errorf("one more is too much for the kernel itself: %v", err)
	}
}

func TestDefect13AnEmptyPacketIsNoEndOfStream(t *testing.T) {
	s := newStage(t)
	client, server := s.baselines()
	s.no(unix.Send(fd(client), nil, unix.MSG_NOSIGNAL))
	s.no(server.Check())
	s.is(receive(server, soon()), transport.ErrProtocol)
	s.no(client.Close())
	s.is(receive(server, soon()), transport.ErrDisconnected)
}

func TestDefect15WhatIsStaleIsRemovedAndNothingElse(t *testing.T) {
	s := newStage(t)
	own, dead := int32(os.Getpid()), int32(1<<31-1)
	s.writeRegion("svc-0000000000000001.ipcshm", goodHeader(dead, 1), 8384)
	s.writeRegion("svc-0000000000000002.ipcshm", goodHeader(1, 0), 8384)
	s.writeRegion("svc-0000000000000003.ipcshm", goodHeader(own, 1), 8384)
	s.writeRegion("svc-0000000000000004.ipcshm", goodHeader(1, 1), 63)
	s.writeRegion("svc-0000000000000005.ipcshm", make([]byte, 8), 8384)
	s.writeRegion("svc-0000000000000006.ipcshm", goodHeader(0, 1), 8384)
	s.writeRegion("svc-0000000000000007.ipcshm", goodHeader(-1, 1), 8384)
	s.no(unix.Mkfifo(s.path("svc-0000000000000008.ipcshm"), 0o600))
	s.no(os.Symlink("nowhere", s.path("svc-0000000000000009.ipcshm")))
	kept := []string{
		"svc-0000000000000001.ipcshm.old",
		"svc-00000000000000AB.ipcshm",
		"svc-1.ipcshm",
		"svc-extra-0000000000000001.ipcshm",
	}
	for _, name := range kept {
		s.writeRegion(name, goodHeader(dead, 1), 8384)
	}
	kept = append(kept, "svc-00000000000000aa.ipcshm")
	s.writeRegion("svc-00000000000000aa.ipcshm", goodHeader(1, 1), 8384)

	s.no(s.timed(0, atOnce, s.bindAgain))
	slices.Sort(kept)
	if left := s.names(); !slices.Equal(left, kept) {
		t.Errorf("left is %v, want %v", left, kept)
	}
}

func TestDefect16EverythingIsCloseOnExec(t *testing.T) {
	s := newStage(t)
	client, server := s.session(plan(1))
	baseline, _ := s.baselines()
	listener := s.bind(transport.BindOptions{})
	var abort transport.Abort
	defer abort.Close()
	s.is(receive(baseline, transport.Timeout(short).OrAbort(&abort)), transport.ErrTimeout)
	event := abort.Watch()
	defer abort.Unwatch()
	for _, native := range []transport.WaitObject{client.WaitObject(), server.WaitObject(), baseline.WaitObject(), listener.WaitObject(), event} {
		flags, err := unix.FcntlInt(uintptr(native), unix.F_GETFD, 0)
		s.no(err)
		if flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("descriptor %d is inherited", native)
		}
	}
}

func TestDefect18AHeaderThatChangesLaterChangesNothing(t *testing.T) {
	s := newStage(t)
	client, server := s.session(plan(1))
	s.keep()
	s.overwrite(0, slices.Repeat([]byte{0xff}, 32))
	message := strings.Repeat("x", 4128)
	for range 3 {
		s.say(client, message)
		s.hear(server, message)
		s.say(server, message)
		s.hear(client, message)
	}
}

func TestDefect20OverlappingPublicationsAreRefusedAndNoticed(t *testing.T) {
	s := newStage(t)
	client, server := s.session(plan(1))
	s.keep()
	s.say(client, "one")
	s.is(client.Send([]byte("two"), nil, soon()), transport.ErrBusy)
	s.hear(server, "one")
	s.is(receive(server, transport.Timeout(short)), transport.ErrTimeout)
	// A peer that does publish over an untaken message.
	s.overwrite(32, []byte{3})
	s.is(receive(server, soon()), transport.ErrProtocol)
}

// overwrite changes the region of session 1 behind the back of both sides.
func (s *stage) overwrite(at int64, bytes []byte) {
	s.Helper()
	_, err := s.memory.WriteAt(bytes, at)
	s.no(err)
}
