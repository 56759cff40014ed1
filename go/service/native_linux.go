package service

import (
	"log/slog"

	"github.com/netipc/netipc/go/transport"
	"github.com/netipc/netipc/go/transport/posix"
)

// native is the platform's own transport.
func native(log *slog.Logger) transport.Transport { return posix.New().WithLogger(log) }
