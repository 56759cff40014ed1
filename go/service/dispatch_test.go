package service

import (
	"bytes"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/netipc/netipc/go/internal/session"
	"github.com/netipc/netipc/go/protocol"
)

var numbers = Service[uint64, uint64]{
	Method:  Method{Code: protocol.MethodIncrement, Name: "increment"},
	Request: Codec[uint64]{Decode: protocol.DecodeIncrement},
	Reply:   Codec[uint64]{Encode: protocol.EncodeIncrement},
}

func newDispatcher(handler Handler, log *slog.Logger) *dispatcher {
	return &dispatcher{method: handler.method, respond: handler.newResponder(), faults: &faults{}, log: log}
}

func ask(d *dispatcher, n uint64, room int) answered {
	payload := make([]byte, 8)
	_, _ = protocol.EncodeIncrement(payload, n)
	request := &session.Message{Header: protocol.RequestHeader(protocol.MethodIncrement, 1), Payload: payload}
	return d.dispatch(request, make([]byte, room))
}

// batchOf is a request of one item, as a session gives it.
func batchOf(payload []byte) *session.Message {
	batch, err := protocol.ParsePacked(payload, 0, 1, protocol.BatchRules)
	if err != nil {
		panic(err)
	}
	return &session.Message{Header: protocol.BatchHeader(protocol.MethodIncrement, 1, 1), Payload: payload, Batch: batch}
}

func TestAHandlerSaysWhichStatusItsFailureHas(t *testing.T) {
	t.Parallel()
	d := newDispatcher(ValueHandler(&numbers, func(n uint64) (uint64, error) {
		return 0, &HandlerError{Status: protocol.Status(n), Reason: "as asked"}
	}), slog.New(slog.DiscardHandler))
	for asked, want := range map[protocol.Status]answered{
		protocol.StatusUnsupported:   {status: protocol.StatusUnsupported},
		protocol.StatusBadEnvelope:   {status: protocol.StatusBadEnvelope},
		protocol.StatusLimitExceeded: {status: protocol.StatusLimitExceeded},
		protocol.StatusInternalError: {status: protocol.StatusInternalError},
		// Nothing that a handler could mean.
		protocol.StatusOK:         {status: protocol.StatusInternalError},
		protocol.StatusAuthFailed: {status: protocol.StatusInternalError},
		77:                        {status: protocol.StatusInternalError},
	} {
		got := ask(d, uint64(asked), 8)
		if got != want || got.endsSession() != (want.status != protocol.StatusUnsupported) {
			t.Errorf("%v: %+v", asked, got)
		}
	}
}

func TestAnAnswerThatDoesNotFitSaysSo(t *testing.T) {
	t.Parallel()
	quiet := slog.New(slog.DiscardHandler)
	value := newDispatcher(ValueHandler(&numbers, func(n uint64) (uint64, error) { return n, nil }), quiet)
	if got := ask(value, 1, 7); got.status != protocol.StatusLimitExceeded {
		t.Errorf("%+v", got)
	}
	// Whatever the handler says.
	built := newDispatcher(BuilderHandler(numbers.Method, protocol.DecodeIncrement, Builder[uint64, protocol.CgroupsBuilder]{
		Start:  func(b *protocol.CgroupsBuilder, _ *uint64, buf []byte) error { return b.Start(buf) },
		Finish: (*protocol.CgroupsBuilder).Finish,
	}, func(_ *uint64, b *protocol.CgroupsBuilder) error {
		_ = b.Add(1, 1, 1, []byte("name"), []byte("path"))
		return errors.New("unlucky")
	}), quiet)
	for room, want := range map[int]protocol.Status{
		20: protocol.StatusLimitExceeded, 60: protocol.StatusLimitExceeded, 200: protocol.StatusInternalError,
	} {
		if got := ask(built, 1, room); got.status != want || got.length != 0 {
			t.Errorf("%d bytes: %+v", room, got)
		}
	}
}

func TestALengthThatCannotBeIsAnInternalError(t *testing.T) {
	t.Parallel()
	single := &session.Message{Header: protocol.RequestHeader(protocol.MethodIncrement, 1), Payload: make([]byte, 8)}
	batch := batchOf(append([]byte{0, 0, 0, 0, 8, 0, 0, 0}, make([]byte, 8)...))
	for length, want := range map[int]protocol.Status{
		-1: protocol.StatusInternalError, 8: protocol.StatusOK, 33: protocol.StatusInternalError, 1 << 30: protocol.StatusInternalError,
	} {
		wrong := numbers
		wrong.Batches = true
		wrong.Reply.Encode = func([]byte, uint64) (int, error) { return length, nil }
		d := newDispatcher(ValueHandler(&wrong, func(n uint64) (uint64, error) { return n, nil }), slog.New(slog.DiscardHandler))
		for _, request := range []*session.Message{single, batch} {
			if got := d.dispatch(request, make([]byte, 32)); got.status != want || got.endsSession() != (want != protocol.StatusOK) {
				t.Errorf("%d bytes: %+v", length, got)
			}
		}
	}
}

func TestABatchOfAMethodWithoutBatchesIsABadRequest(t *testing.T) {
	t.Parallel()
	d := newDispatcher(ValueHandler(&numbers, func(n uint64) (uint64, error) { return n, nil }), slog.New(slog.DiscardHandler))
	request := batchOf([]byte{0, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0})
	for batches, want := range map[bool]protocol.Status{false: protocol.StatusBadEnvelope, true: protocol.StatusOK} {
		d.method.Batches = batches
		if got := d.dispatch(request, make([]byte, 100)); got.status != want {
			t.Errorf("%v: %+v", batches, got)
		}
	}
}

func TestRepeatedPanicsGetALineInAHundred(t *testing.T) {
	t.Parallel()
	var lines bytes.Buffer
	d := newDispatcher(ValueHandler(&numbers, func(uint64) (uint64, error) { panic("on purpose") }),
		slog.New(slog.NewTextHandler(&lines, nil)))
	for range 150 {
		if got := ask(d, 1, 8); got.status != protocol.StatusInternalError {
			t.Fatalf("%+v", got)
		}
	}
	if n := strings.Count(lines.String(), "the handler panicked"); n != 2 {
		t.Fatalf("%d lines", n)
	}
}

// A batch that is answered at once is answered as item by item: with the same bytes or status, by the same calls of the
// handler, whatever is wrong with it.
func TestABatchAtOnceIsAnsweredAsItemByItem(t *testing.T) {
	t.Parallel()
	atOnce := numbers
	atOnce.Batches = true
	oneByOne := atOnce
	atOnce.Request.DecodeBatch = protocol.DecodeNumbers
	atOnce.Reply.Size, atOnce.Reply.FixedSize, atOnce.Reply.EncodeBatch = func(uint64) int { return 8 }, 8, protocol.EncodeNumbers
	r := rand.New(rand.NewPCG(9, 10))
	seen := map[protocol.Status]int{}
	for range 1_000 {
		requests := make([]uint64, 1+r.IntN(5))
		for i := range requests {
			requests[i] = uint64(r.IntN(20))
		}
		payload := make([]byte, 16*len(requests))
		length, _ := protocol.EncodeNumbers(payload, requests)
		if r.IntN(4) == 0 {
			protocol.PutSpan(payload[8*r.IntN(len(requests)):], 0, r.IntN(9))
		}
		room := []int{length, r.IntN(length + 1)}[r.IntN(2)]
		want, wantCalls, wantBytes := answeredBatch(&oneByOne, payload, len(requests), room)
		got, calls, answer := answeredBatch(&atOnce, payload, len(requests), room)
		if got != want || !slices.Equal(calls, wantCalls) || !bytes.Equal(answer, wantBytes) {
			t.Fatalf("%x in %d bytes: %+v with %x after %v, not %+v with %x after %v",
				payload, room, got, answer, calls, want, wantBytes, wantCalls)
		}
		seen[got.status]++
	}
	for _, status := range []protocol.Status{protocol.StatusOK, protocol.StatusBadEnvelope, protocol.StatusInternalError, protocol.StatusLimitExceeded} {
		if seen[status] < 20 {
			t.Errorf("%v came %d times", status, seen[status])
		}
	}
}

// answeredBatch answers a batch by a handler that fails for 13, and returns what it was asked.
func answeredBatch(service *Service[uint64, uint64], payload []byte, items, room int) (answered, []uint64, []byte) {
	var calls []uint64
	handler := ValueHandler(service, func(n uint64) (uint64, error) {
		calls = append(calls, n)
		if n == 13 {
			return 0, errRefused
		}
		return n + 1, nil
	})
	d := newDispatcher(handler, slog.New(slog.DiscardHandler))
	if handler.newBatchResponder != nil {
		d.respondAll = handler.newBatchResponder()
	}
	batch, err := protocol.ParsePacked(payload, 0, uint32(items), protocol.BatchRules)
	if err != nil {
		panic(err)
	}
	header := protocol.BatchHeader(protocol.MethodIncrement, 1, uint32(items))
	answer := make([]byte, room)
	a := d.dispatch(&session.Message{Header: header, Payload: payload, Batch: batch}, answer)
	return a, calls, answer[:a.length]
}

func TestALengthThatCannotBeIsNoAnswerOfABatch(t *testing.T) {
	t.Parallel()
	for _, length := range []int{-1, 17} {
		lying := numbers
		lying.Batches = true
		lying.Request.DecodeBatch = protocol.DecodeNumbers
		lying.Reply.FixedSize, lying.Reply.EncodeBatch = 8, func([]byte, []uint64) (int, error) { return length, nil }
		payload := make([]byte, 16)
		_, _ = protocol.EncodeNumbers(payload, []uint64{1})
		if got, calls, _ := answeredBatch(&lying, payload, 1, 16); got.status != protocol.StatusInternalError || len(calls) != 1 {
			t.Errorf("%d bytes: %+v after %v", length, got, calls)
		}
	}
}
