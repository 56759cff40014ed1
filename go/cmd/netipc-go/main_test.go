package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/netipc/netipc/go/cmd/netipc-go/internal/cli"
	"github.com/netipc/netipc/go/internal/native"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/increment"
	"github.com/netipc/netipc/go/transport"
)

const increments = "--service=increment"

func TestWhatCallPrintsCanBeServedAndComesBackTheSame(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		data string
		args []string
	}{
		{`{"service": "cgroups-snapshot", "generation": 18446744073709551615, "systemd_enabled": 7, "items": [
			{"hash": 0, "options": 4294967295, "enabled": 2, "name": "", "path": ""},
			{"hash": 1, "options": 1, "enabled": 0, "name": "é", "path": "/a b"}]}`, []string{"cgroups-snapshot"}},
		{`{"service": "cgroups-lookup", "generation": 2, "items": [
			{"path": "/a", "status": "known", "orchestrator": "docker", "name": "web", "labels": {"z": "1", "a": "", "m": "é"}},
			{"path": "/b", "status": "unknown-retry-later", "orchestrator": "unknown", "name": "", "labels": {}},
			{"path": "/c", "status": "known", "orchestrator": 99, "name": "<&>", "labels": {}}]}`, []string{"cgroups-lookup", "/a", "/b", "/c"}},
		{`{"service": "apps-lookup", "generation": 3, "items": [
			{"pid": 2, "status": "known", "cgroup_status": "known", "orchestrator": "k8s", "ppid": 1, "uid": 5, "starttime": 6,
			 "comm": "a b", "cgroup_path": "/x", "cgroup_name": "x", "labels": {"k": "v"}},
			{"pid": 4, "status": "unknown", "cgroup_status": "known", "orchestrator": "unknown", "ppid": 0, "uid": 4294967295,
			 "starttime": 0, "comm": "", "cgroup_path": "", "cgroup_name": "", "labels": {}}]}`, []string{"apps-lookup", "2", "4"}},
		{`{"service": "ip-to-asn", "generation": 4, "items": [
			{"address": "192.0.2.7", "status": "known", "asn": 64500, "country": "NL", "organisation": "Example Networks"},
			{"address": "2001:db8::1", "status": "unknown", "asn": 0, "country": "", "organisation": ""}]}`, []string{"ip-to-asn", "192.0.2.7", "2001:db8::1"}},
		{`{"service": "pid-traffic", "generation": 5, "items": [
			{"pid": 7, "starttime": 99, "status": "known", "bytes_received": 1, "bytes_sent": 18446744073709551615,
			 "packets_received": 3, "packets_sent": 4, "connections": 5}]}`, []string{"pid-traffic", "7,99"}},
		{`{"service": "increment", "request": 1, "reply": 100}`, []string{"increment", "1"}},
		{`{"service": "string-reverse", "request": "ab", "reply": "anything"}`, []string{"string-reverse", "ab"}},
	} {
		p := newPlace(t)
		end := p.serve("--data", p.write("data.json", test.data))
		first := p.call(append(test.args, "--json")...).document(t)
		sameJSON(t, first, test.data)
		end()
		p.serve("--data", p.write("data.json", first))
		if second := p.call(append(test.args, "--json")...).document(t); second != first {
			t.Errorf("%s is not %s", second, first)
		}
	}
}

// sharedMemory is what shared memory is where nothing else is asked for.
func sharedMemory() string {
	if runtime.GOOS == "linux" {
		return "shm-ring"
	}
	return "shm-hybrid"
}

func TestRepliesAreTablesForPeople(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	data := p.write("data.json", `{"service": "apps-lookup", "generation": 2, "items": [
		{"pid": 1, "cgroup_status": "host-root", "uid": 0, "comm": "in\u001bit"}]}`)
	p.serve("--data", data, "--service=apps-lookup,string-reverse", "--service", "increment")
	reply := p.callWith("1\n\n9\n", "apps-lookup", "-")
	want := "PID  STATUS  ORCHESTRATOR  CGROUP STATUS  PPID  UID  STARTTIME  COMM  CGROUP PATH  CGROUP NAME  LABELS\n" +
		`1    known   unknown       host-root      0     0    0          in\u{1b}it` + "\n9    unknown\n"
	if found := trimmed(reply.text(t)); found != want {
		t.Errorf("%q instead of %q", found, want)
	}
	if !strings.HasPrefix(reply.stderr, "2 items, generation 2, shm ("+sharedMemory()+"), ") {
		t.Error(reply.stderr)
	}
	if found := p.call("string-reverse", "--", "--json").text(t); found != "nosj--\n" {
		t.Error(found)
	}
	if reply := p.call("increment", "18446744073709551615", "--profiles=baseline"); reply.text(t) != "0\n" || !strings.HasPrefix(reply.stderr, cli.Baseline().String()+" (baseline), ") {
		t.Error(reply)
	}
}

// trimmed is a table without the spaces at the ends of lines.
func trimmed(table string) string {
	var out strings.Builder
	for line := range strings.Lines(table) {
		out.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return out.String()
}

func TestKeysThatTheFileHasNotAreUnknown(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.serve("--data", p.write("c.json", `{"service": "cgroups-lookup", "items": []}`),
		"--data", p.write("a.json", `{"service": "apps-lookup", "items": []}`),
		"--data", p.write("n.json", `{"service": "increment", "request": 1, "reply": 2}`))
	for _, test := range []struct{ service, key, want string }{
		{"cgroups-lookup", "/a", `"status": "unknown-permanent"`}, {"apps-lookup", "5", `"status": "unknown"`},
	} {
		if reply := p.call(test.service, test.key, "--json").text(t); !strings.Contains(reply, test.want) {
			t.Error(reply)
		}
	}
	p.call("increment", "5").failed(t, 1, "failed", "the server's handler failed")
	// No keys at all ask for the generation.
	sameJSON(t, p.call("apps-lookup", "-", "--json").document(t), `{"service": "apps-lookup", "generation": 0, "items": []}`)
}

func TestWhatGoesWrongHasItsExit(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.call("increment", "1").failed(t, 3, "not found", "no server")
	end := p.serve(increments, "--auth-token=0xfeed", "--workers=1", "--profiles=baseline")
	p.call("increment", "1").failed(t, 4, "auth failed", "increment")
	p.call("increment", "1", "--profiles=shm-hybrid", "--auth-token=65261").failed(t, 5, "incompatible", "profile")
	busy := increment.NewClient(p.runDir(), "increment", service.ClientConfig{AuthToken: 0xfeed})
	if busy.Refresh(); !busy.Ready() {
		t.Fatal(busy.Status())
	}
	p.call("increment", "1", "--auth-token=65261").failed(t, 8, "no session", "increment")
	if err := busy.Close(); err != nil {
		t.Error(err)
	}
	if reply := p.call("increment", "1", "--auth-token=65261").text(t); reply != "2\n" {
		t.Error(reply)
	}
	second := ends(t, command(t, "serve", "--run-dir", p.runDir(), increments, "--wait=0"))
	second.failed(t, 10, "address in use", "increment")
	end()
	if left := p.left(); len(left) > 0 {
		t.Error("left behind:", left)
	}
}

func TestARequestAboveAllLimitsIsTooLarge(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.serve("--service=string-reverse")
	text := strings.Repeat("x", 1<<19) + "\n"
	if reply := p.callWith(text, "string-reverse", "-").text(t); reply != text {
		t.Error("a text of 512 KiB came back with", len(reply))
	}
	p.callWith(strings.Repeat("x", 2<<20), "string-reverse", "-").failed(t, 9, "too large", "exceed the limit of")
}

func TestArgumentsThatAreNotValid(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for _, args := range [][]string{
		{}, {"other"}, {"call"}, {"call", "other"}, {"call", "increment"}, {"call", "increment", "1", "2"},
		{"call", "increment", "x"}, {"call", "apps-lookup"}, {"call", "apps-lookup", "-1"}, {"call", "cgroups-lookup"},
		{"call", "cgroups-snapshot", "x"}, {"call", "string-reverse"}, {"call", "increment", "1", "--timeout=0"},
		{"serve"}, {"serve", "--service=cgroups-snapshot"}, {"serve", "--service=other"},
		{"serve", increments, "--workers=0"}, {"serve", increments, "x"}, {"serve", "--data=/nowhere/x.json"},
		{"peer", "serve"}, {"peer", "serve", "other"}, {"peer", "check", "other"}, {"peer", "other", "increment"},
		{"bench", "--scenario"}, {"--scenario", "other"},
	} {
		if len(args) > 0 && (args[0] == "call" || args[0] == "serve") {
			args = append([]string{args[0], "--run-dir", p.runDir()}, args[1:]...)
		}
		if end := ends(t, command(t, args...)); end.code != 2 {
			t.Errorf("%q: %d, %s", args, end.code, end.stderr)
		}
	}
}

func TestHelpIsASuccess(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"help"}, {"--help"}, {"serve", "--help"}, {"call", "-h"}, {"bench", "--help"}, {"peer", "--help"}} {
		text := ends(t, command(t, args...)).text(t)
		if !strings.HasPrefix(text, "Usage: netipc-go ") {
			t.Errorf("%q: %s", args, text)
		}
		if len(args) == 2 && !strings.Contains(text, "\nExamples:\n  netipc-go "+args[0]) && !strings.Contains(text, "\nExamples:\n  netipc bench") {
			t.Errorf("%q has no examples: %s", args, text)
		}
	}
}

func TestTheEndOfStdinIsARequestToStop(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	cmd := command(t, "serve", "--run-dir", p.runDir(), increments, "--until-stdin-ends")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := stdin.Close(); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil || stdout.String() != "READY\n" {
		t.Errorf("%v, %q", err, stdout.String())
	}
	if left := p.left(); len(left) > 0 {
		t.Error("left behind:", left)
	}
}

func TestTheTokenComesFromTheEnvironmentToo(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	provider := command(t, "serve", "--run-dir", p.runDir(), increments)
	provider.Env = append(provider.Env, "NETIPC_AUTH_TOKEN=42")
	p.start(provider)
	if reply := p.call("increment", "1", "--auth-token-file", p.write("token", "0x2a\n")).text(t); reply != "2\n" {
		t.Error(reply)
	}
	p.call("increment", "1").failed(t, 4, "auth failed", "increment")
}

func TestStatisticsArePublishedWhereTheyAreSwitchedOn(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	endpoint, err := transport.NewEndpoint(p.runDir(), service.StatsService("increment"))
	if err != nil {
		t.Fatal(err)
	}
	wait := transport.Timeout(time.Minute)
	end := p.serve(increments)
	if _, err := native.New(slog.Default()).Connect(endpoint, wait); !errors.Is(err, transport.ErrNotFound) {
		t.Fatal(err)
	}
	end()
	p.serve(increments, "--stats", "--workers=3")
	link, err := native.New(slog.Default()).Connect(endpoint, wait)
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close()
	packet := make([]byte, 1<<16)
	size, err := link.Receive(packet, wait)
	if err != nil {
		t.Fatal(err)
	}
	var told struct {
		Service string `json:"service"`
		Workers int    `json:"workers"`
	}
	if err := json.Unmarshal(packet[:size], &told); err != nil || told.Service != "increment" || told.Workers != 3 {
		t.Errorf("%s, %v", packet[:size], err)
	}
}
