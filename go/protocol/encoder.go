package protocol

// Encoder is something that can be written to a payload.
type Encoder interface {
	// Size returns the bytes that Encode writes.
	Size() int
	// Encode writes the value to dst, which has exactly Size bytes and starts at a multiple of 8 from
	// the payload's start. It fails with [ErrBadLayout] where the value may not be sent.
	Encode(dst []byte) error
}

// Encode writes value to the front of dst; it returns its length. It fails with [ErrOverflow] where
// there is no room, and as the value's own encoder does.
func Encode[E Encoder](dst []byte, value E) (int, error) {
	size := value.Size()
	if size > len(dst) {
		return 0, overflow("buffer", len(dst), size)
	}
	if err := value.Encode(dst[:size:size]); err != nil {
		return 0, err
	}
	return size, nil
}
