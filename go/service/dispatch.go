package service

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/netipc/netipc/go/internal/session"
	"github.com/netipc/netipc/go/protocol"
)

// answered is how a request was answered: the status of the answer, and the bytes of its payload, none
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
	// Nil where nothing answers batches at once.
	respondAll batchResponder
	faults     *faults
	log        *slog.Logger
}

// faults counts what handlers do wrong, for all sessions of a server.
type faults struct{ panics, invalidAnswers, failures logLimiter }

// dispatch answers one request into buf, which is as long as an answer may be.
func (d *dispatcher) dispatch(request *session.Message, buf []byte) (a answered) {
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
		length, err = d.callHandler(header, request.Payload, buf)
	}
	if err != nil {
		return answered{status: d.statusOf(err)}
	}
	return answered{length: length}
}

// respondBatch runs the handler for each item; the first that fails decides.
func (d *dispatcher) respondBatch(request *session.Message, buf []byte) (int, error) {
	items := request.Batch
	if !d.method.Batches || items.Len() == 0 {
		return 0, &requestError{protocol.NewWireError(protocol.ErrBadItemCount, "batch", 1, uint64(items.Len()))}
	}
	if d.respondAll != nil {
		if length, done, err := d.respondAll(items, buf); done {
			return checkLength(length, err, buf)
		}
	}
	list, err := protocol.NewPackedWriter(buf, 0, items.Len())
	if err != nil {
		return 0, err
	}
	for i := range items.Len() {
		rest, err := list.OpenRest()
		if err != nil {
			return 0, err
		}
		length, err := d.callHandler(&request.Header, items.Get(i), rest)
		if err != nil {
			return 0, err
		}
		list.Commit(length)
	}
	return list.FinishBatch()
}

// callHandler answers one request, or one item of a batch, into buf.
func (d *dispatcher) callHandler(header *protocol.Header, request, buf []byte) (int, error) {
	length, err := d.respond(protocol.MethodCode(header.Code), request, buf)
	return checkLength(length, err, buf)
}

// checkLength checks the length of an answer that was written to buf: codecs may be a caller's own.
func checkLength(length int, err error, buf []byte) (int, error) {
	if err == nil && (length < 0 || length > len(buf)) {
		return 0, fmt.Errorf("an answer of %d bytes, written to %d", length, len(buf))
	}
	return length, err
}

// statusOf is the status of the answer where answering failed with err.
func (d *dispatcher) statusOf(err error) protocol.Status {
	switch err := err.(type) {
	case *requestError:
		d.log.Debug("netipc: bad request", "service", d.method.Name, "error", err)
		return protocol.StatusBadEnvelope
	case *handlerError:
		if times, logged := d.faults.failures.count(); logged {
			d.log.Warn("netipc: the handler failed", "service", d.method.Name, "error", err, "times", times)
		}
		return err.status()
	}
	if errors.Is(err, protocol.ErrOverflow) {
		return protocol.StatusLimitExceeded
	}
	if times, logged := d.faults.invalidAnswers.count(); logged {
		d.log.Warn("netipc: the handler's answer may not be sent", "service", d.method.Name, "error", err, "times", times)
	}
	return protocol.StatusInternalError
}

func (d *dispatcher) logPanic(cause any) {
	if times, logged := d.faults.panics.count(); logged {
		d.log.Error("netipc: the handler panicked", "service", d.method.Name, "times", times,
			"panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
	}
}
