package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
)

// told returns what is told of one event of each level, with these arguments.
func told(t *testing.T, args ...string) string {
	t.Helper()
	var logging Logging
	flags := NewFlags("")
	logging.Register(flags)
	if _, err := flags.Parse(args, 0, io.Discard); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	logger := logging.Logger(Env{Stderr: &out}, TellWarnings)
	logger.Debug("of debug")
	logger.Info("of info")
	logger.Warn("of warn")
	return out.String()
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
	(&Logging{}).Logger(Env{Stderr: &quiet}, TellNothing).Error("lost")
	if quiet.Len() > 0 {
		t.Error(quiet.String())
	}
}
