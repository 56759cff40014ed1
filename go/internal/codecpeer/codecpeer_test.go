package codecpeer_test

import (
	"strings"
	"testing"

	"github.com/netipc/netipc/go/internal/codecpeer"
)

func TestLinesAreAnswered(t *testing.T) {
	t.Parallel()
	lines := []struct{ question, answer string }{
		{"encode increment 8 42", "ok 2a00000000000000"},
		{"encode increment 7 42", "error Overflow"},
		{"decode increment 2a00000000000000", "ok 42"},
		{"decode header -", "error Truncated"},
		{"encode batch 24 1 -", "ok 0000000000000000"},
		{"decode batch 2 00000000010000000800000001000000610000000000000062", "ok 2 61 62"},
		{"encode snapshot-request 4", "ok 01000000"},
		{"decode snapshot-request 01000000", "ok"},
		{"encode snapshot 40 0 1 7 1 1 2 3 61 2f61", "error Overflow 0"},
		{"encode snapshot 40 1 1 7 1 1 2 3 61 2f61", "ok 010000000000000001000000000000000700000000000000"},
		{"encode apps-request 32 1 5", "ok 01000000010000000000000000000000" + "0000000008000000" + "0500000000000000"},
		{"encode apps-response 200 1 1 5 7 1 2 0 0 5 0 4294967295 0 - - - 0", "error BadLayout 0"},
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
		"encode increment 8", "encode increment 8 x", "encode batch 40 99 00", "encode header 65536 0 0 0 0 0 0",
	} {
		var out strings.Builder
		err := codecpeer.Run(strings.NewReader(line+"\n"), &out)
		if err == nil || !strings.HasPrefix(err.Error(), "not a line of the protocol: ") {
			t.Errorf("%q: %v, said %q", line, err, out.String())
		}
	}
}
