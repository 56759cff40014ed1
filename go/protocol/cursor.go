package protocol

import "bytes"

// nul is what clean counts: with a separator of one byte, that is as fast as a scan can be.
var nul = []byte{0}

// align8 rounds up to the wire's alignment.
func align8(n int) int { return (n + 7) &^ 7 }

// Span is an offset and a length: where a string lies in its item, NUL not counted, or an item in
// its list.
type Span struct{ Offset, Len uint32 }

// spanAt reads the first 8 bytes of b.
func spanAt(b []byte) Span { return Span{Offset: le.Uint32(b), Len: le.Uint32(b[4:])} }

// put writes the span to the first 8 bytes of b.
func (s Span) put(b []byte) {
	_ = b[7]
	le.PutUint32(b, s.Offset)
	le.PutUint32(b[4:], s.Len)
}

// end returns one past the closing NUL of a string.
func (s Span) end() uint64 { return uint64(s.Offset) + uint64(s.Len) + 1 }

// apartFrom tells whether the two strings, NULs included, share no byte.
func (s Span) apartFrom(other Span) bool {
	return other.end() <= uint64(s.Offset) || s.end() <= uint64(other.Offset)
}

// checkStrings checks that the strings at spans are inside item, behind its header, closed by NUL,
// without NUL inside, and apart; it returns one past the last of them.
func checkStrings(item []byte, header int, spans []Span, field string) (int, error) {
	if end := inLine(item, header, spans); end != 0 {
		return end, nil
	}
	return checkOneByOne(item, header, spans, field)
}

// inLine returns where the strings at spans end if they are as encoders write them, one behind
// another from header on, else 0. If closed by NUL each, they have none inside where there are no
// more of them.
func inLine(item []byte, header int, spans []Span) int {
	next := uint64(header)
	for _, s := range spans {
		end := s.end()
		if uint64(s.Offset) != next || end > uint64(len(item)) || item[end-1] != 0 {
			return 0
		}
		next = end
	}
	if !clean(item[header:next], len(spans)) {
		return 0
	}
	return int(next)
}

// checkOneByOne checks strings wherever they are, or tells which rule they break.
func checkOneByOne(item []byte, header int, spans []Span, field string) (int, error) {
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
	return int(end), nil
}

// checkString checks that the string at s is inside item, behind its header, and closed by NUL.
func checkString(item []byte, header int, s Span, field string) error {
	end := s.end()
	switch {
	case uint64(s.Offset) < uint64(header):
		return layout(field, uint64(header), uint64(s.Offset))
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

// clean tells whether texts, strings with their NULs and nothing else, hold no more NULs than that.
func clean(texts []byte, strings int) bool { return bytes.Count(texts, nul) == strings }

// view returns the string at s of an item that was checked before. A span that points outside, as
// only a caller's mistake can, gives the empty string.
func view(item []byte, s Span) CStringView {
	from, to := uint64(s.Offset), uint64(s.Offset)+uint64(s.Len)
	if to > uint64(len(item)) {
		return CStringView{}
	}
	return CStringView{item[from:to:to]}
}

// putText writes text and a NUL to dst from at on, enters them into span, and returns where they
// end. There is room for them.
func putText(dst []byte, at int, text CStringView, span []byte) int {
	Span{Offset: uint32(at), Len: uint32(len(text.bytes))}.put(span)
	end := at + copy(dst[at:], text.bytes)
	dst[end] = 0
	return end + 1
}
