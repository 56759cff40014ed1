// Package conformance is what every backend does: the contracts of links and of services, as tests to
// run over each of them.
package conformance

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/netipc/netipc/go/internal/rundir"
	"github.com/netipc/netipc/go/transport"
)

const (
	// Soon is more than any step takes, on a machine with much other work to do.
	Soon = 60 * time.Second
	// Short is a deadline that is meant to pass.
	Short = 20 * time.Millisecond
	// AtOnce is what passes for at once on a machine with much other work to do: less than what would
	// end a wait otherwise, such as [Soon] or the usual timeout of a call.
	AtOnce = 15 * time.Second
	// BeforeHandshake is less than the time of any handshake: what is over before has waited for none.
	// Other work may delay it, which is why only [Prompt] measures by it.
	BeforeHandshake = 1500 * time.Millisecond
)

// Links checks the contracts of links, baselines, listeners and transports, over the data plane of
// profile.
func Links(t *testing.T, backend func() transport.Transport, profile uint32) {
	for _, rules := range [][]linkRule{linkRules, endpointRules} {
		for _, rule := range rules {
			t.Run(rule.name, func(t *testing.T) {
				rule.check(newLinkRig(t, backend(), profile))
			})
		}
	}
}

type linkRule struct {
	name  string
	check func(*linkRig)
}

// linkRig is a backend to test: a transport, a directory of its own, and the data plane to use.
type linkRig struct {
	*testing.T
	transport transport.Transport
	endpoint  transport.Endpoint
	profile   uint32
	sessions  atomic.Uint64
	endpoints atomic.Uint64
	dir       string
}

func newLinkRig(t *testing.T, backend transport.Transport, profile uint32) *linkRig {
	dir := rundir.New(t)
	endpoint, err := transport.NewEndpoint(dir, "svc")
	if err != nil {
		t.Fatal(err)
	}
	return &linkRig{T: t, transport: backend, endpoint: endpoint, profile: profile, dir: dir}
}

func (r *linkRig) listener(options transport.BindOptions) transport.Listener {
	r.Helper()
	listener, err := r.transport.Bind(r.endpoint, options)
	r.no(err)
	r.Cleanup(func() { _ = listener.Close() })
	return listener
}

func (r *linkRig) connect() transport.Baseline {
	r.Helper()
	link, err := r.transport.Connect(r.endpoint, transport.Timeout(Soon))
	r.no(err)
	r.Cleanup(func() { _ = link.Close() })
	return link
}

func (r *linkRig) accept(listener transport.Listener) transport.Baseline {
	r.Helper()
	link, err := listener.Accept(transport.Timeout(Soon))
	r.no(err)
	r.Cleanup(func() { _ = link.Close() })
	return link
}

// baselines returns a client's and a server's end, before the data plane is chosen.
func (r *linkRig) baselines() (client, server transport.Baseline) {
	r.Helper()
	if rundir.SessionsKeepTheName {
		// That of the last pair is in use for as long as it lives.
		var err error
		r.endpoint, err = transport.NewEndpoint(r.dir, fmt.Sprint("svc", r.endpoints.Add(1)))
		r.no(err)
	}
	listener := r.listener(transport.BindOptions{})
	client = r.connect()
	server = r.accept(listener)
	r.no(listener.Close())
	return client, server
}

// pair returns a client's and a server's end of the data plane under test.
func (r *linkRig) pair() (client, server transport.Link) {
	r.Helper()
	left, right := r.baselines()
	plan := transport.SessionPlan{
		Profile:       r.profile,
		SessionID:     r.sessions.Add(1),
		AuthToken:     42,
		RequestBytes:  5000,
		ResponseBytes: 100_000,
	}
	r.no(right.Offer(plan))
	r.acceptSession(left, right)
	client = r.attach(left, plan)
	server = right.Switch()
	r.Cleanup(func() { _ = server.Close() })
	return client, server
}

// acceptSession has the server say so: what was offered may come with it.
func (r *linkRig) acceptSession(client, server transport.Baseline) {
	r.Helper()
	r.say(server, []byte("accepted"))
	r.hear(client, []byte("accepted"))
}

func (r *linkRig) attach(client transport.Baseline, plan transport.SessionPlan) transport.Link {
	r.Helper()
	link, err := client.Attach(plan, transport.Timeout(Soon))
	r.no(err)
	r.Cleanup(func() { _ = link.Close() })
	return link
}

// files checks how many names the directory has, on platforms where there is one.
func (r *linkRig) files(want int) {
	r.Helper()
	names, err := rundir.Names(r.dir)
	r.no(err)
	if !rundir.IsDirectory {
		want = 0
	}
	if len(names) != want {
		r.Fatalf("%d names are in the directory, want %d: %v", len(names), want, names)
	}
}

func (r *linkRig) say(link transport.Link, packet []byte) {
	r.Helper()
	cut := min(len(packet), 32)
	r.no(link.Send(packet[:cut], packet[cut:], transport.Timeout(Soon)))
}

// hear receives one packet, which is to be want.
func (r *linkRig) hear(link transport.Link, want []byte) {
	r.Helper()
	packet := make([]byte, max(len(want), 100))
	size, err := link.Receive(packet, transport.Timeout(Soon))
	r.no(err)
	if size != len(want) || !slices.Equal(packet[:size], want) {
		r.Fatalf("a packet of %d bytes came instead of one of %d: % x", size, len(want), packet[:min(size, 40)])
	}
}

func (r *linkRig) no(err error) {
	r.Helper()
	if err != nil {
		r.Fatalf("unexpected: %v", err)
	}
}

// is checks that err is one of wanted.
func (r *linkRig) is(err error, wanted ...error) {
	r.Helper()
	for _, want := range wanted {
		if errors.Is(err, want) {
			return
		}
	}
	r.Fatalf("got %v, want one of %v", err, wanted)
}

// within runs step and fails if it takes longer than limit.
func (r *linkRig) within(limit time.Duration, what string, step func() error) error {
	r.Helper()
	start := time.Now()
	err := step()
	if taken := time.Since(start); taken > limit {
		r.Fatalf("%s took %v, more than %v", what, taken, limit)
	}
	return err
}

// Prompt expects one of ten attempts to take less than limit, since other work may delay some of them.
func Prompt(t *testing.T, limit time.Duration, what string, attempt func() time.Duration) {
	t.Helper()
	var taken []time.Duration
	for len(taken) < 10 {
		took := attempt()
		if took < limit {
			return
		}
		taken = append(taken, took)
	}
	t.Fatalf("%s: %v, each %v or more", what, taken, limit)
}

// Timed returns how long do takes.
func Timed(do func()) time.Duration {
	began := time.Now()
	do()
	return time.Since(began)
}

// aborted checks that an abort ends what waits at once, wherever it is just then.
func (r *linkRig) aborted(step func(w transport.Wait) error) {
	r.Helper()
	var abort transport.Abort
	defer abort.Close()
	ended := make(chan error)
	go func() { ended <- step(transport.Wait{Abort: &abort}) }()
	abort.Raise()
	r.is(r.within(AtOnce, "the abort", func() error { return <-ended }), transport.ErrAborted)
}

// pipelines tells whether link carries several packets in one direction before an answer.
func pipelines(link transport.Link) bool { return link.Info().Window != 1 }

// bytesOf returns size bytes that differ with seed.
func bytesOf(size, seed int) []byte {
	bytes := make([]byte, size)
	for i := range bytes {
		bytes[i] = byte(seed + 7*i)
	}
	return bytes
}

func receive(link transport.Link, w transport.Wait) error {
	_, err := link.Receive(make([]byte, 132), w)
	return err
}
