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
