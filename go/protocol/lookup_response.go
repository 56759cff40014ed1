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
	view    func(item []byte) I
}

// DecodeLookupResponse reads a reply and validates every item of it. It fails with [ErrTruncated],
// [ErrBadLayout], [ErrBadAlignment], [ErrOutOfBounds] or [ErrMissingNul].
func DecodeLookupResponse[K LookupKey[K], I LookupItem[K, I]](payload []byte) (LookupResponse[K, I], error) {
	r, err := TrustedLookupResponse[K, I](payload)
	if err != nil {
		return LookupResponse[K, I]{}, err
	}
	var item I
	entries := ListRules{MinLen: item.HeaderLen(), Ordered: true}.checker(len(r.list.items))
	check := item.Checker()
	for i := range r.list.Len() {
		s := r.list.Entry(i)
		if err := entries.next(s); err != nil {
			return LookupResponse[K, I]{}, err
		}
		if err := check(r.list.at(s)); err != nil {
			return LookupResponse[K, I]{}, err
		}
	}
	return r, nil
}

// TrustedLookupResponse reads a reply that was decoded before, and so need not be validated again.
// It does not fail for such a reply.
func TrustedLookupResponse[K LookupKey[K], I LookupItem[K, I]](payload []byte) (LookupResponse[K, I], error) {
	count, generation, err := readLookupHeader(payload)
	if err != nil {
		return LookupResponse[K, I]{}, err
	}
	list, err := TrustedPacked(payload, LookupHeaderLen, count)
	if err != nil {
		return LookupResponse[K, I]{}, err
	}
	var item I
	return LookupResponse[K, I]{
		ItemCount: count, Generation: generation, payload: payload, list: list, view: item.Viewer(),
	}, nil
}

// Len returns the number of items.
func (r *LookupResponse[K, I]) Len() int { return r.list.Len() }

// Item returns item i. Every item was validated when the reply came. It fails with [ErrOutOfBounds]
// beyond the last.
func (r *LookupResponse[K, I]) Item(i uint32) (I, error) {
	if i >= r.ItemCount {
		var none I
		return none, NewWireError(ErrOutOfBounds, "item index", uint64(r.ItemCount), uint64(i))
	}
	return r.view(r.list.Get(int(i))), nil
}

// Items returns every item, in order.
func (r *LookupResponse[K, I]) Items() iter.Seq2[int, I] {
	list, view := r.list, r.view
	return func(yield func(int, I) bool) {
		for i := range list.Len() {
			if !yield(i, view(list.Get(i))) {
				return
			}
		}
	}
}

// Payload returns the whole reply, for [TrustedLookupResponse] later on.
func (r *LookupResponse[K, I]) Payload() []byte { return r.payload }

// List returns the packed items.
func (r *LookupResponse[K, I]) List() Packed { return r.list }
