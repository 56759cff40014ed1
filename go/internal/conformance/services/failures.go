package services

import (
	"errors"
	"strings"
	"sync/atomic"

	"github.com/netipc/netipc/go/internal/conformance"
	"github.com/netipc/netipc/go/internal/session"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
	"github.com/netipc/netipc/go/service/increment"
	"github.com/netipc/netipc/go/service/string_reverse"
	"github.com/netipc/netipc/go/transport"
)

// failureRules are the rules of what goes wrong while everybody is there.
var failureRules = []rule{
	{"another method is unsupported and the session goes on", anotherMethodIsUnsupported},
	{"a malformed request ends the session", aMalformedRequestEndsTheSession},
	{"a request above the limits is answered and ends the session", aRequestAboveTheLimits},
	{"a handler that fails is asked twice", aHandlerThatFailsIsAskedTwice},
	{"a panic costs one session", aPanicCostsOneSession},
	{"one bad item fails its batch", oneBadItemFailsItsBatch},
	{"an answer above all limits is an overflow", anAnswerAboveAllLimits},
	{"a truncated snapshot is sent only on request", aTruncatedSnapshot},
	{"a wrong token is refused and not tried at once", aWrongTokenIsRefused},
	{"without a common profile there is no session", withoutACommonProfile},
	{"a name that cannot be is an error of the refresh", aNameThatCannotBe},
	{"a call without a session does no input or output", aCallWithoutASession},
}

func anotherMethodIsUnsupported(w *World) {
	server := w.Serve(w.IncrementServer())
	c := Connected(w, string_reverse.NewClient(w.Dir, endpointName, w.ClientConfig()))
	for range 2 {
		_, err := c.Call([]byte("x"))
		w.Fails(err, service.ErrUnsupported)
	}
	if got := c.Counters(); !c.Ready() || got.Retries != 0 || got.Reconnects != 0 {
		w.Fatalf("%+v", got)
	}
	raw := w.RawClient()
	wrong := protocol.RequestHeader(999, 5)
	answer := w.exchange(raw, wrong, []byte("whatever"))
	if answer.Header != wrong.Answer(protocol.StatusUnsupported) || len(answer.Payload) != 0 {
		w.Fatalf("%+v", answer)
	}
	right := protocol.RequestHeader(protocol.MethodIncrement, 6)
	if answer := w.exchange(raw, right, make([]byte, 8)); answer.Header.Status != protocol.StatusOK {
		w.Fatalf("%+v", answer)
	}
	if stats := server.Finish(); stats.Unsupported != 3 {
		w.Fatalf("%d unsupported", stats.Unsupported)
	}
}

func aMalformedRequestEndsTheSession(w *World) {
	server := w.Serve(w.IncrementServer())
	// A number that is too short; a batch whose second item is; and one whose item lies outside.
	shortItem := append([]byte{0, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0, 0, 3, 0, 0, 0}, make([]byte, 16)...)
	outside := append([]byte{8, 0, 0, 0, 8, 0, 0, 0}, make([]byte, 8)...)
	for _, request := range []struct {
		header  protocol.Header
		payload []byte
	}{
		{protocol.RequestHeader(protocol.MethodIncrement, 9), make([]byte, 7)},
		{protocol.BatchHeader(protocol.MethodIncrement, 9, 2), shortItem},
		{protocol.BatchHeader(protocol.MethodIncrement, 9, 1), outside},
	} {
		raw := w.RawClient()
		answer := w.exchange(raw, request.header, request.payload)
		if answer.Header != request.header.Answer(protocol.StatusBadEnvelope) || len(answer.Payload) != 0 {
			w.Fatalf("%+v", answer)
		}
		if _, err := Next(raw); !errors.Is(err, transport.ErrDisconnected) {
			w.Fatalf("the session is to be over: %v", err)
		}
	}
	w.increments(w.Incrementer(), 1)
	if stats := server.Finish(); stats.BadEnvelope != 3 {
		w.Fatalf("%d bad envelopes", stats.BadEnvelope)
	}
}

func aRequestAboveTheLimits(w *World) {
	server := w.Serve(w.IncrementServer())
	raw := w.RawClient()
	// No session would send it.
	large := protocol.RequestHeader(protocol.MethodIncrement, 9)
	large.PayloadLen = 1 << 30
	w.No(raw.SendLast(large, transport.Timeout(conformance.Soon)))
	var answer *session.Error
	if _, err := Next(raw); !errors.As(err, &answer) || answer.Header != large.Answer(protocol.StatusLimitExceeded) {
		w.Fatalf("%v", err)
	}
	w.increments(w.Incrementer(), 1)
	if stats := server.Finish(); stats.LimitExceeded != 1 || stats.OK != 1 {
		w.Fatalf("%+v", stats)
	}
}

func aHandlerThatFailsIsAskedTwice(w *World) {
	var asked atomic.Int64
	server := w.Serve(w.incrementServer(func(n uint64) (uint64, bool) {
		before := asked.Add(1) - 1
		// Fails for good, once, and never.
		return n + 1, n != 0 && (n != 1 || before != 2)
	}, 8))
	c := w.Incrementer()
	_, err := c.Call(0)
	w.Fails(err, service.ErrHandlerFailed)
	if asked.Load() != 2 || c.State() != service.StateBroken {
		w.Fatalf("asked %d times, %v", asked.Load(), c.State())
	}
	c.Refresh()
	w.increments(c, 1)
	if got := c.Counters(); got.Errors != 1 || got.Retries != 2 || got.Calls != 1 {
		w.Fatalf("%+v", got)
	}
	if stats := server.Finish(); stats.InternalError != 3 {
		w.Fatalf("%d internal errors", stats.InternalError)
	}
}

func aPanicCostsOneSession(w *World) {
	server := w.Serve(w.incrementServer(func(n uint64) (uint64, bool) {
		if n == 13 {
			panic("unlucky on purpose")
		}
		return n + 1, true
	}, 8))
	other, c := w.Incrementer(), w.Incrementer()
	_, err := c.Call(13)
	w.Fails(err, service.ErrHandlerFailed)
	w.increments(other, 1)
	if got := other.Counters(); got.Reconnects != 0 {
		w.Fatalf("%+v", got)
	}
	c.Refresh()
	w.increments(c, 14)
	if stats := server.Finish(); stats.InternalError != 2 {
		w.Fatalf("%d internal errors", stats.InternalError)
	}
}

func oneBadItemFailsItsBatch(w *World) {
	w.Serve(w.incrementServer(func(n uint64) (uint64, bool) { return n + 1, n < 500 }, 8))
	c := w.Incrementer()
	_, err := c.CallBatch([]uint64{1, 2, 500, 3})
	w.Fails(err, service.ErrHandlerFailed)
	c.Refresh()
	reply, err := c.CallBatch([]uint64{1, 2, 3})
	w.No(err)
	if last, _ := reply.Get(2); last != 4 {
		w.Fatalf("%d", last)
	}
}

func anAnswerAboveAllLimits(w *World) {
	serving := w.ServerConfig()
	serving.MaxResponsePayloadBytes = 100_000
	server := w.Serve(w.snapshotServer(serving, Snapshots(3000, 100)))
	c := w.snapshots(w.ClientConfig())
	for range 2 {
		c.Refresh()
		_, err := c.CallSnapshot()
		w.Fails(err, service.ErrOverflow)
		if !strings.Contains(err.Error(), "100000") {
			w.Fatalf("no limit in %q", err)
		}
	}
	if stats := server.Finish(); stats.LimitExceeded < 2 || stats.LimitExceeded > 10 {
		w.Fatalf("%d attempts", stats.LimitExceeded)
	}
	config := w.ClientConfig()
	config.MaxRequestPayloadBytes = 100
	texts := w.reverser(config)
	_, err := texts.Call(pattern(101, 0))
	w.Fails(err, service.ErrOverflow)
	if !texts.Ready() || texts.Counters().BytesSent != 0 {
		w.Fatal("nothing was to be sent")
	}
}

func aTruncatedSnapshot(w *World) {
	config := w.ServerConfig()
	config.MaxResponsePayloadBytes = 4096
	for _, truncate := range []bool{false, true} {
		server := w.Serve(w.snapshotServer(config, cgroups_snapshot.Handler{
			Handle: func(_ *protocol.CgroupsRequest, answer *protocol.CgroupsBuilder) bool {
				for answer.Add(1, 0, 1, []byte("name"), []byte("path")) == nil {
				}
				if truncate {
					answer.AcceptTruncated()
				}
				return true
			},
		}))
		view, err := w.snapshots(w.ClientConfig()).CallSnapshot()
		if !truncate {
			w.Fails(err, service.ErrOverflow)
		} else if w.No(err); view.ItemCount < 50 || view.ItemCount >= 100 {
			w.Fatalf("%d items", view.ItemCount)
		}
		server.Finish()
	}
}

func aWrongTokenIsRefused(w *World) {
	server := w.Serve(w.IncrementServer())
	config := w.ClientConfig()
	config.AuthToken = 1
	c := closed(w, increment.NewClient(w.Dir, endpointName, config))
	if !c.Refresh() || c.State() != service.StateAuthFailed {
		w.Fatalf("%+v", c.Status())
	}
	for range 10 {
		if c.Refresh() {
			w.Fatal("tried at once")
		}
	}
	_, err := c.Call(1)
	w.Fails(err, service.ErrNotReady)
	for _, part := range []string{"auth failed", w.Endpoint().String()} {
		if !strings.Contains(err.Error(), part) {
			w.Fatalf("no %q in %q", part, err)
		}
	}
	w.increments(w.Incrementer(), 1)
	if stats := server.Finish(); stats.Refused != 1 {
		w.Fatalf("%d refused", stats.Refused)
	}
}

func withoutACommonProfile(w *World) {
	w.Serve(w.IncrementServer())
	config := w.ClientConfig()
	// Reserved, so that nobody implements it.
	config.SupportedProfiles = protocol.ProfileSHMWaitAddr
	c := closed(w, increment.NewClient(w.Dir, endpointName, config))
	if !c.Refresh() || c.State() != service.StateIncompatible || c.Refresh() || c.Status().LastError == "" {
		w.Fatalf("%+v", c.Status())
	}
}

func aNameThatCannotBe(w *World) {
	c := closed(w, increment.NewClient(w.Dir, "../evil", w.ClientConfig()))
	c.Refresh()
	if c.Ready() || !strings.Contains(c.Status().LastError, "../evil") {
		w.Fatalf("%+v", c.Status())
	}
	server := increment.NewServer(w.Dir, "../evil", w.ServerConfig(), increment.Handler{Handle: increment.Next})
	w.Fails(server.Run(), service.ErrInvalidRequest)
	w.Fails(service.NewServer(w.Dir, endpointName, w.ServerConfig(), service.Handler{}).Bind(), service.ErrInvalidRequest)
}

func aCallWithoutASession(w *World) {
	server := w.Serve(w.IncrementServer())
	c := w.loose()
	_, single := c.Call(1)
	_, batch := c.CallBatch([]uint64{1})
	pipelined := c.CallPipelined([]uint64{1}, 1, func(int, uint64) {})
	for _, err := range []error{single, batch, pipelined} {
		w.Fails(err, service.ErrNotReady)
	}
	if c.Counters().Errors != 3 || server.Stats().SessionsTotal != 0 {
		w.Fatalf("%+v", c.Counters())
	}
	w.Within(conformance.AtOnce, "closing", func() { w.No(c.Close()) })
}
