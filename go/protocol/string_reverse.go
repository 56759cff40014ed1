package protocol

// StringReverseView is the text of a request or a response of [MethodStringReverse]. Unlike other
// strings it may hold NULs.
//
//	0           4       8
//	offset = 8  length  bytes NUL
type StringReverseView struct{ CStringView }

const stringReverseLen = 8

// EncodeStringReverse writes a request or a response of [MethodStringReverse] to dst; it returns its
// length. It fails with [ErrOverflow] where there is no room.
func EncodeStringReverse(dst, text []byte) (int, error) {
	return Encode(dst, StringReverseView{CString(text)})
}

// DecodeStringReverse reads a request or a response of [MethodStringReverse]. It fails with
// [ErrTruncated], [ErrBadLayout], [ErrOutOfBounds] or [ErrMissingNul].
func DecodeStringReverse(payload []byte) (StringReverseView, error) {
	if len(payload) < stringReverseLen {
		return StringReverseView{}, truncated("text", stringReverseLen, len(payload))
	}
	s := spanAt(payload)
	if s.Offset != stringReverseLen {
		return StringReverseView{}, layout("text offset", stringReverseLen, uint64(s.Offset))
	}
	if err := checkString(payload, stringReverseLen, s, "text"); err != nil {
		return StringReverseView{}, err
	}
	return StringReverseView{view(payload, s)}, nil
}

// Size returns the bytes on the wire.
func (t StringReverseView) Size() int { return stringReverseLen + t.Len() + 1 }

// Encode writes the text to dst, which has exactly Size bytes.
func (t StringReverseView) Encode(dst []byte) error {
	le.PutUint64(dst, spanBits(stringReverseLen, t.Len()))
	copyText(dst[stringReverseLen:], t.bytes)
	return nil
}
