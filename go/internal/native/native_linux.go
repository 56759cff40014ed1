package native

import (
	"log/slog"

	"github.com/netipc/netipc/go/transport"
	"github.com/netipc/netipc/go/transport/posix"
)

// New returns the platform's own transport, which tells log what it did and could not do.
func New(log *slog.Logger) transport.Transport {
	return posix.New().WithLogger(log)
}
