// Made from increment.toml by netipc schema generate: change that file, not this one.
//
//	request
//	  0      8
//	  value
//	response
//	  0      8
//	  value

package protocol

// Number is a request and a response of `increment`: a number in, the next one out. It exists to test and to measure.
type Number uint64

const numberLen = 8

// EncodeIncrement writes a request or a response to dst; it returns its length. It fails with
// [ErrOverflow] where there is no room.
func EncodeIncrement(dst []byte, n uint64) (int, error) { return Encode(dst, Number(n)) }

// DecodeIncrement reads a request or a response. Bytes behind the first 8 are not looked at. It fails with
// [ErrTruncated].
func DecodeIncrement(payload []byte) (uint64, error) {
	if len(payload) < numberLen {
		return 0, NewWireError(ErrTruncated, "number", numberLen, uint64(len(payload)))
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

// DispatchIncrement answers a request of [MethodIncrement].
func DispatchIncrement(payload, answer []byte, handle func(n uint64) (uint64, bool)) (int, Status) {
	return dispatch(payload, DecodeIncrement, func(n *uint64) (int, error) {
		next, ok := handle(*n)
		return ifHandled(ok, func() (int, error) { return EncodeIncrement(answer, next) })
	})
}
