//go:build linux && amd64

package posix_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/transport"
	"github.com/netipc/netipc/go/transport/posix"
)

// without runs step in a thread of its own, to which the system answers EIO for calls.
func without(s *stage, calls []uint32, step func() error) error {
	s.Helper()
	return refusing(s, calls, unix.EIO, step)
}

// refusing runs step in a thread of its own, to which the system answers with an error for calls.
func refusing(s *stage, calls []uint32, refusal unix.Errno, step func() error) error {
	s.Helper()
	const (
		load   = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equals = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		answer = unix.BPF_RET | unix.BPF_K
	)
	// The number of the call is the first word of what is looked at.
	filter := []unix.SockFilter{{Code: load}}
	for i, call := range calls {
		filter = append(filter, unix.SockFilter{Code: equals, K: call, Jt: uint8(len(calls) - i)})
	}
	filter = append(filter,
		unix.SockFilter{Code: answer, K: unix.SECCOMP_RET_ALLOW},
		unix.SockFilter{Code: answer, K: unix.SECCOMP_RET_ERRNO | uint32(refusal)})
	program := &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	ended := make(chan error, 1)
	go func() {
		// Never unlocked: the thread ends with its goroutine.
		runtime.LockOSThread()
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			ended <- err
			return
		}
		// SAFETY: the program and its filter live until the system has copied them.
		filters := uintptr(unsafe.Pointer(program))
		if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, filters, 0, 0); err != nil {
			ended <- err
			return
		}
		ended <- step()
	}()
	err := <-ended
	runtime.KeepAlive(program)
	return err
}

// Rule L22.
func TestARegionThatCannotBeLookedAtLeavesNoFile(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	_, server := s.baselines()
	before := s.names()
	look := []uint32{unix.SYS_FSTAT, unix.SYS_NEWFSTATAT, unix.SYS_STATX}
	plan := transport.SessionPlan{Profile: 0x02, SessionID: 1, RequestBytes: 4128, ResponseBytes: 4128}
	if err := without(s, look, func() error { return server.Offer(plan) }); !errors.Is(err, unix.EIO) {
		t.Fatal(err)
	}
	if left := s.names(); len(left) != len(before) {
		t.Fatalf("left is %v", left)
	}
	s.no(server.Offer(plan))
}

func TestAServerStartsAtOnceWhereLocksAreRefused(t *testing.T) {
	t.Parallel()
	for _, refusal := range []unix.Errno{unix.EPERM, unix.EACCES, unix.ENOSYS} {
		s := newStage(t)
		var said bytes.Buffer
		logged := posix.New().WithLogger(slog.New(slog.NewTextHandler(&said, nil)))
		var listener transport.Listener
		s.no(refusing(s, []uint32{unix.SYS_FLOCK}, refusal, func() (err error) {
			listener, err = logged.Bind(s.endpoint, transport.BindOptions{})
			return err
		}))
		if left := s.names(); !slices.Equal(left, []string{"svc.sock"}) {
			t.Errorf("left is %v", left)
		}
		s.connect()
		s.accept(listener)
		s.no(listener.Close())
		if !strings.Contains(said.String(), "starting without a lock") {
			t.Error(said.String())
		}
	}
}

func TestAServerThatMayNotLockLeavesTheLockOfOthers(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.no(os.WriteFile(s.path("svc.lock"), nil, 0o600))
	s.no(refusing(s, []uint32{unix.SYS_FLOCK}, unix.EPERM, func() error {
		listener, err := posix.New().Bind(s.endpoint, transport.BindOptions{})
		if err != nil {
			return err
		}
		return listener.Close()
	}))
	if left := s.names(); !slices.Equal(left, []string{"svc.lock"}) {
		t.Errorf("left is %v", left)
	}
}

func TestARingHasNothingToWatchWhileNoDescriptorIsLeftToTellOfPackets(t *testing.T) {
	t.Parallel()
	client, _ := ringSession(t)
	s := newStage(t)
	for _, call := range []uint32{unix.SYS_EVENTFD2, unix.SYS_EPOLL_CREATE1} {
		var watched transport.WaitObject
		s.no(refusing(s, []uint32{call}, unix.EMFILE, func() error {
			watched = client.WaitObject()
			return nil
		}))
		if watched != transport.NoWaitObject {
			t.Errorf("call %d: %d", call, watched)
		}
	}
	if client.WaitObject() == transport.NoWaitObject {
		t.Error("nothing once there are descriptors")
	}
}
