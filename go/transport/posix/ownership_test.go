//go:build linux

package posix_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/transport"
	"github.com/netipc/netipc/go/transport/posix"
)

// Rule L15.
func TestWhatServesNobodyIsReclaimed(t *testing.T) {
	for name, leave := range map[string]func(s *stage, path string){
		"a dead packet socket": func(s *stage, path string) {
			listener := s.bind(transport.BindOptions{})
			s.no(os.Rename(path, s.path("moved")))
			s.no(listener.Close())
			s.no(os.Rename(s.path("moved"), path))
		},
		"a dead stream socket": func(s *stage, path string) {
			listener, err := net.Listen("unix", path)
			s.no(err)
			listener.(*net.UnixListener).SetUnlinkOnClose(false)
			s.no(listener.Close())
		},
		"a file":            func(s *stage, path string) { s.no(os.WriteFile(path, []byte("text"), 0o600)) },
		"a FIFO":            func(s *stage, path string) { s.no(unix.Mkfifo(path, 0o600)) },
		"a link to nothing": func(s *stage, path string) { s.no(os.Symlink("nowhere", path)) },
		"a link to itself":  func(s *stage, path string) { s.no(os.Symlink("svc.sock", path)) },
		"a link through a file": func(s *stage, path string) {
			s.no(os.WriteFile(s.path("file"), []byte("text"), 0o600))
			s.no(os.Symlink("file/svc.sock", path))
		},
		"a link to a file": func(s *stage, path string) {
			s.no(os.WriteFile(s.path("file"), []byte("text"), 0o600))
			s.no(os.Symlink("file", path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			leave(s, s.endpoint.SocketPath())
			listener := s.bind(transport.BindOptions{})
			info, err := os.Lstat(s.endpoint.SocketPath())
			s.no(err)
			if info.Mode() != os.ModeSocket|0o600 {
				t.Errorf("there is %v", info.Mode())
			}
			s.connect()
			s.accept(listener)
		})
	}
}

func TestWhatIsInTheWayAndStays(t *testing.T) {
	s := newStage(t)
	path := s.endpoint.SocketPath()
	s.no(os.Mkdir(path, 0o700))
	err := s.bindAgain()
	var failed *transport.BindError
	if !errors.As(err, &failed) || failed.Kind != nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a directory: %v", err)
	}
	s.no(os.Remove(path))
	missingDir := filepath.Join(s.dir, "missing")
	missing, err := transport.NewEndpoint(missingDir, "svc")
	s.no(err)
	_, err = posix.New().Bind(missing, transport.BindOptions{})
	if !errors.As(err, &failed) || !strings.Contains(err.Error(), "the run directory "+missingDir+" does not exist: create it with mode 0700") {
		t.Errorf("a directory that is missing: %v", err)
	}

	other, err := transport.NewEndpoint(s.dir, "other")
	s.no(err)
	listener, err := posix.New().Bind(other, transport.BindOptions{})
	s.no(err)
	defer listener.Close()
	s.no(os.Symlink("other.sock", path))
	s.is(s.bindAgain(), transport.ErrAddressInUse)
}

func TestAMissingDirectoryIsTold(t *testing.T) {
	endpoint, err := transport.NewEndpoint("/nonexistent/netipc", "svc")
	if err != nil {
		t.Fatal(err)
	}
	_, err = posix.New().Bind(endpoint, transport.BindOptions{})
	if !errors.Is(err, unix.ENOENT) || !strings.Contains(err.Error(), endpoint.String()) {
		t.Error(err)
	}
	_, err = posix.New().Connect(endpoint, soon())
	if !errors.Is(err, transport.ErrNotFound) {
		t.Error(err)
	}
}

func TestClientsAreToldWhatIsMissingWhereNobodyServes(t *testing.T) {
	s := newStage(t)
	said := func() string {
		_, err := posix.New().Connect(s.endpoint, soon())
		if !errors.Is(err, transport.ErrNotFound) {
			t.Fatal(err)
		}
		return err.Error()
	}
	if text := said(); !strings.Contains(text, "no server there: no such file or directory") {
		t.Error(text)
	}
	listener, err := net.Listen("unix", s.endpoint.SocketPath())
	s.no(err)
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	s.no(listener.Close())
	if text := said(); !strings.Contains(text, "no server there: nobody listens at what is there, as after a server that was killed: ") {
		t.Error(text)
	}
	s.no(os.RemoveAll(s.endpoint.RunDir()))
	if text := said(); !strings.Contains(text, "no server there: the run directory "+s.endpoint.RunDir()+" does not exist: ") {
		t.Error(text)
	}
}

func TestPathsAreUsedAsTheyAre(t *testing.T) {
	s := newStage(t)
	deep := s.dir + "/" + strings.Repeat("d", transport.MaxSocketPath-len(s.dir)-len("//svc.sock"))
	s.no(os.Mkdir(deep, 0o700))
	t.Chdir(s.dir)
	s.no(os.Mkdir("@", 0o700))
	for _, dir := range []string{deep, "@", s.dir + "//."} {
		endpoint, err := transport.NewEndpoint(dir, "svc")
		s.no(err)
		listener, err := posix.New().Bind(endpoint, transport.BindOptions{})
		s.no(err)
		if _, err := os.Lstat(endpoint.SocketPath()); err != nil {
			t.Errorf("%s: %v", dir, err)
		}
		link, err := posix.New().Connect(endpoint, soon())
		s.no(err)
		s.no(link.Close())
		s.no(listener.Close())
	}
	endpoint, err := transport.NewEndpoint(s.dir+"\x00", "svc")
	s.no(err)
	if _, err := posix.New().Connect(endpoint, soon()); !errors.Is(err, unix.EINVAL) {
		t.Errorf("a NUL in the path: %v", err)
	}
}

func TestStartersWaitForOneAnother(t *testing.T) {
	s := newStage(t)
	lock, err := os.Create(s.path("svc.lock"))
	s.no(err)
	defer lock.Close()
	// Another starter, at work.
	s.no(unix.Flock(int(lock.Fd()), unix.LOCK_EX))
	bound := make(chan error)
	go func() { bound <- s.bindAgain() }()
	select {
	case err := <-bound:
		t.Fatalf("it did not wait: %v", err)
	case <-transportTimer():
	}
	s.no(unix.Flock(int(lock.Fd()), unix.LOCK_UN))
	s.no(<-bound)
	if left := s.names(); len(left) != 0 {
		t.Errorf("the lock goes with the start, and left is %v", left)
	}
}

// Rule L18.
func TestWhoMayReadTheDirectoryCannotLockOthersOut(t *testing.T) {
	s := newStage(t)
	directory, err := os.Open(s.dir)
	s.no(err)
	defer directory.Close()
	s.no(unix.Flock(int(directory.Fd()), unix.LOCK_EX))
	listener := s.bind(transport.BindOptions{})
	s.connect()
	s.accept(listener)
}

// Rule L18.
func TestWhateverHasTheNameOfTheLockTheServerStarts(t *testing.T) {
	for what, put := range map[string]func(path string) error{
		"a directory":       func(path string) error { return os.Mkdir(path, 0o700) },
		"a FIFO":            func(path string) error { return unix.Mkfifo(path, 0o600) },
		"a link to nothing": func(path string) error { return os.Symlink("nowhere", path) },
		"a link to itself":  func(path string) error { return os.Symlink("svc.lock", path) },
		"a socket":          func(path string) error { return unix.Mknod(path, unix.S_IFSOCK|0o600, 0) },
	} {
		t.Run(what, func(t *testing.T) {
			s := newStage(t)
			s.no(put(s.path("svc.lock")))
			listener := s.bind(transport.BindOptions{})
			s.connect()
			s.accept(listener)
			if _, err := os.Lstat(s.path("nowhere")); err == nil {
				t.Error("the link was followed")
			}
		})
	}
}

// Rule L18.
func TestALockThatAnotherUserKeepsHoldsUpNoStart(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can be another user")
	}
	s := newStage(t)
	lock, err := os.Create(s.path("svc.lock"))
	s.no(err)
	defer lock.Close()
	s.no(lock.Chmod(0o666))
	s.no(lock.Chown(7, -1))
	s.no(unix.Flock(int(lock.Fd()), unix.LOCK_EX))
	listener := s.bind(transport.BindOptions{})
	s.connect()
	s.accept(listener)
	if _, err := os.Lstat(s.path("svc.lock")); err != nil {
		t.Errorf("it is his: %v", err)
	}
}

// Rule L34.
func TestAClientThatPassesADescriptorIsToldAndHoldsNobodyUp(t *testing.T) {
	s := newStage(t)
	listener := s.bind(transport.BindOptions{})
	client, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	s.no(err)
	defer unix.Close(client)
	s.no(unix.Connect(client, &unix.SockaddrUnix{Name: s.endpoint.SocketPath()}))
	pass := func() error { return unix.Sendmsg(client, []byte("x"), unix.UnixRights(client), nil, 0) }
	early := pass()
	if early == nil && !knowsPassRights() {
		t.Skip("this kernel lets everybody pass descriptors")
	}
	if early != unix.EPERM {
		t.Errorf("before it is accepted: %v", early)
	}
	link := s.accept(listener)
	if err := pass(); err != unix.EPERM {
		t.Errorf("afterwards: %v", err)
	}
	s.no(unix.Sendmsg(client, []byte("word"), nil, nil, 0))
	s.no(receive(link, soon()))
}

// knowsPassRights tells whether the running kernel is 6.16 or later.
func knowsPassRights() bool {
	var name unix.Utsname
	var major, minor int
	if unix.Uname(&name) != nil {
		return false
	}
	_, err := fmt.Sscanf(unix.ByteSliceToString(name.Release[:]), "%d.%d", &major, &minor)
	return err == nil && (major > 6 || major == 6 && minor >= 16)
}

func TestAServerInUseIsNamedByItsProcess(t *testing.T) {
	s := newStage(t)
	s.bind(transport.BindOptions{})
	err := s.bindAgain()
	if want := fmt.Sprintf("it answers (process %d)", os.Getpid()); !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
}

// Rule L8.
func TestUsersAreTurnedAway(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can be another user")
	}
	s := newStage(t)
	listener := s.bind(transport.BindOptions{Peers: transport.PeerPolicy{Also: []uint32{7}}})
	s.no(os.Chmod(s.dir, 0o711))
	s.no(os.Chmod(s.endpoint.SocketPath(), 0o666))
	for uid, allowed := range map[int]bool{7: true, 8: false, 0: true} {
		s.connectAs(uid)
		link := s.accept(listener)
		if seen, _ := link.Info().Peer.UID(); link.PeerAllowed() != allowed || seen != uint32(uid) {
			t.Errorf("user %d: %t, %+v", uid, link.PeerAllowed(), link.Info())
		}
	}
}
