//go:build linux

package posix

import "testing"

// expectLeftOut counts the messages that go without a look until the next one.
func expectLeftOut(t *testing.T, r *replyLook, want int) {
	t.Helper()
	got := 0
	for r.begin() == 0 {
		got++
	}
	if got != want {
		t.Fatalf("%d messages go without a look, want %d", got, want)
	}
}

func TestVainLooksForAReplyAreLeftOutMoreAndMoreOften(t *testing.T) {
	var r replyLook
	for _, want := range []int{0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 1023, 1023} {
		expectLeftOut(t, &r, want)
		r.end(false)
	}
}

func TestLooksForAReplyHaveToPayMoreOftenThanNot(t *testing.T) {
	var r replyLook
	for range 4 {
		for r.begin() == 0 {
		}
		r.end(false)
	}
	for _, want := range []int{15, 0, 0, 0, 0, 0} {
		expectLeftOut(t, &r, want)
		r.end(true)
	}
	r.end(false)
	expectLeftOut(t, &r, 1)
}
