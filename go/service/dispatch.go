package service

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/netipc/netipc/go/internal/session"
	"github.com/netipc/netipc/go/protocol"
)

// answered is how a request was answered: what the client is told, and the bytes of the answer, none
// unless the status is OK.
type answered struct {
	status protocol.Status
	length int
}

// endsSession tells whether the session ends after the answer.
func (a answered) endsSession() bool {
	return a.status != protocol.StatusOK && a.status != protocol.StatusUnsupported
}

// dispatcher turns requests into answers for one session.
type dispatcher struct {
	method  Method
	any     bool
	respond responder
	faults  *faults
	log     *slog.Logger
}

// faults counts what handlers do wrong, for all sessions of a server.
type faults struct{ panics, mistakes, failures repeats }

// dispatch answers one request into buf, which is as long as an answer may be.
func (d *dispatcher) dispatch(request session.Message, buf []byte) (a answered) {
	defer func() {
		if cause := recover(); cause != nil {
			d.logPanic(cause)
			a = answered{status: protocol.StatusInternalError}
		}
	}()
	header := &request.Header
	if !d.any && header.Code != uint16(d.method.Code) {
		return answered{status: protocol.StatusUnsupported}
	}
	var length int
	var err error
	if header.Flags.IsBatch() {
		length, err = d.respondBatch(request, buf)
	} else {
		length, err = d.run(header, request.Payload, buf)
	}
	if err != nil {
		return answered{status: d.statusOf(err)}
	}
	return answered{length: length}
}

// respondBatch runs the handler for each item; the first that fails decides.
func (d *dispatcher) respondBatch(request session.Message, buf []byte) (int, error) {
	items := request.Batch
	if !d.method.Batches || items.Len() == 0 {
		return 0, &requestError{protocol.NewWireError(protocol.ErrBadItemCount, "batch", 1, uint64(items.Len()))}
	}
	list, err := protocol.NewPackedWriter(buf, 0, items.Len())
	if err != nil {
		return 0, err
	}
	for i := range items.Len() {
		room, err := list.OpenRest()
		if err != nil {
			return 0, err
		}
		length, err := d.run(&request.Header, items.Get(i), room)
		if err != nil {
			return 0, err
		}
		list.Commit(length)
	}
	return list.FinishBatch()
}

// run runs the handler. A codec may be anybody's: no length beyond room is believed.
func (d *dispatcher) run(header *protocol.Header, request, room []byte) (int, error) {
	length, err := d.respond(protocol.MethodCode(header.Code), request, room)
	if err == nil && (length < 0 || length > len(room)) {
		return 0, fmt.Errorf("an answer of %d bytes, written to %d", length, len(room))
	}
	return length, err
}

// statusOf is what a client is told of err.
func (d *dispatcher) statusOf(err error) protocol.Status {
	switch err := err.(type) {
	case *requestError:
		d.log.Debug("netipc: bad request", "service", d.method.Name, "error", err)
		return protocol.StatusBadEnvelope
	case *handlerError:
		if times, line := d.faults.failures.note(); line {
			d.log.Warn("netipc: the handler failed", "service", d.method.Name, "error", err, "times", times)
		}
		return err.status()
	}
	if errors.Is(err, protocol.ErrOverflow) {
		return protocol.StatusLimitExceeded
	}
	if times, line := d.faults.mistakes.note(); line {
		d.log.Warn("netipc: the handler's answer may not be sent", "service", d.method.Name, "error", err, "times", times)
	}
	return protocol.StatusInternalError
}

func (d *dispatcher) logPanic(cause any) {
	if times, line := d.faults.panics.note(); line {
		d.log.Error("netipc: the handler panicked", "service", d.method.Name, "times", times,
			"panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
	}
}
