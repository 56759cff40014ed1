// Package increment is `increment`: A number in, the next one out. It exists to test and to measure.
//
//	request
//	  0      8
//	  value
//	response
//	  0      8
//	  value
//
// Made from increment.toml by netipc schema generate: change that file, not this one.
package increment

import (
	"encoding/binary"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
)

type (
	// ClientConfig is how a client connects and calls.
	ClientConfig = service.ClientConfig
	// ServerConfig is how a server accepts and answers.
	ServerConfig = service.ServerConfig
	// Server is a server of the service.
	Server = service.Server
	// Client is a client of the service. Responses borrow its buffer until the next call.
	Client = service.Client[Request, Response]
)

// Service is the request kind.
var Service = service.Service[Request, Response]{
	Method:  service.Method{Code: 0x0001, Name: "increment", Batches: true},
	Request: service.Codec[Request]{Size: Request.Size, Encode: protocol.Encode[Request], Decode: DecodeRequest},
	Reply:   service.Codec[Response]{Size: Response.Size, Encode: protocol.Encode[Response], Decode: DecodeResponse},
}

// NewClient returns a client of the endpoint name in runDir. It connects to nothing yet.
func NewClient(runDir, name string, config ClientConfig) *Client {
	return service.NewClient(&Service, runDir, name, config)
}

// NewServer returns a server of the endpoint name in runDir that answers with handle. Sessions run it at the same
// time.
func NewServer(runDir, name string, config ServerConfig, handle func(Request) (Response, error)) *Server {
	return service.NewServer(runDir, name, config, service.ValueHandler(&Service, handle))
}

// DecodeRequest reads and validates bytes, which it may borrow. It fails with [protocol.ErrTruncated],
// [protocol.ErrBadLayout], [protocol.ErrOutOfBounds] or [protocol.ErrMissingNul].
func DecodeRequest(bytes []byte) (Request, error) {
	if err := checkRequest(bytes); err != nil {
		return Request{}, err
	}
	return readRequest(bytes), nil
}

// DecodeResponse reads and validates bytes, which it may borrow. It fails with [protocol.ErrTruncated],
// [protocol.ErrBadLayout], [protocol.ErrOutOfBounds] or [protocol.ErrMissingNul].
func DecodeResponse(bytes []byte) (Response, error) {
	if err := checkResponse(bytes); err != nil {
		return Response{}, err
	}
	return readResponse(bytes), nil
}

// Request: the number.
type Request struct {
	// Value: any number.
	Value uint64
}

const requestLen = 8

// Size returns the bytes on the wire.
func (v Request) Size() int {
	return requestLen
}

// Encode writes the request to dst, which has exactly Size bytes. It fails with [protocol.ErrBadLayout] where
// it may not be sent.
func (v Request) Encode(dst []byte) error {
	binary.LittleEndian.PutUint64(dst[0:], v.Value)
	return nil
}

// checkRequest fails unless bytes are one.
func checkRequest(bytes []byte) error {
	if len(bytes) < requestLen {
		return protocol.NewWireError(protocol.ErrTruncated, "increment request", requestLen, uint64(len(bytes)))
	}
	return nil
}

// readRequest reads bytes that were checked before; no bytes are nothing.
func readRequest(bytes []byte) (v Request) {
	if len(bytes) < requestLen {
		return v
	}
	v.Value = binary.LittleEndian.Uint64(bytes[0:])
	return v
}

// Response: the next number.
type Response struct {
	// Value: the number plus one; 0 after the largest.
	Value uint64
}

const responseLen = 8

// Size returns the bytes on the wire.
func (v Response) Size() int {
	return responseLen
}

// Encode writes the response to dst, which has exactly Size bytes. It fails with [protocol.ErrBadLayout] where
// it may not be sent.
func (v Response) Encode(dst []byte) error {
	binary.LittleEndian.PutUint64(dst[0:], v.Value)
	return nil
}

// checkResponse fails unless bytes are one.
func checkResponse(bytes []byte) error {
	if len(bytes) < responseLen {
		return protocol.NewWireError(protocol.ErrTruncated, "increment response", responseLen, uint64(len(bytes)))
	}
	return nil
}

// readResponse reads bytes that were checked before; no bytes are nothing.
func readResponse(bytes []byte) (v Response) {
	if len(bytes) < responseLen {
		return v
	}
	v.Value = binary.LittleEndian.Uint64(bytes[0:])
	return v
}
