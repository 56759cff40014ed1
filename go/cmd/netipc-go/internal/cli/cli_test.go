package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/netipc/netipc/go/internal/rundir"
)

func exitOf(err error) Exit { return Report(err, &bytes.Buffer{}) }

func environment(pairs map[string]string) Env {
	return Env{Getenv: func(name string) (string, bool) {
		value, given := pairs[name]
		return value, given
	}}
}

func parsed(atMost int, args ...string) (name string, others []string, err error) {
	flags := NewFlags("Usage: test")
	flags.StringVar(&name, "name", "", "a `NAME`")
	others, err = flags.Parse(args, atMost, &bytes.Buffer{})
	return name, others, err
}

func TestOptionsMayStandAnywhere(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"--name", "x", "a", "-"}, {"a", "--name=x", "-"}, {"a", "-", "--name", "x"}, {"--name", "x", "--", "a", "-"},
		{"a", "--name", "x", "--", "-"},
	} {
		name, others, err := parsed(2, args...)
		if err != nil || name != "x" || !slices.Equal(others, []string{"a", "-"}) {
			t.Errorf("%q: %q, %q, %v", args, name, others, err)
		}
	}
	if _, others, err := parsed(1, "--", "--name"); err != nil || others[0] != "--name" {
		t.Errorf("behind --: %q, %v", others, err)
	}
}

func TestArgumentsThatAreNotValid(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--other"}, {"--name"}, {"a"}} {
		if _, _, err := parsed(0, args...); exitOf(err) != Usage {
			t.Errorf("%q: %v", args, err)
		}
	}
	if _, _, err := parsed(0, "--other"); !strings.Contains(err.Error(), ": --other") {
		t.Error(err)
	}
}

func TestHelpShowsEveryOption(t *testing.T) {
	t.Parallel()
	flags := NewFlags("Usage: test")
	flags.Int("count", 3, "how `MANY`")
	var out bytes.Buffer
	if _, err := flags.Parse([]string{"--help"}, 0, &out); exitOf(err) != Done {
		t.Error(err)
	}
	for _, text := range []string{"Usage: test\n", "--count MANY", "how MANY [default: 3]", Table} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("no %q in %s", text, out.String())
		}
	}
}

func TestEveryExitIsInTheTable(t *testing.T) {
	t.Parallel()
	for exit := NotFound; exit <= AddressInUse; exit++ {
		if row := fmt.Sprintf("%4d  %v:", exit, exit); !strings.Contains(Table, row) {
			t.Errorf("no row %q", row)
		}
	}
	if exit := exitOf(errors.New("other")); exit != Failed {
		t.Error(exit)
	}
}

func TestTokensAreDecimalOrHex(t *testing.T) {
	t.Parallel()
	for text, token := range map[string]uint64{
		"0": 0, "18446744073709551615": 1<<64 - 1, "0xDEADBEEFcafebabe": 0xdeadbeefcafebabe, "0X10": 16,
	} {
		if found, ok := parseToken(text); !ok || found != token {
			t.Errorf("%q: %d, %v", text, found, ok)
		}
	}
	for _, text := range []string{"", "0x", "+1", "-1", "0x+1", "1e3", "1_0", "18446744073709551616", "deadbeef"} {
		if _, ok := parseToken(text); ok {
			t.Errorf("%q is a token", text)
		}
	}
}

func TestTokenComesFromArgumentFileOrEnvironment(t *testing.T) {
	t.Parallel()
	dir := rundir.Files(t)
	good, bad := filepath.Join(dir, "good"), filepath.Join(dir, "bad")
	for path, text := range map[string]string{good: " 0x2a\r\n", bad: "half-a-secret\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := environment(map[string]string{tokenVariable: " 7\n"})
	for _, test := range []struct {
		from Endpoint
		env  Env
		want uint64
	}{
		{Endpoint{token: "5"}, env, 5},
		{Endpoint{tokenFile: good}, env, 42},
		{Endpoint{}, env, 7},
		{Endpoint{}, environment(nil), 0},
	} {
		if token, err := test.from.ServeToken(test.env); err != nil || token != test.want {
			t.Errorf("%+v: %d, %v", test.from, token, err)
		}
	}
	for _, from := range []Endpoint{{token: "x"}, {tokenFile: bad}, {token: "1", tokenFile: good}} {
		if _, err := from.ServeToken(env); exitOf(err) != Usage || strings.Contains(err.Error(), "half") {
			t.Errorf("%+v: %v", from, err)
		}
	}
	if _, err := (&Endpoint{tokenFile: filepath.Join(dir, "none")}).ServeToken(env); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := (&Endpoint{}).ServeToken(environment(map[string]string{tokenVariable: "x"})); exitOf(err) != Usage {
		t.Error(err)
	}
}
