package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

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
		cgroups_snapshot.NewServer(runDir, "cgroups-snapshot", config, cgroups_snapshot.Handler{Handle: answerSnapshot}),
		cgroups_lookup.NewServer(runDir, "cgroups-lookup", config, cgroups_lookup.Handler{Handle: answerCgroups}),
		apps_lookup.NewServer(runDir, "apps-lookup", config, apps_lookup.Handler{Handle: answerApps}),
	}
}

func answerSnapshot(_ *protocol.CgroupsRequest, answer *protocol.CgroupsBuilder) bool {
	answer.SetHeader(1, generation)
	for _, cgroup := range cgroupsOf(items) {
		if answer.Add(cgroup.hash, 0, 1, []byte(cgroup.name), []byte(cgroup.path)) != nil {
			return false
		}
	}
	return true
}

func labelsOf(pairs ...string) protocol.Labels {
	var labels []protocol.Label
	for i := 0; i < len(pairs); i += 2 {
		labels = append(labels, protocol.NewLabel([]byte(pairs[i]), []byte(pairs[i+1])))
	}
	return protocol.LabelsOf(labels)
}

func text(text string) protocol.CStringView { return protocol.CString([]byte(text)) }

func answerCgroups(request *protocol.CgroupsLookupRequestView, answer *protocol.CgroupsLookupBuilder) bool {
	for _, path := range request.Keys() {
		item := protocol.CgroupsLookupItemView{
			Orchestrator: protocol.OrchestratorK8s, Path: path.CStringView, Name: text(knownName),
			Labels: labelsOf("namespace", "bench", "image", "bench:latest"),
		}
		if strings.HasPrefix(path.String(), cgroupsDir+"no-") {
			item = item.Bare(path, uint16(protocol.CgroupStatusUnknownPermanent))
		}
		if answer.Add(item) != nil {
			return false
		}
	}
	return true
}

func answerApps(request *protocol.AppsLookupRequestView, answer *protocol.AppsLookupBuilder) bool {
	for _, pid := range request.Keys() {
		item := protocol.AppsLookupItemView{
			Orchestrator: protocol.OrchestratorK8s, Pid: uint32(pid), Ppid: 1, Comm: text(knownComm),
			CgroupPath: text(cgroupsDir + "cg-1"), CgroupName: text(knownName), Labels: labelsOf("namespace", "bench"),
		}
		if pid%2 == 0 {
			item = item.Bare(pid, uint16(protocol.PidStatusUnknown))
		}
		if answer.Add(item) != nil {
			return false
		}
	}
	return true
}

func serve(t *testing.T, next func(uint64) (uint64, bool)) (runDir string) {
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

// driven is what the client says when it is asked to measure for these times, one a line.
func driven(runDir, lines string, options ...string) (said []string, err error) {
	args := append([]string{
		"--run-dir", runDir, "--items", fmt.Sprint(items), "--request-bytes", "65536", "--response-bytes", "65536",
		"--batch-items", fmt.Sprint(items), "--of-tomorrow", "x",
	}, options...)
	var out bytes.Buffer
	err = Run(args, cli.Env{Stdin: strings.NewReader(lines), Stdout: &out, Stderr: &out})
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n"), err
}

func TestEveryScenarioIsMeasured(t *testing.T) {
	t.Parallel()
	runDir := serve(t, increment.Next)
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

func TestAWrongAnswerEndsTheRun(t *testing.T) {
	t.Parallel()
	runDir := serve(t, func(n uint64) (uint64, bool) { return n + 2, true })
	for _, scenario := range []string{"ping", "batch", "pipeline"} {
		said, err := driven(runDir, "1\n1\n", "--scenario", scenario, "--service", "increment", "--transport", "socket")
		if err == nil || len(said) != 2 || !strings.HasSuffix(said[1], "wrong answer: not the next number") {
			t.Errorf("%s: %q, %v", scenario, said, err)
		}
	}
}

func TestWhatKeepsItFromMeasuringIsSaidInOneLine(t *testing.T) {
	t.Parallel()
	runDir := serve(t, increment.Next)
	ping := []string{"--scenario", "ping", "--service", "increment", "--transport", "socket"}
	for _, test := range []struct {
		options []string
		why     string
	}{
		{[]string{"--scenario", "ping", "--service", "none", "--transport", "socket"}, "there is no session: "},
		{[]string{"--scenario", "dance", "--service", "increment", "--transport", "socket"}, "there is no scenario dance"},
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
