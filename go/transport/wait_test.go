package transport_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/netipc/netipc/go/transport"
)

const long = time.Hour

func is(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
}

func TestAnAbortIsStickyUntilCleared(t *testing.T) {
	var abort transport.Abort
	w := transport.Wait{Abort: &abort}
	is(t, w.Check(), nil)
	for range 2 {
		abort.Raise()
		is(t, w.Check(), transport.ErrAborted)
		is(t, w.Sleep(long), transport.ErrAborted)
		<-abort.Done()
	}
	abort.Clear()
	is(t, w.Check(), nil)
	is(t, w.Sleep(0), nil)
	select {
	case <-abort.Done():
		t.Fatal("it is cleared")
	default:
	}
}

func TestAnAbortEndsASleep(t *testing.T) {
	var abort transport.Abort
	ended := make(chan error)
	go func() { ended <- transport.Wait{Abort: &abort}.Sleep(long) }()
	abort.Raise()
	is(t, <-ended, transport.ErrAborted)
}

func TestASleepEndsAtItsOwnEndOrAtTheDeadline(t *testing.T) {
	const short = 2 * time.Millisecond
	for _, w := range []transport.Wait{{}, {Abort: new(transport.Abort)}} {
		start := time.Now()
		is(t, w.Sleep(short), nil)
		is(t, w.AtMost(long).Sleep(short), nil)
		is(t, w.AtMost(short).Sleep(long), transport.ErrTimeout)
		if taken := time.Since(start); taken < 3*short {
			t.Errorf("it took %v", taken)
		}
	}
}

func TestAPassedDeadlineAndARaisedAbort(t *testing.T) {
	var abort transport.Abort
	w := transport.Timeout(0).OrAbort(&abort)
	is(t, w.Check(), transport.ErrTimeout)
	is(t, w.CheckAbort(), nil)
	abort.Raise()
	is(t, w.Check(), transport.ErrAborted)
	if left, ends := w.Remaining(); !ends || left != 0 {
		t.Errorf("%v is left", left)
	}
	if _, ends := (transport.Wait{}).Remaining(); ends {
		t.Error("a wait without a deadline ends")
	}
	is(t, transport.Timeout(1<<63-1).Check(), nil)
}

func TestAtMostOnlyShortens(t *testing.T) {
	end := time.Now()
	if got := (transport.Wait{Deadline: end}).AtMost(long).Deadline; !got.Equal(end) {
		t.Errorf("it ends at %v", got)
	}
	if left, ends := (transport.Wait{}).AtMost(long).Remaining(); !ends || left > long {
		t.Errorf("%v is left", left)
	}
}

type counter struct{ woken int }

func (c *counter) Wake() { c.woken++ }

func TestAWakerIsCalledWhileRegistered(t *testing.T) {
	var abort transport.Abort
	first, second := &counter{}, &counter{}
	abort.Register(first)
	abort.Register(second)
	abort.Unregister(first)
	abort.Raise()
	if first.woken != 0 || second.woken != 1 {
		t.Errorf("woken are %d and %d", first.woken, second.woken)
	}
	abort.Unregister(second)
	abort.Unregister(second)
}

func TestWhatAnAbortIsWatchedByGoesWithItsLastWatch(t *testing.T) {
	var abort transport.Abort
	native := abort.Watch()
	if native == transport.NoWaitObject {
		t.Skip("there is none on this system")
	}
	abort.Close()
	abort.Raise()
	abort.Clear()
	if again := abort.Watch(); again != native {
		t.Errorf("%d became %d while it is watched", native, again)
	}
	abort.Unwatch()
	abort.Unwatch()
	// It can be watched again.
	if abort.Watch() == transport.NoWaitObject {
		t.Error("there is nothing to watch the second time")
	}
	abort.Unwatch()
	abort.Close()
	abort.Close()
}

func TestEndpointNames(t *testing.T) {
	for _, good := range []string{"a", "cgroups-snapshot", "A_b.c-9", "...", "-", "x.sock"} {
		if _, err := transport.NewEndpoint("/run", good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", ".", "..", "a/b", "../a", "a b", "a\x00", "é", "a\n"} {
		_, err := transport.NewEndpoint(strings.Repeat("/", 200), bad)
		is(t, err, transport.ErrInvalidName)
	}
}

func TestRunDirectoriesAreUsedAsGiven(t *testing.T) {
	endpoint, err := transport.NewEndpoint("/run//x/.", "svc")
	is(t, err, nil)
	if endpoint.RunDir() != "/run//x/." || endpoint.Service() != "svc" {
		t.Error(endpoint.RunDir(), endpoint.Service())
	}
}

func TestWhatIsNotKnownOfAPeerIsAbsent(t *testing.T) {
	if pid, known := (transport.Peer{}).PID(); known || pid != 0 {
		t.Error(pid)
	}
	root := transport.Peer{}.WithUID(0)
	if uid, known := root.UID(); !known || uid != 0 {
		t.Error(uid)
	}
	for peer, want := range map[transport.Peer]string{
		{}: "unknown", root: "uid 0", root.WithPID(7): "pid 7, uid 0",
	} {
		if peer.String() != want {
			t.Errorf("%v, want %s", peer, want)
		}
	}
}

func TestErrorsNameTheEndpointAndTheCause(t *testing.T) {
	cause := errors.New("no such thing")
	for _, err := range []error{
		&transport.ConnectError{Endpoint: "/run/a.sock", Kind: transport.ErrNotFound, Cause: cause},
		&transport.BindError{Endpoint: "/run/a.sock", Cause: cause},
	} {
		is(t, err, cause)
		for _, part := range []string{"/run/a.sock", "no such thing"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%v does not say %q", err, part)
			}
		}
	}
	unusable := &transport.AttachError{Region: "/run/a.ipcshm", Kind: transport.ErrUnusable, Why: "too small"}
	is(t, unusable, transport.ErrUnusable)
	if !strings.HasSuffix(unusable.Error(), "too small") {
		t.Error(unusable)
	}
}
