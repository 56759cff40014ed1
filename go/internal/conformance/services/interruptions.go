package services

import (
	"context"
	"errors"
	"time"

	"github.com/netipc/netipc/go/internal/conformance"
	"github.com/netipc/netipc/go/internal/connection"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/string_reverse"
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
	c, _ := w.silent()
	w.aborted(c, func() error {
		_, err := c.Call(make([]byte, large-100))
		return err
	})
}

func anAbortEndsAReconnect(w *World) {
	c, session := With(w.Script(), w.loose())
	// The endpoint stays and nobody shakes hands any more.
	w.No(session.Close())
	w.aborted(c, func() error {
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
	w.AtOnce("the abort", func() { <-refreshed })
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
	c, _ := w.silent()
	w.timedOut(func() error {
		_, err := c.CallWithTimeout(make([]byte, large-100), shortMs)
		return err
	})
}

func aDeadlineCoversReconnects(w *World) {
	c, session := With(w.Script(), w.loose())
	w.No(session.Close())
	w.timedOut(func() error {
		_, err := c.CallWithTimeout(1, shortMs)
		return err
	})
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
	turnstile.Release()
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

// silent returns a client whose server takes no more bytes than a queue holds.
func (w *World) silent() (*string_reverse.Client, *connection.Connection) {
	w.Helper()
	script := w.Script()
	script.Policy.Request.PayloadBytes = large
	config := w.ClientConfig()
	config.MaxRequestPayloadBytes = large
	return With(script, string_reverse.NewClient(w.Dir, endpointName, config))
}

// aborted runs call and aborts it, once while it is likely to wait.
func (w *World) aborted(c client, call func() error) {
	w.Helper()
	done := make(chan error, 1)
	go func() { done <- call() }()
	// Whenever it comes, the outcome is the same; waiting a little makes it likely to come in the
	// middle.
	<-time.After(5 * time.Millisecond)
	c.Abort()
	w.AtOnce("the abort", func() { w.Fails(<-done, service.ErrAborted) })
}

func (w *World) timedOut(call func() error) {
	w.Helper()
	w.Within(conformance.Short+conformance.AtOnce, "the deadline", func() { w.Fails(call(), service.ErrTimeout) })
}
