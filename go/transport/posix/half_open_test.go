//go:build linux

package posix

import (
	"log/slog"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Rule S26.
func TestWhoHasSpokenIsNotLateHoweverLongNobodyLooked(t *testing.T) {
	t.Parallel()
	h := halfOpen{log: slog.New(slog.DiscardHandler)}
	t.Cleanup(h.close)
	var theirs [2]int
	for i := range theirs {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		theirs[i] = pair[1]
		t.Cleanup(func() { closeFD(pair[1]) })
		h.push(&link{socket: takeSocket(pair[0], newSpin(0, forRequest))})
	}
	if err := unix.Send(theirs[1], []byte{1}, 0); err != nil {
		t.Fatal(err)
	}
	h.closeLate(time.Now().Add(halfOpenTime))
	if len(h.links) != 1 {
		t.Fatalf("%d are left", len(h.links))
	}
	speaker := h.takeReady()
	if speaker == nil {
		t.Fatal("it has said something")
	}
	_ = speaker.Close()
	if err := unix.Send(theirs[0], []byte{1}, unix.MSG_NOSIGNAL); err != unix.EPIPE && err != unix.ECONNRESET {
		t.Fatalf("not hung up: %v", err)
	}
}

// Rule S26.
func TestTheProcessThatHoldsMostMakesWay(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		pids []uint32
		want int
	}{
		{[]uint32{1}, 0},
		{[]uint32{1, 2}, 0},
		{[]uint32{1, 2, 2}, 1},
		{[]uint32{1, 0, 2, 0}, 1},
		{[]uint32{3, 1, 2, 1, 2}, 1},
	} {
		if got := makesWay(row.pids); got != row.want {
			t.Errorf("%v: %d, want %d", row.pids, got, row.want)
		}
	}
}
