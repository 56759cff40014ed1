//go:build linux

package posix

import (
	"runtime/debug"

	"github.com/netipc/netipc/go/transport"
)

// errTruncated ends a session whose region has lost its memory.
var errTruncated = &transport.ProtocolError{What: "the file of the shared region was truncated"}

// Whoever touches a region begins with
//
//	defer r.caught(debug.SetPanicOnFault(true), &err)
//
// as a peer of the same user can truncate its file at any time: the next touch is a SIGBUS then, which would end
// the process.

// caught ends a part that touches the region: a touch of memory that is gone becomes errTruncated. before is what
// [debug.SetPanicOnFault] returned.
func (r *region) caught(before bool, err *error) {
	debug.SetPanicOnFault(before)
	fault := recover()
	if fault == nil {
		return
	}
	if touched, ok := fault.(interface{ Addr() uintptr }); !ok || !r.mapping.contains(touched.Addr()) {
		panic(fault)
	}
	*err = errTruncated
}

// begin writes the header of a new region, which has a name by now, and so may be gone: all else was never written and
// reads as 0.
func (r *region) begin(header [regionHeader]byte) (err error) {
	defer r.caught(debug.SetPanicOnFault(true), &err)
	copy(r.mapping.bytes, header[:])
	return nil
}

// ring is the ring of a slot of the region, which may be gone.
func (r *region) ring(s *slot) (err error) {
	defer r.caught(debug.SetPanicOnFault(true), &err)
	s.ring()
	return nil
}

// published is the published of both slots of the region, which may be gone.
func (r *region) published(outgoing, incoming *slot) (sent, taken uint64, err error) {
	defer r.caught(debug.SetPanicOnFault(true), &err)
	return outgoing.published(), incoming.published(), nil
}
