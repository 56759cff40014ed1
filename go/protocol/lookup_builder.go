package protocol

// LookupBuilder takes one item for each key, in the order of the request.
//
// Every answer has room for a placeholder of every key, so that an answer that gets full can say for
// each remaining key: ask again.
//
//	       next item             placeholders of the keys behind it
//	| ... | item .......... | p | p | p |        fits: written
//	| ... | item ...................|... p       does not: from here on exceeded
//
// An item that could not even be answered alone becomes oversized, which is final for its key. The
// first item never becomes exceeded: the whole answer overflows instead, and the client asks for
// less at a time. Errors are sticky.
type LookupBuilder[K LookupKey[K], I LookupItem[K, I]] struct {
	request    LookupRequest[K]
	list       PackedWriter
	generation uint64
	// Bytes of the placeholders from the next key on, all but the last rounded up to 8.
	reserve int
	// Bytes of a placeholder without the text of its key, and its status.
	bare     int
	exceeded uint16
	full     bool
	err      error
}

// Start begins the answer to request, of at most len(buf) bytes, and forgets what was there before.
// It fails with [ErrOverflow] where not even the directory fits.
func (b *LookupBuilder[K, I]) Start(request LookupRequest[K], buf []byte) error {
	list, err := NewPackedWriter(buf, LookupHeaderLen, request.Len())
	var key K
	var item I
	// Field by field: no copy of them all is made.
	b.request, b.list, b.generation, b.full, b.err = request, list, 0, false, err
	b.exceeded, b.bare = item.Exceeded(), item.BareSize(key)
	b.reserve = key.reserve(request.list, b.bare)
	return err
}

// Request returns what is answered.
func (b *LookupBuilder[K, I]) Request() LookupRequest[K] { return b.request }

// ItemCount returns the items so far.
func (b *LookupBuilder[K, I]) ItemCount() int { return b.list.Len() }

// Remaining returns the number of keys that still need an item.
func (b *LookupBuilder[K, I]) Remaining() int { return b.request.Len() - b.list.count }

// SetGeneration sets the generation of the data; 0 unless set.
func (b *LookupBuilder[K, I]) SetGeneration(generation uint64) { b.generation = generation }

// Err returns what went wrong first, if anything.
func (b *LookupBuilder[K, I]) Err() error { return b.err }

// Finish ends the answer; it returns its length. It fails with the first error that was met, or with
// [ErrBadItemCount] where keys are left.
func (b *LookupBuilder[K, I]) Finish() (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.Remaining() != 0 {
		return 0, NewWireError(ErrBadItemCount, "answered keys", uint64(b.request.Len()), uint64(b.list.Len()))
	}
	header, length := b.list.Finish()
	putLookupHeader(header, b.list.Len(), b.generation)
	return length, nil
}

// open returns the place for the item of the key that was asked for, which has textLen bytes among
// its strings, or nil where a placeholder was written instead, and after an error, which is in b.err.
// The item has size bytes and is for the same key, or not.
func (b *LookupBuilder[K, I]) open(textLen int, same bool, status uint16, size int) []byte {
	remaining := b.Remaining()
	if b.err != nil || remaining == 0 || !same {
		b.refuse(same)
		return nil
	}
	behind := 0
	if remaining > 1 {
		behind = b.reserve - align8(b.bare+textLen)
	}
	b.reserve = behind
	if !b.full && status != b.exceeded {
		if dst := b.list.openLeaving(size, behind); dst != nil {
			return dst
		}
	}
	var key K
	readKey(&key, b.request.list.item(b.list.count))
	if err := b.standIn(key, status, size, behind); err != nil {
		b.err = err
	}
	return nil
}

// refuse keeps why there is no place for an item, unless an error was met before.
func (b *LookupBuilder[K, I]) refuse(same bool) {
	index, keys := uint64(b.list.Len()), uint64(b.request.Len())
	switch {
	case b.err != nil:
	case index == keys:
		b.err = NewWireError(ErrBadItemCount, "answered keys", keys, keys+1)
	case !same:
		b.err = layout("key of item", index, index)
	}
}

// standIn writes what stands for an item of size bytes that cannot be written, or may not be.
func (b *LookupBuilder[K, I]) standIn(key K, status uint16, size, behind int) error {
	var item I
	budget, first, exceeded := b.list.Cap(), b.list.Len() == 0, status == item.Exceeded()
	if first && exceeded {
		return layout("status of the first item", 0, uint64(status))
	}
	if alone := size + LookupHeaderLen + EntryLen; !b.full && !exceeded && alone > budget {
		return b.pushBare(key, item.Oversized())
	}
	if first {
		needed := align8(b.list.nextStart()+size) + behind
		return overflow("first item and placeholders", budget, needed)
	}
	b.full = true
	return b.pushBare(key, item.Exceeded())
}

func (b *LookupBuilder[K, I]) pushBare(key K, status uint16) error {
	var item I
	dst, err := b.list.Open(item.BareSize(key))
	if err != nil {
		return err
	}
	if err := item.Bare(key, status).Encode(dst); err != nil {
		return err
	}
	b.list.Commit(len(dst))
	return nil
}
