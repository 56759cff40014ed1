package protocol

// Number is a payload that is one number, the request and the response of [MethodIncrement].
type Number uint64

const numberLen = 8

// EncodeIncrement writes a request or a response of [MethodIncrement] to dst; it returns its length.
// It fails with [ErrOverflow] where there is no room.
func EncodeIncrement(dst []byte, n uint64) (int, error) { return Encode(dst, Number(n)) }

// DecodeIncrement reads a request or a response of [MethodIncrement]. Bytes behind the first 8 are
// not looked at. It fails with [ErrTruncated].
func DecodeIncrement(payload []byte) (uint64, error) {
	if len(payload) < numberLen {
		return 0, truncated("number", numberLen, len(payload))
	}
	return le.Uint64(payload), nil
}

// Size returns the bytes on the wire.
func (n Number) Size() int { return numberLen }

// Encode writes the number to dst, which has exactly Size bytes.
func (n Number) Encode(dst []byte) error {
	le.PutUint64(dst, uint64(n))
	return nil
}
