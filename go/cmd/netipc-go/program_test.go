package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/netipc/netipc/go/internal/rundir"
)

// runsAsProgram is the variable that makes this test program the one that it tests.
const runsAsProgram = "NETIPC_GO_TESTED"

// patience is what no step takes, even on a busy machine.
const patience = 60 * time.Second

func TestMain(m *testing.M) {
	if os.Getenv(runsAsProgram) != "" {
		main()
	}
	code := m.Run()
	if madeCoverDir {
		_ = os.RemoveAll(os.Getenv(coverDir))
	}
	os.Exit(code)
}

// coverDir names where programs leave what they have run, under go test -cover: they say so on stderr where nothing does. What go
// test has for that is closed to other users.
const coverDir = "NETIPC_COVER_DIR"

// madeCoverDir is whether that directory is ours to remove.
var madeCoverDir bool

// covering makes sure that there is such a directory.
var covering = sync.OnceValue(func() error {
	if os.Getenv(coverDir) != "" {
		return nil
	}
	dir, err := os.MkdirTemp("", "netipc-cover")
	if err != nil {
		return err
	}
	madeCoverDir = true
	return errors.Join(os.Chmod(dir, 0o777), os.Setenv(coverDir, dir))
})

// command is the program with an environment of its own.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Env = []string{runsAsProgram + "=1"}
	if testing.CoverMode() != "" {
		if err := covering(); err != nil {
			t.Fatal(err)
		}
		cmd.Env = append(cmd.Env, "GOCOVERDIR="+os.Getenv(coverDir))
	}
	return cmd
}

// ended is how a run ended.
type ended struct {
	args           []string
	code           int
	stdout, stderr string
}

// ends runs a command to its end.
func ends(t *testing.T, cmd *exec.Cmd) ended {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return ended{cmd.Args[1:], cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// text is the stdout of a run that has to be a success.
func (e ended) text(t *testing.T) string {
	t.Helper()
	if e.code != 0 {
		t.Fatalf("%q: %d, %s", e.args, e.code, e.stderr)
	}
	return e.stdout
}

// document is the document of call --json without what it tells of the call, which has to be there.
func (e ended) document(t *testing.T) string {
	t.Helper()
	var told struct {
		Call struct {
			Time      float64 `json:"time"`
			Transport string  `json:"transport"`
			TookUS    *int64  `json:"took_us"`
		} `json:"call"`
	}
	text := e.text(t)
	call := &told.Call
	if err := json.Unmarshal([]byte(text), &told); err != nil || call.Time < 1e9 || call.Transport == "" || call.TookUS == nil || e.stderr != "" {
		t.Fatalf("%v: %s%s", err, text, e.stderr)
	}
	document, _, _ := strings.Cut(text, ",\n  \"call\": {")
	return document + "\n}\n"
}

// failed expects a failure whose one line of stderr begins with a state and has a part.
func (e ended) failed(t *testing.T, code int, state, part string) {
	t.Helper()
	if e.code != code || !strings.HasPrefix(e.stderr, "netipc-go: "+state+": ") || !strings.Contains(e.stderr, part) ||
		strings.Count(e.stderr, "\n") != 1 || e.stdout != "" {
		t.Errorf("%q: %d, %q, %q; expected %d, %s, %q", e.args, e.code, e.stderr, e.stdout, code, state, part)
	}
}

// place is a run directory, and what tests put beside it.
type place struct {
	t   *testing.T
	dir string
}

func newPlace(t *testing.T) place {
	t.Helper()
	p := place{t, rundir.Files(t)}
	if err := os.Mkdir(p.runDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p place) runDir() string { return filepath.Join(p.dir, "run") }

func (p place) write(name, content string) string {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		p.t.Fatal(err)
	}
	return path
}

func (p place) call(args ...string) ended { return p.callWith("", args...) }

func (p place) callWith(stdin string, args ...string) ended {
	p.t.Helper()
	cmd := command(p.t, append([]string{"call", "--run-dir", p.runDir()}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	return ends(p.t, cmd)
}

// serve starts a provider; what it returns ends it, and so does the end of the test. It has to end well
// and leave nothing behind.
func (p place) serve(args ...string) (end func()) {
	p.t.Helper()
	cmd := command(p.t, append([]string{"serve", "--run-dir", p.runDir()}, args...)...)
	return p.start(cmd)
}

func (p place) start(cmd *exec.Cmd) (end func()) {
	p.t.Helper()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	askToStop := stoppable(p.t, cmd)
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	line, _ := lines.ReadString('\n')
	running := true
	end = func() {
		if !running {
			return
		}
		running = false
		if err := askToStop(); err != nil {
			p.t.Error(err)
		}
		if rest, err := io.ReadAll(lines); err != nil || len(rest) > 0 {
			p.t.Errorf("the provider said %q, %v", rest, err)
		}
		if err := cmd.Wait(); err != nil {
			p.t.Errorf("the provider ended with %v: %s", err, stderr.String())
		}
	}
	p.t.Cleanup(end)
	if line != "READY\n" {
		p.t.Fatalf("the provider said %q, %s", line, stderr.String())
	}
	return end
}

// left is the names in the run directory.
func (p place) left() []string {
	p.t.Helper()
	names, err := filepath.Glob(filepath.Join(p.runDir(), "*"))
	if err != nil {
		p.t.Fatal(err)
	}
	return names
}

func sameJSON(t *testing.T, first, second string) {
	t.Helper()
	var values [2]any
	for i, text := range []string{first, second} {
		if err := json.Unmarshal([]byte(text), &values[i]); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
	}
	if !reflect.DeepEqual(values[0], values[1]) {
		t.Errorf("%s is not %s", first, second)
	}
}
