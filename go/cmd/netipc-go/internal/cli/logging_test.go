package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
)

// told returns what is told of one event of each level, with these arguments.
func told(t *testing.T, args ...string) string { return toldWith(t, "", args...) }

// toldWith returns the same with a variable of the environment.
func toldWith(t *testing.T, variable string, args ...string) string {
	t.Helper()
	var logging Logging
	flags := NewFlags("")
	logging.Register(flags)
	if _, err := flags.Parse(args, 0, io.Discard); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	logger := logging.Logger(environmentTo(&out, variable), TellWarnings)
	logger.Debug("of debug")
	logger.Info("of info")
	logger.Warn("of warn")
	return out.String()
}

func environmentTo(out io.Writer, variable string) Env {
	env := environment(map[string]string{logVariable: variable})
	env.Stderr = out
	return env
}

func TestTheEnvironmentSaysHowMuchIsToldUnlessAnOptionDoes(t *testing.T) {
	t.Parallel()
	for variable, lines := range map[string]int{
		"": 1, "debug": 3, "INFO": 2, "off": 0, "netipc=debug": 3, "netipc_transport=info": 2, "other=debug": 0, "error, netipc=info": 2,
	} {
		if text := toldWith(t, variable); strings.Count(text, "\n") != lines {
			t.Errorf("%q: %s", variable, text)
		}
	}
	if text := toldWith(t, "off", "-v", "-v"); strings.Count(text, "\n") != 3 {
		t.Error(text)
	}
	for _, variable := range []string{"loudly", "netipc=loudly", "netipc="} {
		if text := toldWith(t, variable); !strings.HasPrefix(text, "netipc-go: RUST_LOG is passed over: ") || strings.Count(text, "\n") != 2 {
			t.Errorf("%q: %s", variable, text)
		}
	}
}

func TestTheJournalIsToldHowGraveALineIs(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	env := environmentTo(Journal{&out}, "debug")
	logger := (&Logging{}).Logger(env, TellWarnings)
	logger.WithGroup("of").With("a", 1).Error("one")
	logger.Warn("two")
	logger.Info("three")
	logger.Debug("four")
	Tell(env.Stderr, "five")
	want := "<3>level=ERROR msg=one of.a=1\n<4>level=WARN msg=two\n<6>level=INFO msg=three\n<7>level=DEBUG msg=four\n<3>netipc-go: five\n"
	if out.String() != want {
		t.Error(out.String())
	}
}

func TestMoreIsToldWhereItIsAskedFor(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args  []string
		lines int
	}{{nil, 1}, {[]string{"-v"}, 2}, {[]string{"-v", "-v"}, 3}, {[]string{"--v", "--v"}, 3}} {
		if text := told(t, test.args...); strings.Count(text, "\n") != test.lines {
			t.Errorf("%v: %s", test.args, text)
		}
	}
	var event map[string]any
	if err := json.Unmarshal([]byte(told(t, "--log-json")), &event); err != nil || event["msg"] != "of warn" {
		t.Error(event, err)
	}
	var quiet bytes.Buffer
	(&Logging{}).Logger(environmentTo(&quiet, ""), TellNothing).Error("lost")
	if quiet.Len() > 0 {
		t.Error(quiet.String())
	}
}
