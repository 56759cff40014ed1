package protocol

// LookupReplyBuilder writes a reply item by item, without the request that it answers: for those who
// decode and encode messages themselves, merge replies, or test peers. Servers have [LookupBuilder],
// which holds a handler to the keys and says what did not fit.
type LookupReplyBuilder[K LookupKey[K], I any, P LookupItem[K, I]] struct {
	list       PackedWriter
	generation uint64
}

// Start begins a reply of any number of items, of at most len(buf) bytes, and forgets what was there
// before. It fails with [ErrOverflow] where not even the header fits.
func (b *LookupReplyBuilder[K, I, P]) Start(buf []byte) (err error) {
	b.generation = 0
	b.list, err = NewGrowingPackedWriter(buf, LookupHeaderLen)
	return err
}

// SetGeneration sets the generation of the data; 0 unless set.
func (b *LookupReplyBuilder[K, I, P]) SetGeneration(generation uint64) { b.generation = generation }

// ItemCount returns the items so far.
func (b *LookupReplyBuilder[K, I, P]) ItemCount() int { return b.list.Len() }

// Push adds an item. It fails with [ErrOverflow] where it does not fit, and with [ErrBadLayout] for one
// that may not be sent; the reply is as it was then.
func (b *LookupReplyBuilder[K, I, P]) Push(item P) error {
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

// PushValid adds an item that was decoded, byte for byte. It fails with [ErrOverflow] where it does not
// fit; the reply is as it was then.
func (b *LookupReplyBuilder[K, I, P]) PushValid(item Valid[I]) error {
	dst, err := b.list.Open(len(item.Bytes()))
	if err != nil {
		return err
	}
	b.list.Commit(copy(dst, item.Bytes()))
	return nil
}

// Finish ends the reply; it returns its length.
func (b *LookupReplyBuilder[K, I, P]) Finish() int {
	header, length := b.list.Finish()
	putLookupHeader(header, layoutOf[K](), b.list.Len(), b.generation)
	return length
}

// ValidItem returns item i as bytes that were validated, for [LookupReplyBuilder.PushValid]. It fails
// with [ErrOutOfBounds] beyond the last.
func (r *LookupResponse[K, I, P]) ValidItem(i uint32) (Valid[I], error) { return r.at(i) }
