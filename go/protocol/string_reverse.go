// Made from string-reverse.toml by netipc schema generate: change that file, not this one.
//
//	request
//	  0          8
//	  text span  text NUL
//	response
//	  0          8
//	  text span  text NUL

package protocol

// StringReverseView is a request and a response of `string-reverse`: a text in, the same bytes backwards out. It exists to test. Unlike other strings it may hold NULs.
//
//	0           4       8
//	offset = 8  length  bytes NUL
type StringReverseView struct{ CStringView }

const textHeaderLen = 8

// EncodeStringReverse writes a request or a response to dst; it returns its length. It fails with
// [ErrOverflow] where there is no room.
func EncodeStringReverse(dst, text []byte) (int, error) {
	return Encode(dst, StringReverseView{CString(text)})
}

// DecodeStringReverse reads a request or a response. It fails with [ErrTruncated], [ErrBadLayout],
// [ErrOutOfBounds] or [ErrMissingNul].
func DecodeStringReverse(payload []byte) (StringReverseView, error) {
	if len(payload) < textHeaderLen {
		return StringReverseView{}, NewWireError(ErrTruncated, "text", textHeaderLen, uint64(len(payload)))
	}
	text := ReadSpan(payload)
	if text.Offset != textHeaderLen {
		return StringReverseView{}, NewWireError(ErrBadLayout, "text offset", textHeaderLen, uint64(text.Offset))
	}
	if err := CheckText(payload, textHeaderLen, text, "text"); err != nil {
		return StringReverseView{}, err
	}
	return StringReverseView{TextAt(payload, text)}, nil
}

// Size returns the bytes on the wire.
func (t StringReverseView) Size() int { return textHeaderLen + t.Len() + 1 }

// Encode writes the text to dst, which has exactly Size bytes.
func (t StringReverseView) Encode(dst []byte) error {
	PutSpan(dst, textHeaderLen, t.Len())
	CopyText(dst[textHeaderLen:], t.Bytes())
	return nil
}

// DispatchStringReverse answers a request of [MethodStringReverse].
func DispatchStringReverse(payload, answer []byte, handle func(text []byte) ([]byte, bool)) (int, Status) {
	return dispatch(payload, DecodeStringReverse, func(text *StringReverseView) (int, error) {
		made, ok := handle(text.Bytes())
		return ifHandled(ok, func() (int, error) { return EncodeStringReverse(answer, made) })
	})
}
