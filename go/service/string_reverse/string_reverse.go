// Package string_reverse is `string-reverse`: A text in, the same bytes backwards out. It exists to test.
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
)

// Client is a client of the service. Replies borrow its buffer until the next call.
type Client = service.Client[[]byte, []byte]

// Service is the request kind.
var Service = service.Service[[]byte, []byte]{
	Method:  service.Method{Code: protocol.MethodStringReverse, Name: "string-reverse", Batches: true},
	Request: value,
	Reply:   value,
}

// NewClient returns a client of the endpoint name in runDir. It connects to nothing yet.
func NewClient(runDir, name string, config ClientConfig) *Client {
	return service.NewClient(&Service, runDir, name, config)
}

// Handler is what answers the requests of a server.
type Handler struct {
	// Handle answers one request, which is not its own to keep; false is a failure. Sessions run it at
	// the same time.
	Handle func([]byte) ([]byte, bool)
}

func (h Handler) service() service.Handler {
	return service.ValueHandler(&Service, service.Checked(h.Handle))
}

// NewServer returns a server of the endpoint name in runDir, with 8 workers.
func NewServer(runDir, name string, config ServerConfig, handler Handler) *Server {
	return NewServerWithWorkers(runDir, name, config, handler, protocol.DefaultWorkers)
}

// NewServerWithWorkers returns a server with at most workers sessions at once.
func NewServerWithWorkers(runDir, name string, config ServerConfig, handler Handler, workers int) *Server {
	return service.NewServerWithWorkers(runDir, name, config, handler.service(), workers)
}

var value = service.Codec[[]byte]{
	Size:   func(text []byte) int { return protocol.StringReverseView{CStringView: protocol.CString(text)}.Size() },
	Encode: protocol.EncodeStringReverse,
	Decode: func(payload []byte) ([]byte, error) {
		view, err := protocol.DecodeStringReverse(payload)
		return view.Bytes(), err
	},
}
