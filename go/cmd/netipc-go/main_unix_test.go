//go:build unix

package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
