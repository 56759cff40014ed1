package services

import (
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/netipc/netipc/go/internal/conformance"
	"github.com/netipc/netipc/go/internal/connection"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/string_reverse"
	"github.com/netipc/netipc/go/transport"
)

// interruptionRules are the rules of aborts, deadlines and contexts, in every phase of a call.
var interruptionRules = []rule{
	{"an abort ends a waiting call and sticks", anAbortEndsAWaitingCall},
	{"an abort ends a call to a silent server", anAbortEndsACallToASilentServer},
	{"an abort ends a reconnect", anAbortEndsAReconnect},
	{"an abort ends a refresh", anAbortEndsARefresh},
	{"a deadline ends a waiting call", aDeadlineEndsAWaitingCall},
	{"a deadline ends a call to a silent server", aDeadlineEndsACallToASilentServer},
	{"a deadline covers reconnects", aDeadlineCoversReconnects},
	{"a context ends one call", aContextEndsOneCall},
	{"a context that is done sends nothing", aDoneContextSendsNothing},
}

// large is more than any queue holds.
const large = 8 << 20

func anAbortEndsAWaitingCall(w *World) {
	turnstile, handle := w.slow()
	w.Serve(w.incrementServer(handle, 8))
	c := w.Incrementer()
	call := make(chan error, 1)
	go func() {
		_, err := c.Call(1)
		call <- err
	}()
	turnstile.Meet(w)
	c.Abort()
	w.AtOnce("the abort", func() { w.Fails(<-call, service.ErrAborted) })
	turnstile.Release()
	turnstile.Release()
	if c.State() != service.StateBroken {
		w.Fatalf("%+v", c.Status())
	}
	c.Refresh()
	if c.Ready() {
		w.Fatal("an aborted client does not connect")
	}
	c.ClearAbort()
	if !c.Refresh() {
		w.Fatalf("%+v", c.Status())
	}
	w.increments(c, 1)
	if got := c.Counters(); got.Aborts != 1 || got.Retries != 0 {
		w.Fatalf("%+v", got)
	}
	c.Abort()
	_, err := c.Call(1)
	w.Fails(err, service.ErrAborted)
	w.No(c.Close())
	turnstile.Release()
	if !c.Refresh() || !c.Ready() {
		w.Fatal("closing clears")
	}
}

func anAbortEndsACallToASilentServer(w *World) {
	c, session, script := w.silent()
	w.aborted(c, func() { script.Begins(session) }, func() error {
		_, err := c.Call(make([]byte, large-100))
		return err
	})
}

func anAbortEndsAReconnect(w *World) {
	c, session := With(w.Script(), w.loose())
	// The endpoint stays and nobody shakes hands any more.
	w.No(session.Close())
	w.aborted(c, func() { w.connecting(c) }, func() error {
		_, err := c.Call(1)
		return err
	})
	if c.State() != service.StateBroken {
		w.Fatalf("%+v", c.Status())
	}
}

func anAbortEndsARefresh(w *World) {
	w.Script()
	c := w.loose()
	refreshed := make(chan bool, 1)
	go func() { refreshed <- c.Refresh() }()
	c.Abort()
	<-refreshed
	if err := c.OpenError(); !errors.Is(err, transport.ErrAborted) {
		w.Fatal(err)
	}
	if c.State() != service.StateDisconnected {
		w.Fatalf("%+v", c.Status())
	}
}

func aDeadlineEndsAWaitingCall(w *World) {
	script := w.Script()
	c, session := With(script, w.loose())
	w.timedOut(func() error {
		_, err := c.CallWithTimeout(1, shortMs)
		return err
	})
	if got := c.Counters(); got.Timeouts != 1 || got.Retries != 0 || c.State() != service.StateBroken {
		w.Fatalf("%+v", got)
	}
	w.No(session.Close())
	c, _ = With(script, w.loose())
	c.SetCallTimeout(shortMs)
	w.timedOut(func() error {
		_, err := c.CallBatch([]uint64{1})
		return err
	})
}

func aDeadlineEndsACallToASilentServer(w *World) {
	c, session, script := w.silent()
	w.timedOut(func() error {
		_, err := c.CallWithTimeout(make([]byte, large-100), shortMs)
		return err
	})
	// The call did not end before: its first packet is still there.
	script.Begins(session)
}

func aDeadlineCoversReconnects(w *World) {
	// The request and the connect each take less than the deadline, and together more.
	const phase, deadline = 200 * time.Millisecond, 300 * time.Millisecond
	script := w.Script()
	c, session := With(script, w.loose())
	w.Play(func() {
		_, _ = Next(session)
		<-time.After(phase)
		_ = session.Close()
		<-time.After(phase)
		// A deadline of its own for the connect would make this one answer.
		if again := script.Accept(); again != nil {
			if request, err := Next(again); err == nil {
				_ = Answer(again, request.Header, protocol.StatusOK, make([]byte, 8))
			}
		}
	})
	_, err := c.CallWithTimeout(1, uint32(deadline/time.Millisecond))
	w.Fails(err, service.ErrTimeout)
	script.Leave()
	if got := c.Counters(); got.Timeouts != 1 || c.State() != service.StateBroken {
		w.Fatalf("%+v", got)
	}
}

func aContextEndsOneCall(w *World) {
	turnstile, handle := w.slow()
	w.Serve(w.incrementServer(handle, 8))
	c := w.Incrementer()
	ctx, cancel := context.WithCancel(context.Background())
	call := make(chan error, 1)
	go func() {
		_, err := c.CallContext(ctx, 1)
		call <- err
	}()
	turnstile.Meet(w)
	cancel()
	w.AtOnce("the end", func() {
		err := <-call
		w.Fails(err, service.ErrAborted)
		if !errors.Is(err, context.Canceled) {
			w.Fatalf("no context in %v", err)
		}
	})
	turnstile.ReleaseWaiting(w)
	ctx, cancel = context.WithTimeout(context.Background(), conformance.Short)
	defer cancel()
	c.Refresh()
	w.timedOut(func() error {
		_, err := c.CallContext(ctx, 1)
		if !errors.Is(err, context.DeadlineExceeded) {
			w.Errorf("no context in %v", err)
		}
		return err
	})
	turnstile.Release()
	turnstile.Release()
	c.Refresh()
	got, err := c.CallContext(context.Background(), 1)
	w.No(err)
	if got != 2 {
		w.Fatalf("%d", got)
	}
}

func aDoneContextSendsNothing(w *World) {
	w.Serve(w.IncrementServer())
	c := w.Incrementer()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := c.CallContext(ctx, 1)
	w.Fails(err, service.ErrAborted)
	if !c.Ready() || c.Counters().BytesSent != 0 || c.RefreshContext(ctx) {
		w.Fatalf("%+v", c.Status())
	}
	w.increments(c, 1)
}

// silent returns a client whose server takes no more bytes than a queue holds. The session carries a
// large request, and an answer as large: no other is made first.
func (w *World) silent() (*string_reverse.Client, *connection.Connection, *Script) {
	w.Helper()
	script := w.Script()
	script.Policy.Request.PayloadBytes = large
	script.Policy.MaxResponseBytes = large
	config := w.ClientConfig()
	config.MaxRequestPayloadBytes = large
	config.MaxResponsePayloadBytes = large
	c, session := With(script, string_reverse.NewClient(w.Dir, endpointName, config))
	return c, session, script
}

// connecting waits until c connects.
func (w *World) connecting(c client) {
	w.Helper()
	for limit := time.Now().Add(conformance.Soon); c.State() != service.StateConnecting; runtime.Gosched() {
		if time.Now().After(limit) {
			w.Fatalf("it does not connect: %+v", c.Status())
		}
	}
}

// aborted runs call and aborts it, once it is where reached waits for it.
func (w *World) aborted(c client, reached func(), call func() error) {
	w.Helper()
	done := make(chan error, 1)
	go func() { done <- call() }()
	reached()
	c.Abort()
	w.AtOnce("the abort", func() { w.Fails(<-done, service.ErrAborted) })
}

func (w *World) timedOut(call func() error) {
	w.Helper()
	w.Within(conformance.Short+conformance.AtOnce, "the deadline", func() { w.Fails(call(), service.ErrTimeout) })
}
