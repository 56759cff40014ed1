package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func TestWhatIsToldOfACallIsPassedOverWhereItsDocumentIsServed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ data, key string }{
		{`{"service": "increment", "request": 1, "reply": 100}`, "1"},
		{`{"service": "apps-lookup", "items": [{"pid": 1, "comm": "a", "cgroup_status": "host-root"}]}`, "1"},
	} {
		p := newPlace(t)
		name, _, _ := strings.Cut(strings.TrimPrefix(test.data, `{"service": "`), `"`)
		end := p.serve("--data", p.write("data.json", test.data))
		printed := p.call(name, test.key, "--json")
		end()
		p.serve("--data", p.write("again.json", printed.text(t)))
		if again := p.call(name, test.key, "--json").document(t); again != printed.document(t) {
			t.Errorf("%s is not %s", again, printed.stdout)
		}
	}
}

func TestTheSocketIsExplainedWhereSharedMemoryWasOffered(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.serve(increments, "--profiles=baseline")
	why := "no shared memory: the server takes baseline, by its configuration"
	if reply := p.call("increment", "1"); reply.text(t) != "2\n" || !strings.Contains(reply.stderr, why) {
		t.Error(reply)
	}
	if reply := p.call("increment", "1", "--json").text(t); !strings.Contains(reply, `"why_socket": "`+why) {
		t.Error(reply)
	}
	if reply := p.call("increment", "1", "--profiles=baseline"); strings.Contains(reply.stderr, "no shared memory") {
		t.Error(reply)
	}
}

func TestACallIsRepeatedAndGoesOnAfterAFailure(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.serve(increments)
	again := []string{"--repeat=3", "--interval=0.01"}
	if reply := p.call(append(again, "increment", "41")...); reply.text(t) != "42\n42\n42\n" || strings.Count(reply.stderr, "\n") != 3 {
		t.Error(reply)
	}
	lost := p.call(append(again, "string-reverse", "x")...)
	if lost.code != 3 || strings.Count(lost.stderr, "netipc-go: not found: ") != 3 {
		t.Error(lost)
	}
	p.call("increment", "1", "--interval=0").failed(t, 2, "invalid", "--interval")
}

const began = `{"service": "cgroups-lookup", "began": 1.5}`

// heard is a line of a recording.
func heard(seconds float64, path string) string {
	return fmt.Sprintf(`{"at_seconds": %v, "reply": {"service": "cgroups-lookup", "generation": 1, "items": [`+
		`{"path": "%s", "status": "known", "name": "x"}]}, "transport": "shm (shm-hybrid)", "took_us": 7}`, seconds, path)
}

func TestARecordingIsServedAtItsTimes(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	silent := `{"at_seconds": 0.2, "error": "not found: nobody"}`
	lines := []string{began, heard(0, "/a"), silent, heard(0.5, "/b")}
	end := p.serve("--replay", p.write("recording.jsonl", strings.Join(lines, "\n")))
	until := time.Now().Add(patience)
	for {
		reply := p.call("cgroups-lookup", "/b", "--json")
		if strings.Contains(reply.stdout, `"status": "known"`) {
			break
		}
		if time.Now().After(until) {
			t.Fatal("the second answer never came:", reply)
		}
	}
	if reply := p.call("cgroups-lookup", "/a", "--json").text(t); !strings.Contains(reply, "unknown-permanent") {
		t.Error(reply)
	}
	end()
	// Nobody answers, from the start on and for good.
	lines = []string{`{"service": "increment", "began": 1}`, `{"at_seconds": 0, "error": "not found: nobody"}`}
	p.serve("--replay", p.write("silent.jsonl", strings.Join(lines, "\n")+"\n"))
	p.call("increment", "1").failed(t, 1, "failed", "the server's handler failed")
}

func TestWhatIsNoRecordingIsTold(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for content, part := range map[string]string{
		"":                                   "it is empty",
		"{}\n":                               `line 1: missing field "service"`,
		`{"service": "nothing", "began": 1}`: `there is no service "nothing"`,
		began:                                "nothing was heard",
		began + "\n{\"at_seconds\": -1}":     "line 2: at_seconds",
		began + "\n{\"at_seconds\": 1e300}":  "line 2: at_seconds",
		began + "\n{\"reply\": {}}":          "line 2: at_seconds",
		began + "\nnothing":                  "line 2: ",
		began + "\n{\"at_seconds\": 0, \"reply\": {\"items\": [{}]}}": `line 2: items[0] cannot be served: missing field "path"`,
	} {
		file := p.write("recording.jsonl", content)
		ends(t, command(t, "serve", "--run-dir", p.runDir(), "--replay", file)).failed(t, 2, "invalid", part)
	}
	good := p.write("good.jsonl", began+"\n"+heard(0, "/a"))
	for _, args := range [][]string{{"--replay", good, "--replay", good}, {"--replay", good, increments}, {"--replay", "/nothing/there"}} {
		end := ends(t, command(t, append([]string{"serve", "--run-dir", p.runDir()}, args...)...))
		if end.code != 2 {
			t.Error(end)
		}
	}
	if left, err := os.ReadDir(p.runDir()); err != nil || len(left) > 0 {
		t.Error(left, err)
	}
}

func TestTheEnvironmentSaysHowMuchIsTold(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.serve(increments)
	cmd := command(t, "call", "--run-dir", p.runDir(), "increment", "1")
	cmd.Env = append(cmd.Env, "RUST_LOG=debug")
	if reply := ends(t, cmd); reply.text(t) != "2\n" || strings.Count(reply.stderr, "\n") < 2 {
		t.Error(reply)
	}
}
