//go:build linux && amd64

package posix_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/transport"
	"github.com/netipc/netipc/go/transport/posix"
)

// What an error is where a call fails that a step makes: the call's own, or one that says why.
type wanted struct {
	call   uint32
	errno  unix.Errno
	kind   error
	why    string
	passes bool
}

// check holds a step that met a failing call against what is wanted of it.
func (w wanted) check(t *testing.T, err error) {
	t.Helper()
	kind := w.kind
	if kind == nil && w.why == "" {
		kind = w.errno
	}
	switch {
	case w.passes && err == nil:
	case w.passes:
		t.Errorf("call %d, %v: %v", w.call, w.errno, err)
	case err == nil:
		t.Errorf("call %d, %v: no error", w.call, w.errno)
	case kind != nil && !errors.Is(err, kind):
		t.Errorf("call %d, %v: %v, which is no %v", w.call, w.errno, err, kind)
	case !strings.Contains(err.Error(), w.why):
		t.Errorf("call %d, %v: %v, not %q", w.call, w.errno, err, w.why)
	}
}

// deadSocket leaves a socket that nobody listens at, and a region of a server that is gone.
func (s *stage) deadSocket() {
	s.Helper()
	socket := s.opened("svc.sock")
	s.no(socket.Close())
	s.writeRegion("svc-00000000000000aa.ipcshm", make([]byte, 64), 64)
}

func TestAStartWhoseCallsFailSaysWhyAndLeavesWhatWasThere(t *testing.T) {
	used := transport.ErrAddressInUse
	for _, w := range []wanted{
		{call: unix.SYS_OPENAT, errno: unix.EIO},
		{call: unix.SYS_OPENAT, errno: unix.EMFILE, kind: used, why: "no descriptor is left"},
		{call: unix.SYS_FSTAT, errno: unix.EIO},
		{call: unix.SYS_NEWFSTATAT, errno: unix.EIO},
		{call: unix.SYS_FLOCK, errno: unix.ENOLCK},
		{call: unix.SYS_SOCKET, errno: unix.ENOMEM, kind: used, why: "cannot be told"},
		{call: unix.SYS_SOCKET, errno: unix.ENFILE, kind: used, why: "no descriptor is left"},
		{call: unix.SYS_CONNECT, errno: unix.EACCES, kind: used, why: "somebody else"},
		{call: unix.SYS_CONNECT, errno: unix.EPROTOTYPE, kind: used, why: "another type"},
		{call: unix.SYS_CONNECT, errno: unix.EAGAIN, kind: used, why: "backlog is full"},
		{call: unix.SYS_CONNECT, errno: unix.ENOSYS, kind: used, why: "cannot be told"},
		{call: unix.SYS_UNLINKAT, errno: unix.EPERM},
	} {
		s := newStage(t)
		s.deadSocket()
		before, open := s.names(), s.descriptors()
		w.check(t, refusing(s, []uint32{w.call}, w.errno, func() error {
			listener, err := posix.New().Bind(s.endpoint, transport.BindOptions{})
			if err != nil {
				return err
			}
			return listener.Close()
		}))
		left := s.names()
		if w.call == unix.SYS_UNLINKAT || w.call == unix.SYS_NEWFSTATAT {
			// Nor can the lock be removed, or told from that of others.
			left = slices.DeleteFunc(left, func(name string) bool { return name == "svc.lock" })
		}
		if !slices.Equal(left, before) {
			t.Errorf("call %d, %v: %v became %v", w.call, w.errno, before, left)
		}
		if now := s.descriptors(); now > open {
			t.Errorf("call %d, %v: %d descriptors became %d", w.call, w.errno, open, now)
		}
		s.serves()
	}
}

func TestABindWhoseCallsFailLeavesNothing(t *testing.T) {
	for _, w := range []wanted{
		{call: unix.SYS_SOCKET, errno: unix.EPERM},
		{call: unix.SYS_BIND, errno: unix.EPERM},
		{call: unix.SYS_BIND, errno: unix.EADDRINUSE, kind: transport.ErrAddressInUse, why: "at the same moment"},
		{call: unix.SYS_LISTEN, errno: unix.EPERM},
		{call: unix.SYS_FCHMOD, errno: unix.EPERM},
		// What is left over is looked for where that is allowed.
		{call: unix.SYS_GETDENTS64, errno: unix.EPERM, passes: true},
		{call: unix.SYS_SETSOCKOPT, errno: unix.EPERM, passes: true},
	} {
		s := newStage(t)
		open := s.descriptors()
		w.check(t, refusing(s, []uint32{w.call}, w.errno, func() error {
			listener, err := posix.New().Bind(s.endpoint, transport.BindOptions{})
			if err != nil {
				return err
			}
			return listener.Close()
		}))
		if left := s.names(); len(left) != 0 {
			t.Errorf("call %d, %v: %v is left", w.call, w.errno, left)
		}
		if now := s.descriptors(); now > open {
			t.Errorf("call %d, %v: %d descriptors became %d", w.call, w.errno, open, now)
		}
		s.serves()
	}
}

func TestAClientWhoseCallsFailSaysWhy(t *testing.T) {
	s := newStage(t)
	listener := s.bind(transport.BindOptions{})
	for _, w := range []wanted{
		{call: unix.SYS_SOCKET, errno: unix.EMFILE},
		{call: unix.SYS_CONNECT, errno: unix.EACCES, kind: transport.ErrDenied},
		{call: unix.SYS_CONNECT, errno: unix.ENOSYS},
		// Who serves cannot be told: nobody is trusted with the token then.
		{call: unix.SYS_GETSOCKOPT, errno: unix.EPERM, kind: transport.ErrUntrustedServer},
		{call: unix.SYS_SETSOCKOPT, errno: unix.EPERM, passes: true},
	} {
		open := s.descriptors()
		w.check(t, refusing(s, []uint32{w.call}, w.errno, func() error {
			link, err := posix.New().Connect(s.endpoint, soon())
			if err != nil {
				return err
			}
			return link.Close()
		}))
		if now := s.descriptors(); now > open {
			t.Errorf("call %d, %v: %d descriptors became %d", w.call, w.errno, open, now)
		}
	}
	s.connect()
	s.accept(listener)
}

func TestALinkWhoseCallsFailSaysWhy(t *testing.T) {
	s := newStage(t)
	client, _ := s.baselines()
	var packet [8]byte
	receive := func() error {
		_, err := client.Receive(packet[:], soon())
		return err
	}
	for _, call := range []uint32{unix.SYS_RECVFROM, unix.SYS_RECVMSG, unix.SYS_PPOLL} {
		err := refusing(s, []uint32{call}, unix.EPERM, func() error {
			// Nothing has come: what would wait fails, by whichever call it makes.
			_, err := client.Receive(packet[:], transport.Timeout(short))
			return err
		})
		if !errors.Is(err, unix.EPERM) && !errors.Is(err, transport.ErrTimeout) {
			t.Errorf("call %d: %v", call, err)
		}
	}
	s.is(refusing(s, []uint32{unix.SYS_PPOLL}, unix.EPERM, receive), unix.EPERM)
	s.is(refusing(s, []uint32{unix.SYS_SENDTO, unix.SYS_SENDMSG}, unix.EPERM, func() error {
		return client.Send([]byte("head"), []byte("body"), soon())
	}), unix.EPERM)
}

// Of a step of a session over memory that both sides share.
func (s *stage) offered(profile uint32, w wanted, t *testing.T) {
	client, server := s.baselines()
	plan := transport.SessionPlan{SessionID: 1, Profile: profile, RequestBytes: 4128, ResponseBytes: 4128}
	open := s.descriptors()
	w.check(t, refusing(s, []uint32{w.call}, w.errno, func() error { return server.Offer(plan) }))
	if left := s.names(); len(left) != 0 {
		t.Errorf("call %d, %v: %v is left", w.call, w.errno, left)
	}
	if now := s.descriptors(); now > open {
		t.Errorf("call %d, %v: %d descriptors became %d", w.call, w.errno, open, now)
	}
	s.no(server.Offer(plan))
	s.no(server.Send([]byte("accepted"), nil, soon()))
	s.hear(client, "accepted")
	link, err := client.Attach(plan, soon())
	s.no(err)
	s.no(link.Close())
	s.no(server.Close())
}

func TestARegionThatCannotBeMadeIsAnErrorAndLeavesNothing(t *testing.T) {
	for _, w := range []wanted{
		{call: unix.SYS_OPENAT, errno: unix.EMFILE},
		{call: unix.SYS_FSTAT, errno: unix.EIO},
		{call: unix.SYS_FCHMOD, errno: unix.EPERM},
		{call: unix.SYS_FALLOCATE, errno: unix.ENOSPC},
		// A file system may say so as long as signals come.
		{call: unix.SYS_FALLOCATE, errno: unix.EINTR},
	} {
		newStage(t).offered(0x02, w, t)
	}
}

func TestARingThatCannotBeMadeIsAnErrorAndLeavesNothing(t *testing.T) {
	for _, w := range []wanted{
		{call: unix.SYS_MEMFD_CREATE, errno: unix.EMFILE, why: "cannot make the memory of a ring"},
		{call: unix.SYS_MEMFD_CREATE, errno: unix.EINVAL, why: "cannot make the memory of a ring"},
		{call: unix.SYS_FALLOCATE, errno: unix.ENOSPC, why: "cannot make the memory of a ring"},
		{call: unix.SYS_FCNTL, errno: unix.EPERM, why: "cannot make the memory of a ring"},
		{call: unix.SYS_SOCKETPAIR, errno: unix.EMFILE, why: "cannot pass the memory of a ring"},
		{call: unix.SYS_SENDMSG, errno: unix.EPERM, why: "cannot pass the memory of a ring"},
	} {
		newStage(t).offered(0x10, w, t)
	}
}

func TestSharedMemoryThatCannotBeAttachedSaysWhy(t *testing.T) {
	region := []wanted{
		{call: unix.SYS_OPENAT, errno: unix.EMFILE},
		{call: unix.SYS_FSTAT, errno: unix.EIO},
		{call: unix.SYS_PREAD64, errno: unix.EIO},
	}
	ring := []wanted{
		{call: unix.SYS_FSTAT, errno: unix.EIO},
		{call: unix.SYS_PREAD64, errno: unix.EIO},
		{call: unix.SYS_FCNTL, errno: unix.EPERM, why: "not sealed"},
		// Where that may not be asked, it is the server that is trusted.
		{call: unix.SYS_FSTATFS, errno: unix.EPERM, passes: true},
	}
	for profile, calls := range map[uint32][]wanted{0x02: region, 0x10: ring} {
		for _, w := range calls {
			if w.why == "" {
				w.kind, w.why = transport.ErrUnusable, w.errno.Error()
			}
			s := newStage(t)
			client, server := s.baselines()
			plan := transport.SessionPlan{SessionID: 1, Profile: profile, RequestBytes: 4128, ResponseBytes: 4128}
			s.no(server.Offer(plan))
			s.no(server.Send([]byte("accepted"), nil, soon()))
			s.hear(client, "accepted")
			w.check(t, refusing(s, []uint32{w.call}, w.errno, func() error {
				link, err := client.Attach(plan, soon())
				if err != nil {
					return err
				}
				return link.Close()
			}))
			s.no(server.Close())
			if left := s.names(); len(left) != 0 {
				t.Errorf("%v is left", left)
			}
		}
	}
}

// descriptors returns how many are open.
func (s *stage) descriptors() int {
	s.Helper()
	count, _ := s.open()
	return count
}

// serves has a server start, and answer who connects.
func (s *stage) serves() {
	s.Helper()
	listener := s.bind(transport.BindOptions{})
	s.connect()
	s.accept(listener)
	s.no(listener.Close())
	if left := s.names(); len(left) != 0 {
		s.Errorf("%v is left", left)
	}
}
