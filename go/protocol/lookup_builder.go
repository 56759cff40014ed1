package protocol

// LookupBuilder takes one item for each key, in the order of the request.
//
// Every answer has room for a placeholder of every key, so that an answer that gets full can say for
// each remaining key: ask again.
//
//	       next item             placeholders of the keys after it
//	| ... | item .......... | p | p | p |        fits: written
//	| ... | item ...................|... p       does not: from here on exceeded
//
// An item that could not even be answered alone becomes oversized, which is final for its key. The
// first item never becomes exceeded: the whole answer overflows instead, and the client asks for
// less at a time. After an error every call fails with it.
type LookupBuilder[K LookupKey[K], I any, P LookupItem[K, I]] struct {
	request    LookupRequest[K]
	list       PackedWriter
	generation uint64
	// Bytes of the placeholders from the next key on, all but the last rounded up to 8.
	reserve int
	rules   LookupRules
	full    bool
	err     error
	// The item that is added, where the caller has none of its own to point to.
	item I
}

// Start begins the answer to request, of at most len(buf) bytes, and forgets what was there before.
// It fails with [ErrOverflow] where not even the directory fits.
func (b *LookupBuilder[K, I, P]) Start(request LookupRequest[K], buf []byte) error {
	list, err := NewPackedWriter(buf, LookupHeaderLen, request.Len())
	// Field by field: no copy of them all is made.
	b.request, b.list, b.generation, b.full, b.err = request, list, 0, false, err
	b.rules = P(nil).Rules()
	b.reserve = b.rules.Bare.forAll(request.list.directory)
	return err
}

// Request returns what is answered.
func (b *LookupBuilder[K, I, P]) Request() LookupRequest[K] { return b.request }

// ItemCount returns the items so far.
func (b *LookupBuilder[K, I, P]) ItemCount() int { return b.list.Len() }

// Remaining returns the number of keys that still need an item.
func (b *LookupBuilder[K, I, P]) Remaining() int { return b.request.Len() - b.list.count }

// SetGeneration sets the generation of the data; 0 unless set.
func (b *LookupBuilder[K, I, P]) SetGeneration(generation uint64) { b.generation = generation }

// Err returns what went wrong first, if anything.
func (b *LookupBuilder[K, I, P]) Err() error { return b.err }

// Add adds the item of the next key. Whether the item itself or a placeholder was written is not the
// handler's concern. It fails with [ErrOverflow] where the answer cannot start, with [ErrBadLayout]
// for another key or an item that may not be sent, with [ErrBadItemCount] beyond the last key. The
// first error is kept and decides how the request ends.
func (b *LookupBuilder[K, I, P]) Add(item I) error {
	b.item = item
	return b.Push(&b.item)
}

// Push adds the item of the next key from where it is, without a copy of it. It fails as Add does.
func (b *LookupBuilder[K, I, P]) Push(item P) error {
	same := b.Remaining() > 0 && item.Key().Same(b.request.key(b.list.count))
	return b.write(item, b.OpenItem(len(b.nextKey()), same, item.StatusCode(), item.Size()))
}

// AddBare adds an item without data for the next key. It fails as Add does.
func (b *LookupBuilder[K, I, P]) AddBare(status uint16) error {
	item := P(&b.item)
	if b.Remaining() > 0 {
		b.item = item.Bare(b.request.key(b.list.count), status)
	}
	return b.write(item, b.OpenItem(len(b.nextKey()), true, status, item.Size()))
}

// Finish ends the answer; it returns its length. It fails with the first error that was met, or with
// [ErrBadItemCount] where keys are left.
func (b *LookupBuilder[K, I, P]) Finish() (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.Remaining() != 0 {
		return 0, NewWireError(ErrBadItemCount, "answered keys", uint64(b.request.Len()), uint64(b.list.Len()))
	}
	header, length := b.list.Finish()
	putLookupHeader(header, layoutOf[K](), b.list.Len(), b.generation)
	return length, nil
}

// NextKey returns the bytes of the next key, or of none beyond the last.
func (b *LookupBuilder[K, I, P]) NextKey() []byte { return b.nextKey() }

// CloseItem takes in the item that was written to dst, unless writing it failed with err; it returns err.
func (b *LookupBuilder[K, I, P]) CloseItem(dst []byte, err error) error {
	if b.err = err; err == nil {
		b.list.Commit(len(dst))
	}
	return err
}

// write encodes item to dst, unless that is nil.
func (b *LookupBuilder[K, I, P]) write(item P, dst []byte) error {
	if dst == nil {
		return b.err
	}
	if b.err = item.Encode(dst); b.err == nil {
		b.list.Commit(len(dst))
	}
	return b.err
}

// nextKey returns the bytes of the next key, or of none beyond the last.
func (b *LookupBuilder[K, I, P]) nextKey() []byte { return b.request.list.item(b.list.count) }

// OpenItem returns where to write an item of size bytes for the next key, which has keyLen bytes; same
// tells whether the item is for that key. It returns nil where a placeholder was written instead, and
// after an error, which is that of Err. With CloseItem it is how the builder of one kind adds items
// without a detour: [LookupBuilder.Push] does the same for all.
func (b *LookupBuilder[K, I, P]) OpenItem(keyLen int, same bool, status uint16, size int) []byte {
	remaining := b.Remaining()
	if b.err != nil || remaining == 0 || !same {
		b.refuse(same)
		return nil
	}
	after := 0
	if remaining > 1 {
		after = b.reserve - align8(b.rules.Bare.For(keyLen))
	}
	b.reserve = after
	if !b.full && status != b.rules.Exceeded {
		if dst := b.list.openLeaving(size, after); dst != nil {
			return dst
		}
	}
	if err := b.pushSubstitute(status, size, after); err != nil {
		b.err = err
	}
	return nil
}

// refuse keeps the error of an item that cannot be added, unless there was one before.
func (b *LookupBuilder[K, I, P]) refuse(same bool) {
	index, keys := uint64(b.list.Len()), uint64(b.request.Len())
	switch {
	case b.err != nil:
	case index == keys:
		b.err = NewWireError(ErrBadItemCount, "answered keys", keys, keys+1)
	case !same:
		b.err = NewWireError(ErrBadLayout, keyOfItem, index, index)
	}
}

// pushSubstitute writes, in place of an item of size bytes that does not fit, one that holds only a status:
// oversized or exceeded. after is the bytes of the placeholders after it.
func (b *LookupBuilder[K, I, P]) pushSubstitute(status uint16, size, after int) error {
	budget, first, exceeded := b.list.Cap(), b.list.Len() == 0, status == b.rules.Exceeded
	if first && exceeded {
		return layout("status of the first item", 0, uint64(status))
	}
	if alone := size + LookupHeaderLen + EntryLen; !b.full && !exceeded && alone > budget {
		return b.pushBare(b.rules.Oversized)
	}
	if first {
		needed := align8(b.list.nextStart()+size) + after
		return overflow("first item and placeholders", budget, needed)
	}
	b.full = true
	return b.pushBare(b.rules.Exceeded)
}

// pushBare writes an item for the next key that holds only a status.
func (b *LookupBuilder[K, I, P]) pushBare(status uint16) error {
	item := P(&b.item)
	b.item = item.Bare(b.request.key(b.list.count), status)
	dst, err := b.list.Open(item.Size())
	if err != nil {
		return err
	}
	if err := item.Encode(dst); err != nil {
		return err
	}
	b.list.Commit(len(dst))
	return nil
}
