package codecpeer_test

import (
	"strings"
	"testing"

	"github.com/netipc/netipc/go/internal/codecpeer"
)

func TestLinesAreAnswered(t *testing.T) {
	t.Parallel()
	lines := []struct{ question, answer string }{
		{"decode header -", "error Truncated"},
		{"encode batch 24 1 -", "ok 0000000000000000"},
		{"decode batch 2 00000000010000000800000001000000610000000000000062", "ok 2 61 62"},
	}
	var questions, answers strings.Builder
	for _, line := range lines {
		questions.WriteString(line.question + "\n")
		answers.WriteString(line.answer + "\n")
	}
	var out strings.Builder
	if err := codecpeer.Run(strings.NewReader(questions.String()), &out); err != nil {
		t.Fatal(err)
	}
	if out.String() != answers.String() {
		t.Errorf("found\n%s\nexpected\n%s", out.String(), answers.String())
	}
}

func TestOtherLinesEndThePeer(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"", "decode", "decode other 00", "guess header 00", "decode header 0", "decode header 0g",
		"encode header 1", "encode header x 0 0 0 0 0 0", "encode batch 40 99 00", "encode header 65536 0 0 0 0 0 0",
	} {
		var out strings.Builder
		err := codecpeer.Run(strings.NewReader(line+"\n"), &out)
		if err == nil || !strings.HasPrefix(err.Error(), "not a line of the protocol: ") {
			t.Errorf("%q: %v, said %q", line, err, out.String())
		}
	}
}
