package service

import "github.com/netipc/netipc/go/protocol"

// AnyRequest is a request as bytes.
type AnyRequest struct {
	// Method is what is asked for.
	Method protocol.MethodCode
	// Payload is its payload, or that of one item of a batch. It is good until the handler returns.
	Payload []byte
}

// AnyHandler is the handler of a server of any methods, whose requests and answers are bytes: for
// bindings, tools, and schemas that are known at run time only. name is what the log calls it.
//
// handle writes the answer to answer, which is as long as an answer may be, and returns its length. A
// batch is handled item by item. Where handle fails, the client gets what [ValueHandler] says; for a
// method that it does not know, fail with a [HandlerError] of UNSUPPORTED, for bytes that it does not
// understand with one of BAD_ENVELOPE.
func AnyHandler(name string, handle func(request AnyRequest, answer []byte) (int, error)) Handler {
	method := Method{Name: name, Batches: true}
	if handle == nil {
		return unanswered(method, true)
	}
	respond := func(code protocol.MethodCode, payload, answer []byte) (int, error) {
		length, err := handle(AnyRequest{Method: code, Payload: payload}, answer)
		if err != nil {
			return 0, &handlerError{err}
		}
		return length, nil
	}
	return Handler{method: method, any: true, newResponder: func() responder { return respond }}
}
