package protocol

import "net/netip"

// What codecs of one's own are made of, and those that `netipc schema generate` makes: texts and labels
// behind the fixed part of an item, addresses, and texts of fixed size.

// IPLen is the bytes of an address among other fields: its size in 2 bytes, and 16 bytes.
const IPLen = 18

// ReadSpan reads the span in the first 8 bytes of b.
func ReadSpan(b []byte) Span { return spanAt(b) }

// PutSpan writes where a string lies to the first 8 bytes of dst.
func PutSpan(dst []byte, offset, length int) { le.PutUint64(dst, spanBits(offset, length)) }

// End returns one past the closing NUL of a string.
func (s Span) End() uint64 { return s.end() }

// ApartFrom tells whether two strings, NULs included, share no byte.
func (s Span) ApartFrom(other Span) bool { return s.apartFrom(other) }

// CheckTexts checks that the strings at spans lie inside item, behind its header, closed by NUL,
// without NUL inside, and apart; it returns one past the last of them. It fails with [ErrBadLayout],
// [ErrOutOfBounds] or [ErrMissingNul].
func CheckTexts(item []byte, header int, spans []Span, field string) (uint64, error) {
	end := uint64(header)
	for _, s := range spans {
		end = s.Follows(item, end)
	}
	if end != Nowhere && CleanTexts(item, uint64(header), end, len(spans)) {
		return end, nil
	}
	return checkStrings(item, header, spans, field)
}

// CheckText checks that the string at s is inside item, behind its header, and closed by NUL. It fails
// as [CheckTexts] does.
func CheckText(item []byte, header int, s Span, field string) error {
	return checkString(item, header, s, field)
}

// CheckNoNul fails with [ErrBadLayout] where text has a NUL inside.
func CheckNoNul(text CStringView, field string) error { return checkNoNul(text, field) }

// TextAt returns the string at s of an item that was checked before.
func TextAt(item []byte, s Span) CStringView { return view(item, s) }

// PutText writes text and a NUL to dst. It fails with [ErrBadLayout] for a NUL inside.
func PutText(dst []byte, text CStringView, field string) error {
	if !CopyText(dst, text.bytes) {
		return checkNoNul(text, field)
	}
	return nil
}

// Locate makes these the count labels of an item that was checked before, and whose strings end at end.
func (l *Labels) Locate(item []byte, count uint16, end uint64) { l.read(item, count, end) }

// LabelsAt returns the count labels of an item that was checked before, and whose strings end at end.
func LabelsAt(item []byte, count uint16, end uint64) (labels Labels) {
	labels.read(item, count, end)
	return labels
}

// EndAfter returns one past the last byte of an item whose strings end at end and that carries these
// labels.
func (l *Labels) EndAfter(end int) int { return l.endAfter(end) }

// Encode writes the labels to dst, an item whose strings end at end and that has room for exactly these.
// It fails with [ErrBadItemCount] beyond 65,535 labels, with [ErrBadLayout] for an empty key or a NUL
// inside.
func (l *Labels) Encode(dst []byte, end int) error { return l.encode(dst, end) }

// ReadIP reads the address in the first [IPLen] bytes of b; the zero address is none. It fails with
// [ErrBadLayout] for another size than 0, 4 or 16, and for anything behind the address.
func ReadIP(b []byte, field string) (netip.Addr, error) {
	size, room := int(le.Uint16(b)), b[2:IPLen]
	if size > len(room) {
		return netip.Addr{}, layout(field, uint64(len(room)), uint64(size))
	}
	address, valid := netip.AddrFromSlice(room[:size])
	if !valid && size != 0 || !allZero(room[size:]) {
		return netip.Addr{}, layout(field, uint64(len(room)), uint64(size))
	}
	return address, nil
}

// PutIP writes an address, or none, to the first [IPLen] bytes of dst.
func PutIP(dst []byte, address netip.Addr) {
	dst = dst[:IPLen]
	clear(dst)
	switch {
	case address.Is4():
		bytes := address.As4()
		le.PutUint16(dst, uint16(copy(dst[2:], bytes[:])))
	case address.Is6():
		bytes := address.As16()
		le.PutUint16(dst, uint16(copy(dst[2:], bytes[:])))
	}
}

// IsPadded tells whether a text of fixed size has nothing but zeros behind its first zero.
func IsPadded(text []byte) bool {
	for i, b := range text {
		if b == 0 {
			return allZero(text[i:])
		}
	}
	return true
}

// CheckZeros fails with [ErrBadLayout] unless all of b is zero.
func CheckZeros(b []byte, field string) error {
	if !allZero(b) {
		return layout(field, 0, 1)
	}
	return nil
}

func allZero(b []byte) bool {
	for _, value := range b {
		if value != 0 {
			return false
		}
	}
	return true
}
