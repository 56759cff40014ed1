//go:build unix

package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/internal/rundir"
)

func TestAnotherServiceBehindTheNameIsIncompatible(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.serve(increments)
	if err := os.Symlink(filepath.Join(p.runDir(), "increment.sock"), filepath.Join(p.runDir(), "string-reverse.sock")); err != nil {
		t.Fatal(err)
	}
	p.call("string-reverse", "abc").failed(t, 5, "incompatible", "the server does not serve this method")
}

func TestAServerThatNeverAnswersTimesOut(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	address := net.UnixAddr{Name: filepath.Join(p.runDir(), "increment.sock"), Net: "unixpacket"}
	listener, err := net.ListenUnix("unixpacket", &address)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	p.call("increment", "1", "--timeout=100").failed(t, 6, "timeout", "increment.sock")
}

func TestARunDirectoryIsMadeForTheProviderAlone(t *testing.T) {
	t.Parallel()
	p := place{t, rundir.Files(t)}
	end := p.serve(increments)
	info, err := os.Stat(p.runDir())
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Error(info, err)
	}
	end()
	if _, err := os.Stat(p.runDir()); !os.IsNotExist(err) {
		t.Error("it is still there:", err)
	}
}

func TestAPathThatIsTooLongIsNotValid(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	long := filepath.Join(p.dir, strings.Repeat("x", 100))
	ends(t, command(t, "serve", increments, "--run-dir", long)).failed(t, 2, "invalid", "shorten")
}

func TestTheJournalIsToldHowGraveALineIs(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	journal, err := os.Create(p.write("journal", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer journal.Close()
	var seen unix.Stat_t
	if err := unix.Fstat(int(journal.Fd()), &seen); err != nil {
		t.Fatal(err)
	}
	cmd := command(t, "call", "increment", "1", "--run-dir", p.runDir())
	cmd.Env = append(cmd.Env, fmt.Sprintf("JOURNAL_STREAM=%d:%d", seen.Dev, seen.Ino), "RUST_LOG=debug")
	cmd.Stderr = journal
	if err := cmd.Run(); cmd.ProcessState.ExitCode() != 3 {
		t.Fatal(err)
	}
	said, err := os.ReadFile(journal.Name())
	if err != nil || !strings.Contains("\n"+string(said), "\n<3>netipc-go: not found: ") || strings.Contains(string(said), "time=") {
		t.Errorf("%s, %v", said, err)
	}
}
