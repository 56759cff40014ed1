package netdata_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/netipc/netipc/go/netdata"
)

// Rule A3.
func TestTokensAreThoseOfTheContract(t *testing.T) {
	vectors := map[string]uint64{
		"00112233-4455-6677-8899-aabbccddeeff": 0xc56cde21e711bf96,
		"00000000-0000-0000-0000-000000000000": 0xd0a66a65c7528968,
		"7f3c1d2e-9a4b-4c5d-8e6f-0123456789ab": 0x1c4f14e28bbac07c,
	}
	for id, want := range vectors {
		for _, id := range []string{id, strings.ReplaceAll(id, "-", ""), strings.ToUpper(id)} {
			if got, err := netdata.TokenOfInvocation(id); err != nil || got != want {
				t.Errorf("%s: %016x, %v; want %016x", id, got, err, want)
			}
			t.Setenv("NETDATA_INVOCATION_ID", "")
			t.Setenv("INVOCATION_ID", id)
			if got, err := netdata.AuthToken(); err != nil || got != want {
				t.Errorf("%s from the environment: %016x, %v; want %016x", id, got, err, want)
			}
		}
	}
}

func TestWhatIsNoUUIDIsRefused(t *testing.T) {
	const digits = "00112233445566778899aabbccddeef"
	for _, bad := range []string{
		"", "1", digits, "+" + digits, "g" + digits, digits + "00",
		"00112233-4455-6677-8899-aabbccddee-f", "001122334-455-6677-8899-aabbccddeeff", "é0112233445566778899aabbccddeef",
	} {
		if _, err := netdata.TokenOfInvocation(bad); !errors.Is(err, netdata.ErrInvalidID) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	t.Setenv("NETDATA_INVOCATION_ID", "")
	t.Setenv("INVOCATION_ID", "")
	if _, err := netdata.AuthToken(); !errors.Is(err, netdata.ErrNoToken) {
		t.Errorf("an empty environment: %v", err)
	}
}

// Rule A2.
func TestTheFirstAccessibleDirectoryIsTheRunDir(t *testing.T) {
	if os.PathSeparator == '\\' {
		t.Skip("SKIPPED: run directories are names here, and nothing on disk")
	}
	tree := t.TempDir()
	first, second := filepath.Join(tree, "first"), filepath.Join(tree, "second")
	file, missing := filepath.Join(tree, "file"), filepath.Join(tree, "missing")
	for _, err := range []error{os.Mkdir(first, 0o755), os.Mkdir(second, 0o755), os.WriteFile(file, nil, 0o600)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	usual := []string{filepath.Join(missing, "too"), file, second}
	for _, access := range []netdata.Access{netdata.Read, netdata.Write} {
		for configured, want := range map[string]string{first: first, "": second, missing: second} {
			if got, err := netdata.RunDirAmong(configured, usual, access); err != nil || got != want {
				t.Errorf("configured %q: %q, %v; want %q", configured, got, err, want)
			}
		}
		_, err := netdata.RunDirAmong(missing, usual[:2], access)
		var none *netdata.RunDirError
		if !errors.As(err, &none) || !slices.Equal(none.Tried, []string{missing, usual[0], file}) {
			t.Errorf("no directory: %v", err)
		}
	}
	if got, err := netdata.CreateRunDirAmong(usual[0], []string{missing}); err != nil || got != missing {
		t.Errorf("a provider made %q, %v; want %q", got, err, missing)
	}
	info, err := os.Stat(missing)
	if err != nil {
		t.Fatal(err)
	}
	// 0755 less the umask.
	if mode := info.Mode().Perm(); mode&^0o755 != 0 || mode&0o700 != 0o700 {
		t.Errorf("a provider made a directory of mode %o", mode)
	}
}

// Rule A2.
func TestTheEnvironmentNamesTheRunDir(t *testing.T) {
	if os.PathSeparator == '\\' {
		t.Skip("SKIPPED: run directories are names here, and nothing on disk")
	}
	dir := filepath.Join(t.TempDir(), "run")
	t.Setenv(netdata.RunDirVariable, dir)
	if got, err := netdata.CreateRunDir(); err != nil || got != dir {
		t.Errorf("a provider made %q, %v; want %q", got, err, dir)
	}
	for _, access := range []netdata.Access{netdata.Read, netdata.Write} {
		if got, err := netdata.RunDir(access); err != nil || got != dir {
			t.Errorf("%q, %v; want %q", got, err, dir)
		}
	}
}

func TestWhoFindsNoRunDirIsToldWhereItWasLookedFor(t *testing.T) {
	for _, test := range []struct {
		error netdata.RunDirError
		said  string
	}{
		{netdata.RunDirError{Tried: []string{"/a", "/b"}}, "no run directory can be read: looked at /a, /b; set NETDATA_RUN_DIR to the agent's"},
		{netdata.RunDirError{Access: netdata.Write},
			"no run directory can be written: looked at none, as this platform has no usual place; set NETDATA_RUN_DIR to the agent's"},
	} {
		if said := test.error.Error(); said != test.said {
			t.Errorf("%s instead of %s", said, test.said)
		}
	}
}
