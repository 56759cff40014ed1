package services

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/netipc/netipc/go/internal/conformance"
	"github.com/netipc/netipc/go/internal/session/handshake"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/increment"
	"github.com/netipc/netipc/go/transport"
)

// lifeRules are the rules of sessions, servers and their ends.
var lifeRules = []rule{
	{"sessions run at the same time", sessionsRunAtTheSameTime},
	{"a full server says so before it accepts", aFullServerSaysSo},
	{"a full server answers those in a hurry", aFullServerAnswersTheHurried},
	{"a client waits for a session that is ending", aClientWaitsForAnEndingSession},
	{"a departed client leaves its slot at once", aDepartedClientLeavesItsSlot},
	{"a provider may come late and restart", aProviderMayComeLate},
	{"a provider may vanish", aProviderMayVanish},
	{"draining lets requests finish", drainingLetsRequestsFinish},
	{"draining gives up in time", drainingGivesUp},
	{"a stopped server never runs", aStoppedServerNeverRuns},
	{"an endpoint has one server", anEndpointHasOneServer},
	{"statistics add up", statisticsAddUp},
	{"nothing stays behind", nothingStaysBehind},
}

func sessionsRunAtTheSameTime(w *World) {
	server := w.Serve(w.IncrementServer())
	var group sync.WaitGroup
	for first := range uint64(6) {
		c := w.Incrementer()
		group.Add(1)
		go func() {
			defer group.Done()
			for n := first * 1000; n < first*1000+100; n++ {
				if got, err := c.Call(n); err != nil || got != n+1 {
					w.Errorf("%d after %d: %v", got, n, err)
				}
			}
		}()
	}
	group.Wait()
	if stats := server.Finish(); stats.SessionsTotal != 6 || stats.OK != 600 {
		w.Fatalf("%d sessions, %d calls", stats.SessionsTotal, stats.OK)
	}
}

func aFullServerSaysSo(w *World) {
	server := w.Serve(w.incrementServer(increment.Next, 1))
	first, second := w.Incrementer(), w.loose()
	w.AtOnce("the refusal", func() { second.Refresh() })
	if second.State() != service.StateDisconnected || !errors.Is(second.OpenError(), handshake.ErrRejected) {
		w.Fatalf("%+v", second.Status())
	}
	w.increments(first, 1)
	w.No(first.Close())
	if second.Refresh(); !second.Ready() {
		w.Fatalf("%+v", second.Status())
	}
	w.increments(second, 2)
	if stats := server.Finish(); stats.Refused != 1 {
		w.Fatalf("%d refused", stats.Refused)
	}
}

// Rule S25.
func aFullServerAnswersTheHurried(w *World) {
	w.Serve(w.incrementServer(increment.Next, 1))
	first, hurried := w.Incrementer(), w.loose()
	const limit = 50 * time.Millisecond
	conformance.Prompt(w.T, limit, "a refusal", func() time.Duration {
		return conformance.Timed(func() {
			ctx, cancel := context.WithTimeout(context.Background(), limit)
			defer cancel()
			hurried.RefreshContext(ctx)
		})
	})
	if err := hurried.OpenError(); err == nil || !strings.Contains(err.Error(), "all its sessions are taken") {
		w.Fatal(err)
	}
	w.increments(first, 1)
}

// Rule S25.
func aClientWaitsForAnEndingSession(w *World) {
	turnstile, handle := w.slow()
	server := w.Serve(w.incrementServer(handle, 1))
	first := w.Incrementer()
	first.SetCallTimeout(1)
	if _, err := first.Call(1); !errors.Is(err, service.ErrTimeout) {
		w.Fatal(err)
	}
	turnstile.Meet(w)
	// It has left: its session ends with its handler.
	w.No(first.Close())

	left, err := w.Transport.Connect(w.Endpoint(), transport.Timeout(conformance.Soon))
	w.No(err)
	proposal := handshake.Proposal{Supported: w.profile(), AuthToken: Token, PacketSize: left.PacketSize()}
	hello := proposal.Hello()
	w.No(left.Send(hello[:protocol.HeaderLen], hello[protocol.HeaderLen:], transport.Timeout(conformance.Soon)))
	w.No(left.Close())
	for began := time.Now(); server.Stats().Refused != 1; time.Sleep(time.Millisecond) {
		if time.Since(began) > conformance.Soon {
			w.Fatal("who left while it waited is not counted")
		}
	}

	second := w.loose()
	ready := make(chan bool, 1)
	go func() {
		second.Refresh()
		ready <- second.Ready()
	}()
	turnstile.Release()
	if !<-ready {
		w.Fatal(second.OpenError())
	}
	if stats := server.Stats(); stats.Refused != 1 {
		w.Fatalf("%d refused", stats.Refused)
	}
}

func aDepartedClientLeavesItsSlot(w *World) {
	server := w.Serve(w.incrementServer(increment.Next, 1))
	for n := range uint64(10) {
		c := w.Incrementer()
		w.increments(c, n)
		w.No(c.Close())
	}
	if stats := server.Finish(); stats.SessionsTotal != 10 || stats.Refused != 0 {
		w.Fatalf("%d sessions, %d refused", stats.SessionsTotal, stats.Refused)
	}
}

func aProviderMayComeLate(w *World) {
	c := w.loose()
	if !c.Refresh() || c.State() != service.StateNotFound || c.Refresh() || c.Counters().Connects != 0 {
		w.Fatalf("%+v", c.Status())
	}
	server := w.Serve(w.IncrementServer())
	if !c.Refresh() {
		w.Fatalf("%+v", c.Status())
	}
	w.increments(c, 1)
	if c.Refresh() {
		w.Fatal("nothing has changed")
	}
	server.Finish()
	server = w.Serve(w.IncrementServer())
	w.increments(c, 2)
	if got := c.Counters(); got.Connects != 1 || got.Reconnects != 1 || got.Retries != 1 || got.Errors != 0 {
		w.Fatalf("without a refresh: %+v", got)
	}
	server.Finish()
	w.Serve(w.IncrementServer())
	if !c.Refresh() {
		w.Fatal("a new session")
	}
	w.increments(c, 3)
	w.No(c.Close())
	if got := c.Counters(); got.Reconnects != 2 || got.Calls != 3 || c.State() != service.StateDisconnected {
		w.Fatalf("counters stay: %+v", got)
	}
	if !c.Refresh() {
		w.Fatal("a closed client can be used again")
	}
}

func aProviderMayVanish(w *World) {
	server := w.Serve(w.IncrementServer())
	c := w.Incrementer()
	server.Finish()
	var err error
	w.AtOnce("the failure", func() { _, err = c.Call(1) })
	w.Fails(err, service.ErrDisconnected)
	if c.Ready() {
		w.Fatal("ready")
	}
	c.Refresh()
	if c.State() != service.StateNotFound {
		w.Fatalf("%+v", c.Status())
	}
}

func drainingLetsRequestsFinish(w *World) {
	turnstile, handle := w.slow()
	server := w.Serve(w.incrementServer(handle, 8))
	c, idle := w.Incrementer(), w.Incrementer()
	call, drained := make(chan error, 1), make(chan bool, 1)
	go func() {
		_, err := c.Call(1)
		call <- err
	}()
	turnstile.Meet(w)
	go func() { drained <- server.Drain(conformance.Soon) }()
	// An idle session ends at once: that tells that the drain has begun.
	for idle.Ready() {
		idle.Refresh()
		runtime.Gosched()
	}
	turnstile.Release()
	w.No(<-call)
	if !<-drained {
		w.Fatal("all were to finish")
	}
	server.Join()
	idle.Refresh()
	if idle.State() != service.StateNotFound {
		w.Fatalf("%+v", idle.Status())
	}
}

func drainingGivesUp(w *World) {
	turnstile, handle := w.slow()
	server := w.Serve(w.incrementServer(handle, 8))
	c := w.Incrementer()
	call := make(chan error, 1)
	go func() {
		_, err := c.Call(1)
		call <- err
	}()
	turnstile.Meet(w)
	w.Within(conformance.Short+conformance.AtOnce, "the drain", func() {
		if server.Drain(conformance.Short) {
			w.Error("a request was under way")
		}
	})
	// For the request, and for its retry if it came through before the stop.
	turnstile.Release()
	turnstile.Release()
	if <-call == nil {
		w.Fatal("the server has stopped")
	}
	server.Join()
	idle := w.Serve(w.IncrementServer())
	if !idle.Drain(conformance.Soon) {
		w.Fatal("nothing was under way")
	}
	idle.Join()
}

func aStoppedServerNeverRuns(w *World) {
	server := w.IncrementServer()
	server.Stop()
	w.AtOnce("running", func() { w.No(server.Run()) })
	w.Fails(server.Bind(), service.ErrAborted)
	w.Files(0)

	server = w.IncrementServer()
	w.No(server.Bind())
	server.Stop()
	w.No(server.Run())
	w.Files(0)

	running := w.Serve(w.IncrementServer())
	c := w.Incrementer()
	w.AtOnce("the stop", func() { running.Finish() })
	if _, err := c.Call(1); err == nil {
		w.Fatal("nobody is there")
	}
}

func anEndpointHasOneServer(w *World) {
	server := w.Serve(w.IncrementServer())
	c := w.Incrementer()
	w.No(server.Bind())
	w.increments(c, 0)
	w.Fails(server.Run(), service.ErrBusy)
	w.Fails(w.IncrementServer().Bind(), service.ErrAddressInUse)
	w.increments(c, 1)
}

func statisticsAddUp(w *World) {
	server := w.Serve(w.incrementServer(func(n uint64) (uint64, bool) {
		for began := time.Now(); n == 7 && time.Since(began) < 5*time.Millisecond; {
		}
		return n + 1, true
	}, 8))
	c := w.Incrementer()
	for n := range uint64(10) {
		w.increments(c, n)
	}
	if stats := server.Stats(); stats.SessionsNow != 1 {
		w.Fatalf("%d sessions", stats.SessionsNow)
	}
	_, err := c.CallBatch([]uint64{1, 2, 3})
	w.No(err)
	counters, stats := c.Counters(), server.Finish()
	if stats.SessionsNow != 0 || stats.SessionsTotal != 2 || stats.OK != 11 || stats.Requests() != 11 || stats.Refused != 0 {
		w.Fatalf("%+v", stats)
	}
	if stats.BytesReceived != counters.BytesSent || stats.BytesSent != counters.BytesReceived {
		w.Fatalf("%+v and %+v", stats, counters)
	}
	for _, times := range []service.Histogram{stats.HandlerTime, stats.TotalTime} {
		if times.Count() != 11 || times.Sum() < 5*time.Millisecond ||
			times.AtMost(10*time.Second) != 11 || times.AtMost(3*time.Millisecond) > 10 {
			w.Fatalf("%+v", times)
		}
	}
	if stats.TotalTime.Sum() < stats.HandlerTime.Sum() {
		w.Fatal("the total has the handler's time in it")
	}
}

func nothingStaysBehind(w *World) {
	before := runtime.NumGoroutine()
	server := w.Serve(w.IncrementServer())
	c := w.Incrementer()
	w.increments(c, 1)
	if now := runtime.NumGoroutine(); now <= before {
		w.Fatalf("a session has no goroutine: %d, before %d", now, before)
	}
	server.Finish()
	w.Files(0)
	w.No(c.Close())
	// A goroutine that has told its end may not have left yet.
	for limit := time.Now().Add(conformance.Soon); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(limit) {
			w.Fatalf("%d goroutines, before %d", runtime.NumGoroutine(), before)
		}
	}
}
