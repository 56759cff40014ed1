// Package string_reverse is `string-reverse`: A text in, the same bytes backwards out. It exists to test.
//
//	request
//	  0          8
//	  text span  text NUL
//	response
//	  0          8
//	  text span  text NUL
//
// Made from string-reverse.toml by netipc schema generate: change that file, not this one.
package string_reverse

import (
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
	Method:  service.Method{Code: 0x0003, Name: "string-reverse", Batches: true},
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

// Request: the text.
type Request struct {
	// Text: any bytes, NULs too. May hold NULs.
	Text protocol.CStringView
}

const requestLen = 8

// Size returns the bytes on the wire.
func (v Request) Size() int {
	return requestLen + v.Text.Len() + 1
}

// Encode writes the request to dst, which has exactly Size bytes. It fails with [protocol.ErrBadLayout] where
// it may not be sent.
func (v Request) Encode(dst []byte) error {
	end := requestLen
	protocol.PutSpan(dst[0:], end, v.Text.Len())
	copy(dst[end:], v.Text.Bytes())
	dst[end+v.Text.Len()] = 0
	end += v.Text.Len() + 1
	return nil
}

// checkRequest fails unless bytes are one.
func checkRequest(bytes []byte) error {
	if len(bytes) < requestLen {
		return protocol.NewWireError(protocol.ErrTruncated, "string-reverse request", requestLen, uint64(len(bytes)))
	}
	span0 := protocol.ReadSpan(bytes[0:])
	if uint64(span0.Offset) != uint64(requestLen) {
		return protocol.NewWireError(protocol.ErrBadLayout, "text", uint64(requestLen), uint64(span0.Offset))
	}
	if err := protocol.CheckText(bytes, requestLen, span0, "text"); err != nil {
		return err
	}
	return nil
}

// readRequest reads bytes that were checked before; no bytes are nothing.
func readRequest(bytes []byte) (v Request) {
	if len(bytes) < requestLen {
		return v
	}
	v.Text = protocol.TextAt(bytes, protocol.ReadSpan(bytes[0:]))
	return v
}

// Response: the text backwards.
type Response struct {
	// Text: the bytes of the request, last one first. May hold NULs.
	Text protocol.CStringView
}

const responseLen = 8

// Size returns the bytes on the wire.
func (v Response) Size() int {
	return responseLen + v.Text.Len() + 1
}

// Encode writes the response to dst, which has exactly Size bytes. It fails with [protocol.ErrBadLayout] where
// it may not be sent.
func (v Response) Encode(dst []byte) error {
	end := responseLen
	protocol.PutSpan(dst[0:], end, v.Text.Len())
	copy(dst[end:], v.Text.Bytes())
	dst[end+v.Text.Len()] = 0
	end += v.Text.Len() + 1
	return nil
}

// checkResponse fails unless bytes are one.
func checkResponse(bytes []byte) error {
	if len(bytes) < responseLen {
		return protocol.NewWireError(protocol.ErrTruncated, "string-reverse response", responseLen, uint64(len(bytes)))
	}
	span0 := protocol.ReadSpan(bytes[0:])
	if uint64(span0.Offset) != uint64(responseLen) {
		return protocol.NewWireError(protocol.ErrBadLayout, "text", uint64(responseLen), uint64(span0.Offset))
	}
	if err := protocol.CheckText(bytes, responseLen, span0, "text"); err != nil {
		return err
	}
	return nil
}

// readResponse reads bytes that were checked before; no bytes are nothing.
func readResponse(bytes []byte) (v Response) {
	if len(bytes) < responseLen {
		return v
	}
	v.Text = protocol.TextAt(bytes, protocol.ReadSpan(bytes[0:]))
	return v
}
