package protocol

import "iter"

// LookupResponse is the items of a reply, in the order of the keys.
type LookupResponse[K LookupKey[K], I LookupItem[K, I]] struct {
	// ItemCount is the number of items.
	ItemCount uint32
	// Generation changes when the server's data does.
	Generation uint64

	payload []byte
	list    Packed
}

// DecodeLookupResponse reads a reply and validates every item of it. It fails with [ErrTruncated],
// [ErrBadLayout], [ErrBadAlignment], [ErrOutOfBounds] or [ErrMissingNul].
func DecodeLookupResponse[K LookupKey[K], I LookupItem[K, I]](payload []byte) (r LookupResponse[K, I], err error) {
	var item I
	if err = r.read(payload); err == nil {
		err = item.checkAll(r.list)
	}
	if err != nil {
		return LookupResponse[K, I]{}, err
	}
	return r, nil
}

// TrustedLookupResponse reads a reply that was decoded before, and so need not be validated again.
// It does not fail for such a reply.
func TrustedLookupResponse[K LookupKey[K], I LookupItem[K, I]](payload []byte) (r LookupResponse[K, I], err error) {
	err = r.read(payload)
	return r, err
}

func (r *LookupResponse[K, I]) read(payload []byte) error {
	count, generation, err := readLookupHeader(payload)
	if err == nil {
		err = r.list.read(payload, LookupHeaderLen, count)
	}
	if err == nil {
		r.ItemCount, r.Generation, r.payload = count, generation, payload
	}
	return err
}

// Len returns the number of items.
func (r *LookupResponse[K, I]) Len() int { return r.list.Len() }

// Item returns item i. Every item was validated when the reply came. It fails with [ErrOutOfBounds]
// beyond the last.
func (r *LookupResponse[K, I]) Item(i uint32) (item I, err error) {
	err = r.Read(i, &item)
	return item, err
}

// Read reads item i to where it is wanted. It takes less time than [LookupResponse.Item], which
// copies a large item, and fails as that does.
func (r *LookupResponse[K, I]) Read(i uint32, item *I) error {
	if i >= r.ItemCount {
		return NewWireError(ErrOutOfBounds, "item index", uint64(r.ItemCount), uint64(i))
	}
	bytes := r.list.item(int(i))
	// Not a call through a table.
	switch item := any(item).(type) {
	case *CgroupsLookupItemView:
		item.read(bytes)
	case *AppsLookupItemView:
		item.read(bytes)
	}
	return nil
}

// Items returns every item, in order.
func (r *LookupResponse[K, I]) Items() iter.Seq2[int, I] {
	reply := *r
	return func(yield func(int, I) bool) {
		var item I
		for i := range reply.ItemCount {
			if reply.Read(i, &item) != nil || !yield(int(i), item) {
				return
			}
		}
	}
}

// Payload returns the whole reply, for [TrustedLookupResponse] later on.
func (r *LookupResponse[K, I]) Payload() []byte { return r.payload }

// List returns the packed items.
func (r *LookupResponse[K, I]) List() Packed { return r.list }
