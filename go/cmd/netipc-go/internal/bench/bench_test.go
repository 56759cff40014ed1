package bench

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/netipc/netipc/go/cmd/netipc-go/internal/cli"
	"github.com/netipc/netipc/go/cmd/netipc-go/internal/system"
	"github.com/netipc/netipc/go/internal/rundir"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/apps_lookup"
	"github.com/netipc/netipc/go/service/cgroups_lookup"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
	"github.com/netipc/netipc/go/service/increment"
)

const items = 20

// servers are the servers of a benchmark, with this handler of increments.
func servers(runDir string, next func(uint64) (uint64, bool)) []*service.Server {
	config := service.ServerConfig{SupportedProfiles: protocol.ProfileBaseline | protocol.ProfileSHMHybrid}
	return []*service.Server{
		increment.NewServer(runDir, "increment", config, increment.Handler{Handle: next}),
		cgroups_snapshot.NewServer(runDir, "cgroups-snapshot", config, cgroups_snapshot.Handler{Handle: snapshotOf(cgroupsOf(items))}),
		cgroups_lookup.NewServer(runDir, "cgroups-lookup", config, cgroups_lookup.Handler{Handle: answerCgroups}),
		apps_lookup.NewServer(runDir, "apps-lookup", config, apps_lookup.Handler{Handle: answerApps}),
	}
}

func serveAll(t *testing.T, next func(uint64) (uint64, bool)) (runDir string) {
	t.Helper()
	runDir = rundir.New(t)
	for _, server := range servers(runDir, next) {
		if err := server.Bind(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- server.Run() }()
		t.Cleanup(func() {
			server.Stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
	return runDir
}

// argumentsOf are those of every client and server; later ones count.
func argumentsOf(runDir string) []string {
	return []string{
		"--role", "client", "--rate", "0", "--run-dir", runDir, "--items", fmt.Sprint(items), "--request-bytes", "65536",
		"--response-bytes", "65536", "--batch-items", fmt.Sprint(items), "--of-tomorrow", "x",
	}
}

// driven is what the client says when it is asked to measure for these times, one a line.
func driven(runDir, lines string, options ...string) (said []string, err error) {
	args := append(argumentsOf(runDir), options...)
	var out bytes.Buffer
	err = Run(args, cli.Env{Stdin: strings.NewReader(lines), Stdout: &out, Stderr: &out})
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n"), err
}

func TestEveryScenarioIsMeasured(t *testing.T) {
	t.Parallel()
	runDir := serveAll(t, increment.Next)
	for _, test := range []struct{ scenario, service, option, value string }{
		{"ping", "increment", "x", ""},
		{"batch", "increment", "x", ""},
		{"pipeline", "increment", "x", ""},
		{"snapshot", "cgroups-snapshot", "x", ""},
		{"lookup", "cgroups-lookup", "mix", "known"},
		{"lookup", "cgroups-lookup", "mix", "unknown"},
		{"lookup", "apps-lookup", "mix", "mixed"},
		{"cache", "cgroups-snapshot", "guard", "pass"},
		{"cache", "cgroups-snapshot", "guard", "lookup"},
		{"enricher", "cgroups-lookup", "looks", "hit"},
		{"enricher", "apps-lookup", "looks", "hit"},
		{"enricher", "apps-lookup", "looks", "miss"},
		{"enricher", "apps-lookup", "looks", "step"},
		{"item", "cgroups-snapshot", "access", "items"},
		{"item", "cgroups-lookup", "access", "items"},
		{"item", "cgroups-lookup", "access", "labels"},
		{"item", "apps-lookup", "access", "items"},
	} {
		for _, transport := range []string{"socket", "shm"} {
			said, err := driven(runDir, "1\n100000\n", "--scenario", test.scenario, "--service", test.service,
				"--transport", transport, "--"+test.option, test.value)
			if err != nil || len(said) != 3 || said[0] != "ready" {
				t.Errorf("%v over %s: %q, %v", test, transport, said, err)
				continue
			}
			for _, line := range said[1:] {
				checkFigures(t, test.scenario, line)
			}
		}
	}
}

// checkFigures expects what netipc bench expects of them.
func checkFigures(t *testing.T, scenario, line string) {
	t.Helper()
	var done struct {
		Units, Ops, Elapsed uint64
		ElapsedNs           uint64 `json:"elapsed_ns"`
		CPU                 uint64 `json:"cpu_ns"`
		Switches            *int64
		Latency             [][2]uint64
	}
	if err := json.Unmarshal([]byte(line), &done); err != nil {
		t.Fatalf("%v in %s", err, line)
	}
	var timed, longest uint64
	for _, bucket := range done.Latency {
		longest = bucket[0]
		timed += bucket[1]
	}
	if done.Units < done.Ops || done.Ops == 0 || timed != done.Ops || (done.Switches != nil) != system.CountsSwitches || done.ElapsedNs == 0 {
		t.Errorf("%s: %s", scenario, line)
	}
	if scenario == "ping" && done.Units != done.Ops {
		t.Errorf("a ping is one call: %s", line)
	}
	if longest > done.ElapsedNs+done.ElapsedNs/half {
		t.Errorf("an operation took longer than all of them: %s", line)
	}
}

// TestEveryServerAnswersOverEverything has the end that answers and the one that asks work together.
func TestEveryServerAnswersOverEverything(t *testing.T) {
	t.Parallel()
	transports := []string{"socket"}
	if runtime.GOOS == "linux" {
		transports = append(transports, "shm", "futex", "ring")
	}
	for _, test := range []struct{ scenario, service, mix string }{
		{"batch", "increment", "-"},
		{"snapshot", "cgroups-snapshot", "-"},
		{"lookup", "cgroups-lookup", "mixed"},
		{"lookup", "apps-lookup", "mixed"},
	} {
		for _, transport := range transports {
			runDir := rundir.New(t)
			options := []string{"--scenario", test.scenario, "--service", test.service, "--transport", transport, "--mix", test.mix}
			stdin, ask := io.Pipe()
			told, stdout := io.Pipe()
			ended := make(chan error, 1)
			go func() {
				args := append(argumentsOf(runDir), append(options, "--role", "server")...)
				ended <- Run(args, cli.Env{Stdin: stdin, Stdout: stdout, Stderr: io.Discard})
			}()
			lines := bufio.NewScanner(told)
			if !lines.Scan() || lines.Text() != "ready" {
				t.Fatalf("%v over %s: %q", test, transport, lines.Text())
			}
			said, err := driven(runDir, "100000\n", append(options, "--rate", "100000")...)
			if err != nil || len(said) != 2 {
				t.Fatalf("%v over %s: %q, %v", test, transport, said, err)
			}
			checkFigures(t, test.scenario, said[1])
			fmt.Fprintln(ask, "usage")
			var used usage
			if !lines.Scan() || json.Unmarshal(lines.Bytes(), &used) != nil || (used.Switches != nil) != system.CountsSwitches {
				t.Errorf("%v over %s: %q", test, transport, lines.Text())
			}
			ask.Close()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	}
}

func TestARateIsKept(t *testing.T) {
	t.Parallel()
	const rate, period = 1000, time.Millisecond
	m := newMeter(rate)
	count := 0
	op := &operation{run: func() (uint64, error) { count++; return 1, nil }}
	if err := m.measure(op, int64(5*period)); err != nil {
		t.Fatal(err)
	}
	if m.elapsed < time.Duration(count)*period || m.ops != uint64(count) {
		t.Errorf("%d operations in %v", count, m.elapsed)
	}
}

func TestAWrongAnswerEndsTheRun(t *testing.T) {
	t.Parallel()
	runDir := serveAll(t, func(n uint64) (uint64, bool) { return n + 2, true })
	for _, scenario := range []string{"ping", "batch", "pipeline"} {
		said, err := driven(runDir, "1\n1\n", "--scenario", scenario, "--service", "increment", "--transport", "socket")
		if err == nil || len(said) != 2 || !strings.HasSuffix(said[1], "wrong answer: not the next number") {
			t.Errorf("%s: %q, %v", scenario, said, err)
		}
	}
}

func TestWhatKeepsItFromMeasuringIsSaidInOneLine(t *testing.T) {
	t.Parallel()
	runDir := serveAll(t, increment.Next)
	ping := []string{"--scenario", "ping", "--service", "increment", "--transport", "socket"}
	for _, test := range []struct {
		options []string
		why     string
	}{
		{[]string{"--scenario", "ping", "--service", "none", "--transport", "socket"}, "there is no session: "},
		{[]string{"--scenario", "dance", "--service", "increment", "--transport", "socket"}, "unsupported"},
		{[]string{"--scenario", "ping", "--service", "increment", "--transport", "pigeon"}, "unsupported"},
		{append(ping, "--role", "server", "--service", "weather"), "unsupported"},
		{[]string{"--scenario", "ping", "--service", "increment"}, "--transport is missing"},
		{append(ping, "--items", "many"), "--items is no number"},
		{append(ping, "--items"), "--items is no option with a value"},
	} {
		said, err := driven(runDir, "1\n", test.options...)
		if err == nil || len(said) != 1 || !strings.Contains(said[0], test.why) {
			t.Errorf("%q: %q, %v", test.options, said, err)
		}
	}
	if said, err := driven(runDir, "soon\n", ping...); err == nil || !strings.Contains(said[1], `"soon" nanoseconds`) {
		t.Error(said, err)
	}
}

func TestTimesAreKeptToOneInAThousand(t *testing.T) {
	t.Parallel()
	for _, nanos := range []uint64{0, 1, 2047, 2048, 4095, 4096, 1_000_003, 1 << 40, math.MaxUint64} {
		end := bucketEnd(bucketOf(nanos))
		if end < nanos || end-nanos > nanos/half {
			t.Errorf("%d is counted as %d", nanos, end)
		}
	}
	if last := bucketOf(math.MaxUint64); last != buckets-1 {
		t.Errorf("the last bucket is %d of %d", last, buckets)
	}
}
