// Package increment is `increment`: A number in, the next one out. It exists to test and to measure.
//
// Made from increment.toml by netipc schema generate: change that file, not this one.
package increment

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
type Client = service.Client[uint64, uint64]

// Service is the request kind.
var Service = service.Service[uint64, uint64]{
	Method:  service.Method{Code: protocol.MethodIncrement, Name: "increment", Batches: true},
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
	Handle func(uint64) (uint64, bool)
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

var value = service.Codec[uint64]{
	Size:        func(n uint64) int { return protocol.Number(n).Size() },
	FixedSize:   8,
	Encode:      protocol.EncodeIncrement,
	Decode:      protocol.DecodeIncrement,
	EncodeBatch: protocol.EncodeNumbers,
	DecodeBatch: protocol.DecodeNumbers,
}
