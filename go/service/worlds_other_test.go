//go:build !linux && !windows

package service_test

import "github.com/netipc/netipc/go/transport"

// nativeWorlds are none: the platform has no transport.
var nativeWorlds []world

func native() transport.Transport { return transport.NewMemory() }

// baselineKind is what carries the baseline.
const baselineKind = transport.LinkSocket
