package service_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/netipc/netipc/go/internal/conformance"
	"github.com/netipc/netipc/go/internal/conformance/services"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/apps_lookup"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
	"github.com/netipc/netipc/go/service/increment"
	"github.com/netipc/netipc/go/transport"
)

// Known defects of deployed peers that are about clients and servers, by their number in the
// contract. Others are rules of the suite (28, 30), tests of the cache (29), of processes (6, 7), or
// of what lies below.

// bothPlanes runs check over sockets and over shared memory.
func bothPlanes(t *testing.T, check func(w *services.World)) {
	for name, profiles := range map[string]uint32{
		"socket": protocol.ProfileBaseline,
		"shm":    protocol.ProfileBaseline | protocol.ProfileSHMHybrid,
	} {
		t.Run(name, func(t *testing.T) { check(services.NewWorld(t, native(), profiles)) })
	}
}

func incrementServer(w *services.World, config service.ServerConfig) *service.Server {
	return increment.NewServer(w.Dir, "svc", config, increment.Handler{Handle: increment.Next})
}

func TestDefect08ABusyServerIsTriedAgain(t *testing.T) {
	t.Parallel()
	bothPlanes(t, func(w *services.World) {
		script := w.Script()
		w.Play(func() {
			// OK, and then gone: what deployed servers do at capacity.
			for range 2 {
				if busy := script.Accept(); busy != nil {
					_ = busy.Close()
				}
			}
			play(w.T, script, 0, step{[]uint32{1}, []uint16{known}})
		})
		c := apps_lookup.NewClient(w.Dir, "svc", w.ClientConfig())
		w.Cleanup(func() { w.No(c.Close()) })
		for limit := time.Now().Add(conformance.Soon); ; {
			c.Refresh()
			_, err := c.Call([]uint32{1})
			if err == nil {
				break
			}
			if !errors.Is(err, service.ErrDisconnected) && !errors.Is(err, service.ErrNotReady) || time.Now().After(limit) {
				w.Fatal(err)
			}
		}
		// A busy server says nothing about shared memory.
		if got := c.Status().Session; got == nil || got.Profile != script.Policy.Supported.Highest() {
			w.Fatalf("%+v", got)
		}
	})
}

func TestDefect22ABatchReplyOfAnotherShapeIsAnError(t *testing.T) {
	t.Parallel()
	item := make([]byte, 8)
	for name, row := range map[string]struct {
		spoil   func(*protocol.Header)
		payload []byte
		call    func(*increment.Client) error
	}{
		"more items": {func(h *protocol.Header) { h.ItemCount = 3 }, packed(item, item, item), callTwo},
		"one answer": {func(h *protocol.Header) { h.Flags, h.ItemCount = 0, 1 }, packed(item, item), callTwo},
		"a batch":    {func(h *protocol.Header) { h.Flags = protocol.FlagBatch }, packed(item), callOne},
	} {
		t.Run(name, func(t *testing.T) {
			w := services.NewWorld(t, memory(), protocol.ProfileBaseline)
			script := w.Script()
			w.Play(func() {
				answerOnce(t, script, row.spoil, row.payload)
				answerOnce(t, script, row.spoil, row.payload)
			})
			config := w.ClientConfig()
			config.MaxRequestBatchItems = 10
			w.Fails(row.call(services.Connected(w, increment.NewClient(w.Dir, "svc", config))), service.ErrProtocol)
		})
	}
}

func callOne(c *increment.Client) error {
	_, err := c.Call(1)
	return err
}

func callTwo(c *increment.Client) error {
	_, err := c.CallBatch([]uint64{1, 2})
	return err
}

// packed is the bytes of a batch of these items.
func packed(items ...[]byte) []byte {
	buf := make([]byte, 1000)
	list, err := protocol.NewPackedWriter(buf, 0, len(items))
	for _, item := range items {
		if dst, _ := list.Open(len(item)); dst != nil {
			list.Commit(copy(dst, item))
		}
	}
	n, finished := list.FinishBatch()
	if err != nil || finished != nil {
		return nil
	}
	return buf[:n]
}

func TestDefect23AServerWithoutBatchesIsNotPoisonedByOne(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, memory(), protocol.ProfileBaseline)
	config := w.ServerConfig()
	config.MaxRequestBatchItems = 1
	w.Serve(incrementServer(w, config))
	c := w.Incrementer()
	w.Fails(callTwo(c), service.ErrOverflow)
	w.No(callOne(c))
}

func TestDefect23RequestsGrowAsFarAsBothSidesAllow(t *testing.T) {
	t.Parallel()
	bothPlanes(t, func(w *services.World) {
		w.Serve(incrementServer(w, w.ServerConfig()))
		c := w.Incrementer()
		for _, items := range []int{1, 100, 1000, 65_536, 10} {
			reply, err := c.CallBatch(make([]uint64, items))
			w.No(err)
			if reply.Len() != items {
				w.Fatalf("%d replies", reply.Len())
			}
		}
		_, err := c.CallBatch(make([]uint64, 65_537))
		w.Fails(err, service.ErrOverflow)
		if n, err := c.Call(1); n != 2 || err != nil {
			w.Fatal(n, err)
		}
	})
}

func TestDefect23ARefusedProposalPoisonsNobody(t *testing.T) {
	t.Parallel()
	bothPlanes(t, func(w *services.World) {
		config := w.ServerConfig()
		// No power of two, so that growing to one is refused.
		config.MaxRequestPayloadBytes = 3000
		w.Serve(incrementServer(w, config))
		c := w.Incrementer()
		_, err := c.CallBatch(make([]uint64, 500))
		w.Fails(err, service.ErrOverflow)
		if n, err := c.Call(2); n != 3 || err != nil {
			w.Fatal("poisoned", n, err)
		}
		// What the server does carry gets through, although the next power of two does not.
		_, err = c.CallBatch(make([]uint64, 180))
		w.No(err)
		before := c.Counters().Reconnects
		_, err = c.CallBatch(make([]uint64, 500))
		w.Fails(err, service.ErrOverflow)
		_, err = c.CallBatch(make([]uint64, 180))
		w.No(err)
		if again := c.Counters().Reconnects - before; again > 2 {
			w.Fatalf("%d reconnects for what was refused before", again)
		}
	})
}

func TestDefect23AReplacedProviderIsAskedAfresh(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, memory(), protocol.ProfileBaseline)
	small := w.ServerConfig()
	small.MaxRequestPayloadBytes = 1024
	server := w.Serve(incrementServer(w, small))
	c := w.Incrementer()
	_, err := c.CallBatch(make([]uint64, 500))
	w.Fails(err, service.ErrOverflow)
	server.Finish()
	w.Serve(incrementServer(w, w.ServerConfig()))
	c.Refresh()
	_, err = c.CallBatch(make([]uint64, 500))
	w.No(err)
}

func TestDefect24ALookupWindowNarrowsUntilItFits(t *testing.T) {
	t.Parallel()
	bothPlanes(t, func(w *services.World) {
		config := w.ServerConfig()
		config.MaxResponsePayloadBytes = 1024
		// Each item fills an answer alone, and does not fit beside the placeholder of another.
		server := w.Serve(apps_lookup.NewServer(w.Dir, "svc", config, services.Apps(func(uint32) int { return 850 })))
		c := services.Connected(w, apps_lookup.NewClient(w.Dir, "svc", w.ClientConfig()))
		pids := []uint32{4, 9, 14, 19, 24, 29, 34, 39, 44}
		reply, err := c.Call(pids)
		w.No(err)
		for i, item := range reply.Items() {
			if item.Pid != pids[i] || item.CgroupName.Len() != 850 {
				w.Fatalf("item %d is %+v", i, item)
			}
		}
		if stats := server.Stats(); stats.LimitExceeded == 0 || stats.Requests() >= 18 {
			w.Fatalf("%d requests, %d exceeded", stats.Requests(), stats.LimitExceeded)
		}
	})
}

func TestDefect25ATruncatedSnapshotIsNeverSentAsIfItWereWhole(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, memory(), protocol.ProfileBaseline)
	config := w.ServerConfig()
	config.MaxResponsePayloadBytes = 4096
	// It does not even look whether its items fit, and says that all is well.
	w.Serve(cgroups_snapshot.NewServer(w.Dir, "svc", config, cgroups_snapshot.Handler{
		Handle: func(_ *protocol.CgroupsRequest, answer *protocol.CgroupsBuilder) bool {
			for range 2000 {
				_ = answer.Add(1, 0, 1, []byte("name"), []byte("/path"))
			}
			return true
		},
	}))
	c := services.Connected(w, cgroups_snapshot.NewClient(w.Dir, "svc", w.ClientConfig()))
	_, err := c.CallSnapshot()
	w.Fails(err, service.ErrOverflow)
}

func TestDefect26FaultsAreToldByWhoseTheyAre(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, memory(), protocol.ProfileBaseline)
	w.Serve(service.NewServer(w.Dir, "svc", w.ServerConfig(), service.ValueHandler(&increment.Service, func(n uint64) (uint64, error) {
		switch n {
		case 1:
			return 0, errors.New("it does not want to")
		case 2:
			panic("a panic that the test wants")
		case 3:
			return 0, &service.HandlerError{Status: protocol.StatusUnsupported, Reason: "unlucky"}
		case 4:
			return 0, &service.HandlerError{Status: protocol.StatusBadEnvelope, Reason: "nonsense"}
		case 5:
			// Nothing that a handler could mean.
			return 0, &service.HandlerError{Status: protocol.StatusAuthFailed, Reason: "who is it"}
		}
		return n, nil
	})))
	for n, code := range map[uint64]service.ErrorCode{
		1: service.ErrHandlerFailed, 2: service.ErrHandlerFailed, 3: service.ErrUnsupported,
		4: service.ErrRejected, 5: service.ErrHandlerFailed,
	} {
		c := w.Incrementer()
		_, err := c.Call(n)
		w.Fails(err, code)
		if c.Ready() != (code == service.ErrUnsupported) {
			t.Errorf("%d: %v", n, c.State())
		}
	}
}

func TestDefect26AMissingLookupItemIsTheServersFault(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, memory(), protocol.ProfileBaseline)
	w.Serve(apps_lookup.NewServer(w.Dir, "svc", w.ServerConfig(), apps_lookup.Handler{
		Handle: func(*protocol.AppsLookupRequestView, *protocol.AppsLookupBuilder) bool { return true },
	}))
	c := services.Connected(w, apps_lookup.NewClient(w.Dir, "svc", w.ClientConfig()))
	_, err := c.Call([]uint32{1})
	w.Fails(err, service.ErrHandlerFailed)
	// None are missing where none were asked for.
	c.Refresh()
	_, err = c.Call(nil)
	w.No(err)
}

func TestDefect27EachStatusHasItsErrorAndPermanentOnesAreNotRetried(t *testing.T) {
	t.Parallel()
	for status, row := range map[protocol.Status]struct {
		code    service.ErrorCode
		asked   int
		message string
	}{
		protocol.StatusUnsupported:   {service.ErrUnsupported, 1, "does not serve this method"},
		protocol.StatusBadEnvelope:   {service.ErrRejected, 1, "rejected the request"},
		protocol.StatusInternalError: {service.ErrHandlerFailed, 2, "handler failed"},
		protocol.StatusAuthFailed:    {service.ErrRejected, 2, "AUTH_FAILED"},
		protocol.StatusLimitExceeded: {service.ErrOverflow, 1, "agreed 65536 bytes: raise MaxResponsePayloadBytes of the server"},
	} {
		t.Run(status.String(), func(t *testing.T) {
			w := services.NewWorld(t, memory(), protocol.ProfileBaseline)
			script := w.Script()
			script.Policy.MaxResponseBytes = 65_536
			asked := make(chan int, 1)
			go func() {
				n := 0
				for accepted := script.Accept(); accepted != nil; accepted = script.Accept() {
					for request, err := services.Next(accepted); err == nil; request, err = services.Next(accepted) {
						n++
						if services.Answer(accepted, request.Header, status, nil) != nil {
							break
						}
					}
				}
				asked <- n
			}()
			c := w.Incrementer()
			_, err := c.Call(1)
			w.Fails(err, row.code)
			var call *service.CallError
			if !errors.As(err, &call) || call.Endpoint != w.Endpoint().String() || !strings.Contains(err.Error(), row.message) {
				t.Errorf("%v", err)
			}
			w.No(c.Close())
			script.Leave()
			if n := <-asked; n != row.asked {
				t.Errorf("asked %d times, want %d", n, row.asked)
			}
		})
	}
}

func TestDefect31RefusalsHealWhenTheProviderIsReplaced(t *testing.T) {
	t.Parallel()
	other := func(c *service.ServerConfig) { c.AuthToken++ }
	apart := func(c *service.ServerConfig) { c.SupportedProfiles = protocol.ProfileSHMHybrid }
	for state, refusing := range map[service.ClientState]func(*service.ServerConfig){
		service.StateAuthFailed:   other,
		service.StateIncompatible: apart,
	} {
		t.Run(state.String(), func(t *testing.T) {
			t.Parallel()
			w := services.NewWorld(t, native(), protocol.ProfileBaseline)
			config := w.ServerConfig()
			refusing(&config)
			server := w.Serve(incrementServer(w, config))
			c := increment.NewClient(w.Dir, "svc", w.ClientConfig())
			w.Cleanup(func() { w.No(c.Close()) })
			c.Refresh()
			if c.State() != state {
				t.Fatalf("%+v", c.Status())
			}
			server.Finish()
			w.Serve(incrementServer(w, w.ServerConfig()))
			pause := transport.Timeout(conformance.Soon)
			w.Within(time.Second+conformance.AtOnce, "healing", func() {
				for !c.Ready() {
					w.No(pause.Sleep(10 * time.Millisecond))
					c.Refresh()
				}
			})
		})
	}
}

func TestDefect32ALookupIsRetriedWithTheSameBytes(t *testing.T) {
	t.Parallel()
	bothPlanes(t, func(w *services.World) {
		script := w.Script()
		w.Play(func() {
			if lost := script.Accept(); lost != nil {
				_, _ = services.Next(lost)
				_ = lost.Close()
			}
			play(w.T, script, 0, step{[]uint32{7, 8}, []uint16{known, unknown}})
		})
		c := services.Connected(w, apps_lookup.NewClient(w.Dir, "svc", w.ClientConfig()))
		reply, err := c.Call([]uint32{7, 8})
		w.No(err)
		if reply.Len() != 2 || c.Counters().Retries != 1 {
			w.Fatalf("%+v", c.Status())
		}
	})
}

func TestAServerThatGrowsByItselfIsFollowed(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, memory(), protocol.ProfileBaseline)
	snapshot := snapshotOf("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
	script := w.Script()
	// The hint is ignored, as deployed servers do.
	script.Policy.MaxResponseBytes = 100
	w.Play(func() {
		for accepted := script.Accept(); accepted != nil; accepted = script.Accept() {
			request, err := services.Next(accepted)
			if err != nil {
				return
			}
			if uint32(len(snapshot)) <= accepted.Limits().Response.PayloadBytes {
				_ = services.Answer(accepted, request.Header, protocol.StatusOK, snapshot)
				return
			}
			_ = services.Answer(accepted, request.Header, protocol.StatusLimitExceeded, nil)
			script.Policy.MaxResponseBytes *= 2
		}
	})
	c := services.Connected(w, cgroups_snapshot.NewClient(w.Dir, "svc", w.ClientConfig()))
	view, err := c.CallSnapshot()
	w.No(err)
	if got := c.Counters(); view.ItemCount != 10 || got.Reconnects < 3 || got.Errors != 0 {
		t.Fatalf("%+v", got)
	}
}

// unusable is a transport whose regions cannot be attached.
type unusable struct {
	transport.Transport
	attaches *atomic.Int64
}

func (u unusable) Connect(endpoint transport.Endpoint, w transport.Wait) (transport.Baseline, error) {
	link, err := u.Transport.Connect(endpoint, w)
	if err != nil {
		return nil, err
	}
	return unusableLink{link, u.attaches}, nil
}

type unusableLink struct {
	transport.Baseline
	attaches *atomic.Int64
}

func (u unusableLink) Attach(plan transport.SessionPlan, w transport.Wait) (transport.Link, error) {
	if plan.Profile == transport.ProfileBaseline {
		return u.Baseline.Attach(plan, w)
	}
	u.attaches.Add(1)
	_ = u.Close()
	return nil, &transport.AttachError{Profile: plan.Profile, Region: "x", Kind: transport.ErrUnusable, Why: "on purpose"}
}

func TestDefect09UnusableSharedMemoryIsLeftOutForAWhile(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, native(), protocol.ProfileBaseline|protocol.ProfileSHMHybrid)
	w.Serve(incrementServer(w, w.ServerConfig()))
	config := w.ClientConfig()
	var attaches atomic.Int64
	config.Transport = unusable{w.Transport, &attaches}
	for _, baseline := range []uint32{protocol.ProfileBaseline, 0} {
		attaches.Store(0)
		config.SupportedProfiles = baseline | protocol.ProfileSHMHybrid
		c := increment.NewClient(w.Dir, "svc", config)
		w.Cleanup(func() { w.No(c.Close()) })
		w.AtOnce("a session over the socket", func() { c.Refresh() })
		if c.Ready() != (baseline != 0) || !strings.Contains(c.Status().LastError, "on purpose") {
			t.Fatalf("%+v", c.Status())
		}
		if c.Ready() {
			w.No(c.Close())
			c.Refresh()
			if got := c.Status().Session; got == nil || got.Transport != baselineKind {
				t.Fatalf("%+v", got)
			}
		}
		if n := attaches.Load(); n != 1 {
			t.Fatalf("%d attempts to attach", n)
		}
	}
}
