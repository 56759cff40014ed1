package peer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/netipc/netipc/go/cmd/netipc-go/internal/cli"
	"github.com/netipc/netipc/go/internal/rundir"
)

// provider is a server in this process, which its input ends as it ends a process.
type provider struct {
	t     *testing.T
	input *io.PipeWriter
	lines *bufio.Reader
	ended chan error
}

func start(t *testing.T, kind string, args ...string) *provider {
	t.Helper()
	input, write := io.Pipe()
	read, output := io.Pipe()
	p := &provider{t, write, bufio.NewReader(read), make(chan error, 1)}
	go func() {
		err := Run(append([]string{"serve", kind}, args...), cli.Env{Stdin: input, Stdout: output})
		output.CloseWithError(io.EOF)
		p.ended <- err
	}()
	if line := p.line(); line != "READY\n" {
		t.Fatalf("the server said %q", line)
	}
	return p
}

func (p *provider) line() string {
	line, _ := p.lines.ReadString('\n')
	return line
}

// end ends it in good order; it returns what was served.
func (p *provider) end() (s served) {
	p.t.Helper()
	if err := p.input.Close(); err != nil {
		p.t.Error(err)
	}
	line, said := strings.CutPrefix(p.line(), "SERVED ")
	if err := json.Unmarshal([]byte(line), &s); err != nil || !said {
		p.t.Errorf("the server said %q, %v", line, err)
	}
	if err := <-p.ended; err != nil {
		p.t.Error(err)
	}
	return s
}

// asked is the verdict of a check that wishes for nothing.
func asked(t *testing.T, what string, args ...string) (v verdict, err error) {
	t.Helper()
	var out bytes.Buffer
	err = Run(append([]string{"check", what}, args...), cli.Env{Stdin: strings.NewReader(""), Stdout: &out})
	if jsonErr := json.Unmarshal(out.Bytes(), &v); jsonErr != nil {
		t.Fatalf("%v in %q", jsonErr, out.String())
	}
	return v, err
}

func endpoint(runDir string, profile uint32, more ...string) []string {
	place := []string{"--run-dir", runDir, "--service", "x", "--token", "18446744073709551000", "--profile", fmt.Sprint(profile)}
	return append(place, more...)
}

func TestEveryCheckIsContentWithItsServer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		check, kind, options string
	}{
		{"increment", "increment", "--count 3"},
		{"increment-batch", "increment", "--count 9"},
		{"increment-pipelined", "increment", "--count 40 --window 4"},
		{"string-reverse", "string-reverse", "--count 300"},
		{"string-reverse", "string-reverse", "--count 0"},
		{"cgroups-snapshot", "cgroups-snapshot", "--items 9 --path-len 100 --generation 4"},
		{"cgroups-lookup", "cgroups-lookup", "--count 256"},
		{"cgroups-lookup", "cgroups-lookup", "--first 54 --max-response 16384"},
		{"apps-lookup", "apps-lookup", "--count 256 --max-response 16384"},
		{"ip-to-asn", "ip-to-asn", "--count 256"},
		{"ip-to-asn", "ip-to-asn", "--first 54 --max-response 16384"},
		{"pid-traffic", "pid-traffic", "--count 256 --max-response 16384"},
		{"increment", "increment", "--door 1"},
		{"increment", "increment", "--door 2 --workers 1"},
		{"capacity", "increment", "--workers 1"},
	} {
		t.Run(test.check+" "+test.options, func(t *testing.T) {
			t.Parallel()
			for _, profile := range []uint32{1, 2, 4} {
				runDir := rundir.New(t)
				args := endpoint(runDir, profile, strings.Fields(test.options)...)
				server := start(t, test.kind, args...)
				verdict, err := asked(t, test.check, args...)
				served := server.end()
				if err != nil || !verdict.OK || verdict.Profile != profile || verdict.Calls == 0 || served.OK == 0 {
					t.Errorf("profile %d: %+v, %+v, %v", profile, verdict, served, err)
				}
				if overSocket := served.Shm == 0 && served.Socket > 0; overSocket != (profile == 1) {
					t.Errorf("profile %d: %+v", profile, served)
				}
				if left, err := rundir.Names(runDir); err != nil || len(left) > 0 {
					t.Errorf("left behind: %v, %v", left, err)
				}
			}
		})
	}
}

func TestWhatIsWrongIsSeen(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		check, kind, server, client, why string
	}{
		{"cgroups-snapshot", "cgroups-snapshot", "--items 3 --path-len 99", "--items 3", "pppp"},
		{"cgroups-snapshot", "cgroups-snapshot", "--items 3", "--items 4", "the number of items is 3 instead of 4"},
		{"cgroups-lookup", "cgroups-lookup", "--generation 8", "", "the generation is 8 instead of 7"},
		{"apps-lookup", "apps-lookup", "--generation 8", "", "the generation is 8 instead of 7"},
		{"apps-lookup", "apps-lookup", "", "--first 54 --max-response 100000", "an item is"},
		{"ip-to-asn", "ip-to-asn", "", "--first 54 --max-response 100000", "an item is"},
		{"pid-traffic", "pid-traffic", "--generation 8", "", "the generation is 8 instead of 7"},
		{"increment", "increment", "--profile 1", "--profile 2", fmt.Sprintf("the data plane is %v instead of shm", cli.Baseline())},
		{"increment", "increment", "--profile 4", "--profile 6", "the selected profile is 4 instead of 6"},
		{"increment", "string-reverse", "", "", "does not serve this method"},
		{"increment", "increment", "", "--door 2", "the state is ready instead of disconnected"},
		{"increment", "increment", "", "--door 3", "the door is 3 instead of 0"},
		{"cache", "cgroups-snapshot", "", "--items 1", "the number of items is 0 instead of 1"},
		{"enricher", "apps-lookup", "--generation 8", "--count 20", "the generation is 8 instead of 7"},
		{"restart", "increment", "", "", "a wish was not fulfilled"},
	} {
		t.Run(test.check+test.server+test.client, func(t *testing.T) {
			t.Parallel()
			place := endpoint(rundir.New(t), 1)
			server := start(t, test.kind, append(place, strings.Fields(test.server)...)...)
			var out bytes.Buffer
			args := append([]string{"check", test.check}, append(place, strings.Fields(test.client)...)...)
			err := Run(args, cli.Env{Stdin: strings.NewReader(""), Stdout: &out})
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			var said verdict
			if jsonErr := json.Unmarshal([]byte(lines[len(lines)-1]), &said); jsonErr != nil {
				t.Fatal(jsonErr, out.String())
			}
			if err == nil || said.OK || !strings.Contains(said.Detail, test.why) {
				t.Errorf("%+v, %v", said, err)
			}
			server.end()
		})
	}
}

func TestOptionsThatComeTwiceCountOnce(t *testing.T) {
	t.Parallel()
	o, others, err := parse([]string{"serve", "increment", "--token", "1", "--count", "2", "--token", "3", "--count", "4"}, cli.Env{})
	if err != nil || len(others) != 2 || o.token != 3 || o.count != 4 || o.generation != 7 || o.workers != 8 || o.window != 1 {
		t.Error(o, others, err)
	}
	for _, args := range [][]string{{"--count", "x"}, {"--count", "4294967296"}, {"--count", "1x"}, {"--token", "-1"}} {
		if _, _, err := parse(args, cli.Env{}); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
}
