//go:build linux

package posix_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/transport"
	"github.com/netipc/netipc/go/transport/posix"
)

// Tests that need a process of their own run this program again, with the name of a part to play.
const (
	partVariable = "NETIPC_TEST_PART"
	dirVariable  = "NETIPC_TEST_DIR"
	// Where processes leave what they have run, under go test -cover.
	coverVariable = "NETIPC_COVER_DIR"
)

var parts = map[string]func(endpoint transport.Endpoint) error{
	"start":    playStarter,
	"visit":    playVisitor,
	"serve":    playServer,
	"client":   playClient,
	"umask":    playUmask,
	"file":     playFullFileSystem,
	"no files": playWithoutDescriptors,

	"inherited": playInherited,
}

func TestMain(m *testing.M) {
	part := parts[os.Getenv(partVariable)]
	if part == nil {
		os.Exit(m.Run())
	}
	endpoint, err := transport.NewEndpoint(os.Getenv(dirVariable), "svc")
	if err == nil {
		err = part(endpoint)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// transportTimer ticks once something that must not happen had time to.
func transportTimer() <-chan time.Time { return time.After(short) }

func (s *stage) process(part string) *exec.Cmd {
	command := exec.Command("/proc/self/exe")
	command.Env = append(os.Environ(), partVariable+"="+part, dirVariable+"="+s.dir)
	if dir := os.Getenv(coverVariable); dir != "" && testing.CoverMode() != "" {
		command.Env = append(command.Env, "GOCOVERDIR="+dir)
	}
	command.Stderr = os.Stderr
	return command
}

func (s *stage) play(part string) {
	s.Helper()
	s.no(s.process(part).Run())
}

// connectAs has a process of that user connect and leave.
func (s *stage) connectAs(uid int) {
	s.Helper()
	command := s.process("visit")
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	s.no(command.Run())
}

func playVisitor(endpoint transport.Endpoint) error {
	link, err := posix.New().Connect(endpoint, soon())
	if err != nil {
		return err
	}
	return link.Close()
}

// playStarter starts and stops again and again, and never stops another one's endpoint.
func playStarter(endpoint transport.Endpoint) error {
	for range 100 {
		listener, err := posix.New().Bind(endpoint, transport.BindOptions{})
		if errors.Is(err, transport.ErrAddressInUse) {
			continue
		}
		if err != nil {
			return err
		}
		// Who owns the endpoint is found at it, even if the others' probes have filled its backlog.
		link, err := posix.New().Connect(endpoint, transport.Timeout(0))
		if err == nil {
			err = link.Close()
		}
		if err != nil && !errors.Is(err, transport.ErrTimeout) {
			return fmt.Errorf("the owner is not found: %w", err)
		}
		if err := listener.Close(); err != nil {
			return err
		}
	}
	return nil
}

func TestDefect05StartersNeverDeleteOneAnother(t *testing.T) {
	s := newStage(t)
	var starters []*exec.Cmd
	for range 3 {
		starter := s.process("start")
		s.no(starter.Start())
		starters = append(starters, starter)
	}
	for _, starter := range starters {
		s.no(starter.Wait())
	}
	if left := s.names(); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func playServer(endpoint transport.Endpoint) error {
	listener, err := posix.New().Bind(endpoint, transport.BindOptions{})
	if err != nil {
		return err
	}
	link, err := listener.Accept(soon())
	if err != nil {
		return err
	}
	if err := link.Offer(plan(1)); err != nil {
		return err
	}
	if err := link.Send([]byte("offered"), nil, soon()); err != nil {
		return err
	}
	return receive(link.Switch(), soon())
}

func playClient(endpoint transport.Endpoint) error {
	link, err := posix.New().Connect(endpoint, soon())
	if err != nil {
		return err
	}
	if err := receive(link, soon()); err != nil {
		return err
	}
	shared, err := link.Attach(plan(1), soon())
	if err != nil {
		return err
	}
	if err := shared.Send([]byte("attached"), nil, soon()); err != nil {
		return err
	}
	return receive(shared, soon())
}

// killed kills a process and checks that the link to it ends soon after.
func (s *stage) killed(peer *exec.Cmd, link transport.Link) {
	s.Helper()
	ended := make(chan error)
	go func() { ended <- receive(link, soon()) }()
	s.no(peer.Process.Kill())
	s.is(s.timed(0, atOnce, func() error { return <-ended }), transport.ErrDisconnected, transport.ErrReset)
	_ = peer.Wait()
}

func TestDefect06AServerNoticesAKilledClient(t *testing.T) {
	s := newStage(t)
	listener := s.bind(transport.BindOptions{})
	client := s.process("client")
	s.no(client.Start())
	baseline := s.accept(listener)
	s.no(baseline.Offer(plan(1)))
	s.say(baseline, "offered")
	server := baseline.Switch()
	defer server.Close()
	s.hear(server, "attached")
	s.killed(client, server)
}

func TestDefect07AClientNoticesAKilledServer(t *testing.T) {
	s := newStage(t)
	server := s.process("serve")
	s.no(server.Start())
	var baseline transport.Baseline
	for w := soon(); baseline == nil; {
		link, err := posix.New().Connect(s.endpoint, soon())
		if err == nil {
			baseline = link
		} else {
			s.no(w.Sleep(time.Millisecond))
		}
	}
	s.hear(baseline, "offered")
	client, err := baseline.Attach(plan(1), soon())
	s.no(err)
	defer client.Close()
	s.killed(server, client)
	// What it left behind is removed by the next one.
	s.no(s.bindAgain())
	if left := s.names(); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestDefect17TheUmaskIsNeitherChangedNorTrusted(t *testing.T) { newStage(t).play("umask") }

func playUmask(endpoint transport.Endpoint) error {
	for _, mask := range []int{0, 0o777} {
		unix.Umask(mask)
		listener, err := posix.New().Bind(endpoint, transport.BindOptions{})
		if err != nil {
			return err
		}
		info, err := os.Lstat(endpoint.SocketPath())
		if err != nil || info.Mode().Perm() != 0o600 {
			return fmt.Errorf("umask %o: mode %v, %w", mask, info.Mode(), err)
		}
		if now := unix.Umask(mask); now != mask {
			return fmt.Errorf("the umask is %o", now)
		}
		if err := listener.Close(); err != nil {
			return err
		}
	}
	return nil
}

func TestAFullFileSystemIsAnErrorAndNoSignal(t *testing.T) { newStage(t).play("file") }

// playFullFileSystem lets no file grow: reserving fails where writing to a hole would be a signal.
func playFullFileSystem(endpoint transport.Endpoint) error {
	signal.Ignore(syscall.SIGXFSZ)
	listener, err := posix.New().Bind(endpoint, transport.BindOptions{})
	if err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 4096, Max: 4096}); err != nil {
		return err
	}
	client, err := posix.New().Connect(endpoint, soon())
	if err != nil {
		return err
	}
	server, err := listener.Accept(soon())
	if err != nil {
		return err
	}
	if err := server.Offer(plan(1)); !errors.Is(err, unix.EFBIG) {
		return fmt.Errorf("an offer without room: %w", err)
	}
	if _, err := os.Lstat(endpoint.RegionPath(1)); err == nil {
		return errors.New("a region is left behind")
	}
	// The baseline still works.
	if err := client.Send([]byte("x"), nil, soon()); err != nil {
		return err
	}
	return receive(server.Switch(), soon())
}

func TestWithoutDescriptorsNothingIsDeleted(t *testing.T) {
	s := newStage(t)
	s.no(os.WriteFile(s.endpoint.SocketPath(), nil, 0o600))
	s.play("no files")
	if left := s.names(); len(left) != 1 {
		t.Errorf("left is %v", left)
	}
}

func playWithoutDescriptors(endpoint transport.Endpoint) error {
	other, err := transport.NewEndpoint(endpoint.RunDir(), "other")
	if err != nil {
		return err
	}
	listener, err := posix.New().Bind(other, transport.BindOptions{})
	if err != nil {
		return err
	}
	defer listener.Close()
	link, err := posix.New().Connect(other, soon())
	if err != nil {
		return err
	}
	// The lowest one that is free: poll fails where it gets more descriptors than there may be.
	free, err := unix.Dup(0)
	if err != nil {
		return err
	}
	if err := unix.Close(free); err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(free), Max: 4096}); err != nil {
		return err
	}
	if _, err := posix.New().Bind(endpoint, transport.BindOptions{}); !errors.Is(err, transport.ErrAddressInUse) {
		return fmt.Errorf("nothing can be asked: %w", err)
	}
	if _, err := listener.Accept(soon()); !errors.Is(err, unix.EMFILE) {
		return fmt.Errorf("a shortage is told: %w", err)
	}
	// An abort works without a descriptor of its own.
	var abort transport.Abort
	ended := make(chan error)
	go func() { ended <- receive(link, transport.Wait{Abort: &abort}) }()
	abort.Raise()
	if err := <-ended; !errors.Is(err, transport.ErrAborted) {
		return fmt.Errorf("the abort: %w", err)
	}
	return nil
}

// open returns how many descriptors and goroutines there are.
func (s *stage) open() (descriptors, goroutines int) {
	s.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	s.no(err)
	return len(entries), runtime.NumGoroutine()
}

func TestNothingIsLeftOpen(t *testing.T) {
	s := newStage(t)
	use := func() {
		listener := s.bind(transport.BindOptions{})
		s.is(s.bindAgain(), transport.ErrAddressInUse)
		s.no(listener.Close())
		client, server := s.session(plan(1))
		s.say(client, "x")
		s.hear(server, "x")
		var abort transport.Abort
		s.is(receive(server, transport.Timeout(time.Millisecond).OrAbort(&abort)), transport.ErrTimeout)
		s.no(client.Close())
		s.no(server.Close())
		left, right := s.baselines()
		s.is(receive(right, transport.Timeout(time.Millisecond).OrAbort(&abort)), transport.ErrTimeout)
		abort.Close()
		_, err := left.Attach(plan(9), transport.Timeout(time.Millisecond))
		s.is(err, transport.ErrTimeout)
		s.no(right.Offer(plan(2)))
		s.no(right.Close())
		if names := s.names(); len(names) != 0 {
			s.Errorf("left behind: %v", names)
		}
	}
	use()
	descriptors, goroutines := s.open()
	for range 5 {
		use()
	}
	if after, running := s.open(); after != descriptors || running > goroutines {
		t.Errorf("%d descriptors and %d goroutines became %d and %d", descriptors, goroutines, after, running)
	}
	maps, err := os.ReadFile("/proc/self/maps")
	s.no(err)
	if strings.Contains(string(maps), s.dir) {
		t.Error("a region is still mapped")
	}
}
