//go:build !linux

package service

import (
	"log/slog"

	"github.com/netipc/netipc/go/transport"
)

// native is no transport: there is none for this platform yet. Those inside a process work.
func native(*slog.Logger) transport.Transport { return nowhere{} }

type nowhere struct{}

func (nowhere) Connect(endpoint transport.Endpoint, _ transport.Wait) (transport.Baseline, error) {
	return nil, &transport.ConnectError{Endpoint: endpoint.String(), Kind: transport.ErrUnsupported}
}

func (nowhere) Bind(endpoint transport.Endpoint, _ transport.BindOptions) (transport.Listener, error) {
	return nil, &transport.BindError{Endpoint: endpoint.String(), Kind: transport.ErrUnsupported}
}
