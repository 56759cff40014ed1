package protocol

import "errors"

// Dispatching without a server: the payload of a request in, a typed handler, the payload of the answer
// out, with the status to send it with. For those who drive a connection themselves; package service
// does the same for its servers.
//
// Each function answers payload into answer, which is as long as an answer may be, and returns its length
// and status: BAD_ENVELOPE for a request that cannot be decoded, LIMIT_EXCEEDED for an answer that does
// not fit, INTERNAL_ERROR where handle returns false or its answer may not be sent. The length is 0
// unless the status is OK. A panic of handle is the caller's.

// DispatchIncrement answers a request of [MethodIncrement].
func DispatchIncrement(payload, answer []byte, handle func(n uint64) (uint64, bool)) (int, Status) {
	return dispatch(payload, DecodeIncrement, func(n *uint64) (int, error) {
		next, ok := handle(*n)
		return ifHandled(ok, func() (int, error) { return EncodeIncrement(answer, next) })
	})
}

// DispatchStringReverse answers a request of [MethodStringReverse].
func DispatchStringReverse(payload, answer []byte, handle func(text []byte) ([]byte, bool)) (int, Status) {
	return dispatch(payload, DecodeStringReverse, func(text *StringReverseView) (int, error) {
		reversed, ok := handle(text.Bytes())
		return ifHandled(ok, func() (int, error) { return EncodeStringReverse(answer, reversed) })
	})
}

// DispatchCgroupsSnapshot answers a request of [MethodCgroupsSnapshot].
func DispatchCgroupsSnapshot(payload, answer []byte, handle func(*CgroupsRequest, *CgroupsBuilder) bool) (int, Status) {
	return dispatch(payload, DecodeCgroupsRequest, func(request *CgroupsRequest) (int, error) {
		var builder CgroupsBuilder
		if err := builder.Start(answer); err != nil {
			return 0, err
		}
		return finish(handle(request, &builder), builder.Finish)
	})
}

// DispatchCgroupsLookup answers a request of [MethodCgroupsLookup].
func DispatchCgroupsLookup(payload, answer []byte, handle func(*CgroupsLookupRequestView, *CgroupsLookupBuilder) bool) (int, Status) {
	return dispatch(payload, DecodeCgroupsLookupRequest, func(request *CgroupsLookupRequestView) (int, error) {
		var builder CgroupsLookupBuilder
		if err := builder.Start(*request, answer); err != nil {
			return 0, err
		}
		return finish(handle(request, &builder), builder.Finish)
	})
}

// DispatchAppsLookup answers a request of [MethodAppsLookup].
func DispatchAppsLookup(payload, answer []byte, handle func(*AppsLookupRequestView, *AppsLookupBuilder) bool) (int, Status) {
	return dispatch(payload, DecodeAppsLookupRequest, func(request *AppsLookupRequestView) (int, error) {
		var builder AppsLookupBuilder
		if err := builder.Start(*request, answer); err != nil {
			return 0, err
		}
		return finish(handle(request, &builder), builder.Finish)
	})
}

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
