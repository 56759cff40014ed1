package protocol

import (
	"bytes"
	"math"
)

// align8 rounds up to the wire's alignment.
func align8(n int) int { return (n + 7) &^ 7 }

// Span is an offset and a length: where a string lies in its item, NUL not counted, or an item in
// its list.
type Span struct{ Offset, Len uint32 }

// spanAt reads the first 8 bytes of b.
func spanAt(b []byte) Span {
	bits := le.Uint64(b)
	return Span{Offset: uint32(bits), Len: uint32(bits >> 32)}
}

// spanBits returns a span as it is written.
func spanBits(offset, length int) uint64 { return uint64(uint32(offset)) | uint64(length)<<32 }

// end returns one past the closing NUL of a string.
func (s Span) end() uint64 { return uint64(s.Offset) + uint64(s.Len) + 1 }

// apartFrom tells whether the two strings, NULs included, share no byte.
func (s Span) apartFrom(other Span) bool {
	return other.end() <= uint64(s.Offset) || s.end() <= uint64(other.Offset)
}

// Nowhere is where a string ends that does not follow the one before. No string can start there.
const Nowhere = math.MaxUint64

// Follows returns one past the NUL of the string if it starts at next, inside item, else Nowhere.
// Strings that follow one another, as encoders write them, have no NUL inside where there are no more
// of them than strings; see [CleanTexts].
func (s Span) Follows(item []byte, next uint64) uint64 {
	end := s.end()
	if uint64(s.Offset) != next || end > uint64(len(item)) || item[end-1] != 0 {
		return Nowhere
	}
	return end
}

// checkStrings checks that the strings at spans, wherever they are, lie inside item, behind its
// header, closed by NUL, without NUL inside, and apart; it returns one past the last of them.
func checkStrings(item []byte, header int, spans []Span, field string) (uint64, error) {
	end := uint64(header)
	for _, s := range spans {
		if err := checkString(item, header, s, field); err != nil {
			return 0, err
		}
		end = max(end, s.end())
	}
	for i, s := range spans {
		for _, other := range spans[:i] {
			if !s.apartFrom(other) {
				return 0, layout(field, other.end(), uint64(s.Offset))
			}
		}
	}
	for _, s := range spans {
		if err := checkNoNul(view(item, s), field); err != nil {
			return 0, err
		}
	}
	return end, nil
}

// checkString checks that the string at s is inside item, behind its header, and closed by NUL.
func checkString(item []byte, header int, s Span, field string) error {
	end := s.end()
	switch {
	case uint64(s.Offset) < uint64(header):
		return NewWireError(ErrOutOfBounds, field, uint64(header), uint64(s.Offset))
	case end > uint64(len(item)):
		return NewWireError(ErrOutOfBounds, field, uint64(len(item)), end)
	case item[end-1] != 0:
		return NewWireError(ErrMissingNul, field, end-1, uint64(item[end-1]))
	default:
		return nil
	}
}

// checkNoNul fails where text has a NUL inside.
func checkNoNul(text CStringView, field string) error {
	if at := bytes.IndexByte(text.bytes, 0); at >= 0 {
		return layout(field, uint64(len(text.bytes)), uint64(at))
	}
	return nil
}

// view returns the string at s of an item that was checked before. A span that points outside, as
// only a caller's mistake can, gives the empty string.
func view(item []byte, s Span) CStringView {
	from, to := uint64(s.Offset), uint64(s.Offset)+uint64(s.Len)
	if to > uint64(len(item)) {
		return CStringView{}
	}
	return CStringView{item[from:to:to]}
}
