package service

import "github.com/netipc/netipc/go/protocol"

// Method is how a request kind is called, on the wire and in the file system.
type Method struct {
	// Code is its number on the wire.
	Code protocol.MethodCode
	// Name is the usual name of its endpoint.
	Name string
	// Batches tells whether one message may carry several requests.
	Batches bool
}

// Service is one request kind: how it is called, and the bytes of its requests and replies.
//
// A new kind is a Service in a short file of its own: clients, servers and batch calls need nothing
// else.
type Service[Q, R any] struct {
	Method
	// Request is the bytes of a request.
	Request Codec[Q]
	// Reply is the bytes of a reply.
	Reply Codec[R]
}

// Codec is how a value is written and read. Clients need the first two of requests and the last of
// replies, servers the others, unless they have a builder.
type Codec[T any] struct {
	// Size returns the bytes that Encode writes.
	Size func(value T) int
	// FixedSize is what Size returns of every value, where that is always the same; 0 is not.
	FixedSize int
	// Encode writes value to dst; it returns its length.
	Encode func(dst []byte, value T) (int, error)
	// Decode reads and validates a payload. What it returns may borrow the payload.
	Decode func(payload []byte) (T, error)
	// EncodeBatch writes the payload of a batch of values to dst at once; it returns its length. Nil is Encode for each,
	// as [protocol.EncodeBatch] lays them out.
	EncodeBatch func(dst []byte, values []T) (int, error)
	// DecodeBatch reads and validates every item of a batch into values, which has a place for each. Nil is Decode for
	// each.
	DecodeBatch func(values []T, batch protocol.Packed) error
}
