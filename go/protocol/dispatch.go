package protocol

import "errors"

// Dispatching without a server: the payload of a request in, a typed handler, the payload of the answer
// out, with the status to send it with. For those who drive a connection themselves; package service
// does the same for its servers.
//
// Each function, which stands behind the codec of its kind, answers payload into answer, which is as long as an answer may be, and returns its length
// and status: BAD_ENVELOPE for a request that cannot be decoded, LIMIT_EXCEEDED for an answer that does
// not fit, INTERNAL_ERROR where handle returns false or its answer may not be sent. The length is 0
// unless the status is OK. A panic of handle is the caller's.

// errNotHandled: the handler returned false.
var errNotHandled = errors.New("the handler returned false")

// dispatch decodes the request and has it answered.
func dispatch[Q any](payload []byte, decode func([]byte) (Q, error), respond func(*Q) (int, error)) (int, Status) {
	request, err := decode(payload)
	if err != nil {
		return 0, StatusBadEnvelope
	}
	length, err := respond(&request)
	switch {
	case err == nil:
		return length, StatusOK
	case errors.Is(err, ErrOverflow):
		return 0, StatusLimitExceeded
	}
	return 0, StatusInternalError
}

func ifHandled(ok bool, encode func() (int, error)) (int, error) {
	if !ok {
		return 0, errNotHandled
	}
	return encode()
}

// finish ends an answer that was built. One that did not fit says so, whatever the handler made of it.
func finish(ok bool, end func() (int, error)) (int, error) {
	length, err := end()
	if !ok && !errors.Is(err, ErrOverflow) {
		return 0, errNotHandled
	}
	return length, err
}
