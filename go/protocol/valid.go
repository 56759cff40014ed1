package protocol

import "github.com/netipc/netipc/go/internal/valid"

// Valid is the proof that bytes were found to be a T. Decoders alone make it, so that what reads it
// need not look at anything twice; nobody outside this module can make another than the zero value,
// which has no bytes.
type Valid[T any] = valid.Bytes[T]
