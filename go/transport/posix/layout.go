//go:build linux

package posix

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/netipc/netipc/go/transport"
)

const (
	// regionHeader is the bytes of the header of a region.
	regionHeader  = 64
	regionMagic   = 0x4e53484d
	regionVersion = 3
	// regionAlign: header and areas are whole cache lines.
	regionAlign = 64
)

// Where the words of a region are.
const (
	requestSeq     = 32
	responseSeq    = 40
	requestLen     = 48
	responseLen    = 52
	requestSignal  = 56
	responseSignal = 60
)

// layout is where the two areas of a region are.
type layout struct {
	request, response span
}

// span is one area.
type span struct {
	offset, capacity uint32
}

// owner is who made a region.
type owner struct {
	pid int32
	// Never 0.
	generation uint32
}

// flaw is what is wrong with a region.
type flaw struct {
	why string
	// Whether the header is finished, so that waiting for its writer does not help.
	permanent bool
}

func (f *flaw) Error() string { return f.why }

func unfinishedFlaw(why string) error { return &flaw{why: why} }

func permanentFlaw(why string, args ...any) error {
	return &flaw{why: fmt.Sprintf(why, args...), permanent: true}
}

// planLayout returns the areas that plan needs, or false when they are beyond what the header can
// say.
func planLayout(plan transport.SessionPlan) (layout, bool) {
	request, fits1 := aligned(plan.RequestBytes)
	response, fits2 := aligned(plan.ResponseBytes)
	end := regionAlign + uint64(request) + uint64(response)
	return layout{
		request:  span{offset: regionAlign, capacity: request},
		response: span{offset: regionAlign + request, capacity: response},
	}, fits1 && fits2 && end <= math.MaxUint32
}

func aligned(bytes uint64) (uint32, bool) {
	if bytes > math.MaxUint32-regionAlign {
		return 0, false
	}
	return uint32(max(bytes, 1)+regionAlign-1) / regionAlign * regionAlign, true
}

// decodeLayout checks a private copy of the header of a file of fileSize bytes. It fails with a
// *flaw.
func decodeLayout(header *[regionHeader]byte, fileSize int64, plan transport.SessionPlan) (layout, error) {
	le := binary.LittleEndian
	if le.Uint32(header[0:]) != regionMagic {
		return layout{}, unfinishedFlaw("it has no magic number")
	}
	if version := le.Uint16(header[4:]); version == 0 {
		return layout{}, unfinishedFlaw("it has no version yet")
	} else if version != regionVersion {
		return layout{}, permanentFlaw("its version is %d and not %d", version, regionVersion)
	}
	if le.Uint16(header[6:]) != regionHeader {
		return layout{}, unfinishedFlaw("its header has another size")
	}
	l := layout{
		request:  span{offset: le.Uint32(header[16:]), capacity: le.Uint32(header[20:])},
		response: span{offset: le.Uint32(header[24:]), capacity: le.Uint32(header[28:])},
	}
	if why := l.check(fileSize); why != "" {
		return layout{}, unfinishedFlaw(why)
	}
	if have := l.request.capacity; uint64(have) < plan.RequestBytes {
		return layout{}, permanentFlaw("its request area has %d bytes and the session needs %d", have, plan.RequestBytes)
	}
	if have := l.response.capacity; uint64(have) < plan.ResponseBytes {
		return layout{}, permanentFlaw("its response area has %d bytes and the session needs %d", have, plan.ResponseBytes)
	}
	return l, nil
}

// encode returns the header as bytes, all counters 0.
func (l layout) encode(by owner) [regionHeader]byte {
	var header [regionHeader]byte
	le := binary.LittleEndian
	le.PutUint32(header[0:], regionMagic)
	le.PutUint16(header[4:], regionVersion)
	le.PutUint16(header[6:], regionHeader)
	le.PutUint32(header[8:], uint32(by.pid))
	le.PutUint32(header[12:], by.generation)
	le.PutUint32(header[16:], l.request.offset)
	le.PutUint32(header[20:], l.request.capacity)
	le.PutUint32(header[24:], l.response.offset)
	le.PutUint32(header[28:], l.response.capacity)
	return header
}

// size returns the bytes of the whole region.
func (l layout) size() int64 { return int64(l.response.end()) }

// check says what is wrong with the areas, if anything is.
func (l layout) check(fileSize int64) string {
	for _, field := range [...]uint32{l.request.offset, l.request.capacity, l.response.offset, l.response.capacity} {
		if field == 0 || field%regionAlign != 0 {
			return "an offset or a capacity is 0 or no multiple of 64"
		}
	}
	switch {
	case uint64(l.response.offset) < l.request.end():
		return "its areas overlap"
	case l.response.end() > math.MaxUint32:
		return "its areas overflow"
	case l.response.end() > uint64(fileSize):
		return "its areas are larger than its file"
	}
	return ""
}

func (s span) end() uint64 { return uint64(s.offset) + uint64(s.capacity) }

// ownerOf returns who made the region of this header; false when it is none.
func ownerOf(header *[regionHeader]byte) (owner, bool) {
	le := binary.LittleEndian
	by := owner{pid: int32(le.Uint32(header[8:])), generation: le.Uint32(header[12:])}
	return by, le.Uint32(header[0:]) == regionMagic && by.generation != 0
}
