//go:build windows

package windows

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/netipc/netipc/go/transport"
)

const (
	// regionHeader is the bytes of the header of a region.
	regionHeader  = 128
	regionMagic   = 0x4e535748
	regionVersion = 3
	// regionAlign: areas are whole cache lines.
	regionAlign = 64
	// spinTries is how often a receiver looks before it waits, as our servers write it.
	spinTries = 1024
	// mostSpinTries is how often ours looks at most, whatever the server writes.
	mostSpinTries = 4096
)

// Where the words of a region are.
const (
	spinTriesAt   = 32
	requestLen    = 36
	responseLen   = 40
	clientClosed  = 44
	serverWaiting = 48
	serverClosed  = 52
	clientWaiting = 56
	requestSeq    = 64
	responseSeq   = 72
)

// layout is where the two areas of a region are, and how often to look before waiting.
type layout struct {
	request, response span
	spinTries         uint32
}

// span is one area.
type span struct {
	offset, capacity uint32
}

// flaw is what is wrong with a region. Waiting for its writer does not help.
type flaw struct{ why string }

func (f *flaw) Error() string { return f.why }

func permanentFlaw(why string, args ...any) error { return &flaw{why: fmt.Sprintf(why, args...)} }

// planLayout returns the areas that plan needs, or false when they are beyond what the header can
// say.
func planLayout(plan transport.SessionPlan) (layout, bool) {
	request, fits1 := aligned(plan.RequestBytes)
	response, fits2 := aligned(plan.ResponseBytes)
	end := regionHeader + uint64(request) + uint64(response)
	return layout{
		request:   span{offset: regionHeader, capacity: request},
		response:  span{offset: regionHeader + request, capacity: response},
		spinTries: spinTries,
	}, fits1 && fits2 && end <= math.MaxUint32
}

func aligned(bytes uint64) (uint32, bool) {
	if bytes > math.MaxUint32-regionAlign {
		return 0, false
	}
	return uint32(max(bytes, 1)+regionAlign-1) / regionAlign * regionAlign, true
}

// decodeLayout checks a private copy of the header of a view of so many bytes. It fails with a *flaw.
func decodeLayout(header *[regionHeader]byte, view uint64, plan transport.SessionPlan) (layout, error) {
	le := binary.LittleEndian
	for _, field := range [...]struct {
		at    int
		want  uint32
		field string
	}{
		{0, regionMagic, "magic number"}, {4, regionVersion, "version"}, {8, regionHeader, "header length"}, {12, plan.Profile, "profile"},
	} {
		if found := le.Uint32(header[field.at:]); found != field.want {
			return layout{}, permanentFlaw("its %s is 0x%x and not 0x%x", field.field, found, field.want)
		}
	}
	l := layout{
		request:   span{offset: le.Uint32(header[16:]), capacity: le.Uint32(header[20:])},
		response:  span{offset: le.Uint32(header[24:]), capacity: le.Uint32(header[28:])},
		spinTries: min(le.Uint32(header[spinTriesAt:]), mostSpinTries),
	}
	if why := l.check(view); why != "" {
		return layout{}, permanentFlaw("%s", why)
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
func (l layout) encode(profile uint32) [regionHeader]byte {
	var header [regionHeader]byte
	for i, word := range [...]uint32{
		regionMagic, regionVersion, regionHeader, profile,
		l.request.offset, l.request.capacity, l.response.offset, l.response.capacity, l.spinTries,
	} {
		binary.LittleEndian.PutUint32(header[4*i:], word)
	}
	return header
}

// size returns the bytes of the whole region.
func (l layout) size() uint64 { return l.response.end() }

// check says what is wrong with the areas, if anything is.
func (l layout) check(view uint64) string {
	for _, field := range [...]uint32{l.request.offset, l.request.capacity, l.response.offset, l.response.capacity} {
		if field == 0 || field%regionAlign != 0 {
			return "an offset or a capacity is 0 or no multiple of 64"
		}
	}
	switch {
	case l.request.offset < regionHeader:
		return "its areas lie in its header"
	case uint64(l.response.offset) < l.request.end():
		return "its areas overlap"
	case l.response.end() > view:
		return "its areas are larger than its mapping"
	}
	return ""
}

func (s span) end() uint64 { return uint64(s.offset) + uint64(s.capacity) }
