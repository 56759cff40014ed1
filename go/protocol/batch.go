package protocol

// BatchLen returns the bytes that [EncodeBatch] writes.
func BatchLen(items [][]byte) int {
	size := len(items) * EntryLen
	for _, item := range items {
		size += align8(len(item))
	}
	return size
}

// EncodeBatch writes the payload of a batch to dst: a directory, and the items in their order. It
// returns its length, and fails with [ErrBadItemCount] without items and with [ErrOverflow] where dst is
// too short.
func EncodeBatch(dst []byte, items [][]byte) (int, error) {
	list, err := NewPackedWriter(dst, 0, len(items))
	if err != nil {
		return 0, err
	}
	for _, item := range items {
		place, err := list.Open(len(item))
		if err != nil {
			return 0, err
		}
		list.Commit(copy(place, item))
	}
	return list.FinishBatch()
}

// EncodeNumbers writes the payload of a batch of numbers of 8 bytes each to dst, as [EncodeBatch] does of encoded
// items. It fails as that does.
func EncodeNumbers(dst []byte, numbers []uint64) (int, error) {
	list, err := NewPackedWriter(dst, 0, len(numbers))
	if err != nil {
		return 0, err
	}
	if len(numbers) == 0 {
		return list.FinishBatch()
	}
	size := len(numbers) * EntryLen
	if len(list.buf)-size < size {
		return 0, overflow("batch", len(list.buf), 2*size)
	}
	// Neither gaps nor padding: numbers are as long as their alignment.
	directory, items := list.buf[:size:size], list.buf[size:2*size:2*size]
	entry := spanBits(0, EntryLen)
	for i, number := range numbers {
		at := i * EntryLen
		le.PutUint64(directory[at:at+EntryLen:at+EntryLen], entry)
		le.PutUint64(items[at:at+EntryLen:at+EntryLen], number)
		entry += EntryLen
	}
	return 2 * size, nil
}

// DecodeNumbers reads the first 8 bytes of each item of a batch into numbers, which has a place for each. It fails with
// [ErrTruncated] for an item that is shorter, and with [ErrBadItemCount] where there are not as many.
func DecodeNumbers(numbers []uint64, batch Packed) error {
	if len(numbers) != batch.Len() {
		return NewWireError(ErrBadItemCount, "batch", uint64(len(numbers)), uint64(batch.Len()))
	}
	items := batch.items
	for i := range numbers {
		at := i * EntryLen
		s := spanAt(batch.directory[at : at+EntryLen : at+EntryLen])
		from, to := uint64(s.Offset), uint64(s.Offset)+EntryLen
		if s.Len < EntryLen || to > uint64(len(items)) {
			return NewWireError(ErrTruncated, "number", EntryLen, uint64(s.Len))
		}
		numbers[i] = le.Uint64(items[from:to:to])
	}
	return nil
}
