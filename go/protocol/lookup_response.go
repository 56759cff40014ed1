package protocol

import (
	"iter"

	"github.com/netipc/netipc/go/internal/valid"
)

// LookupResponse is the items of a reply, in the order of the keys. Decoding alone makes one with
// items: all of them were validated then.
type LookupResponse[K LookupKey[K], I any, P LookupItem[K, I]] struct {
	// ItemCount is the number of items.
	ItemCount uint32
	// Generation changes when the server's data does.
	Generation uint64

	payload []byte
	list    Packed
	// What a client needs to read items and to merge replies; nil until it does.
	merging *replyMerger[I]
}

// DecodeLookupResponse reads a reply and validates every item of it. It fails with [ErrTruncated],
// [ErrBadLayout], [ErrBadAlignment], [ErrOutOfBounds] or [ErrMissingNul].
func DecodeLookupResponse[K LookupKey[K], I any, P LookupItem[K, I]](payload []byte) (r LookupResponse[K, I, P], err error) {
	err = decodeLookupResponse(&r, payload)
	return r, err
}

// DecodeLookupItem reads and validates one item. It fails as [DecodeLookupResponse] does.
func DecodeLookupItem[K LookupKey[K], I any, P LookupItem[K, I]](bytes []byte) (item I, err error) {
	var entry [EntryLen]byte
	le.PutUint64(entry[:], spanBits(0, len(bytes)))
	if err = P(nil).CheckAll(Packed{directory: entry[:], items: bytes}); err == nil {
		P(&item).Read(valid.Of[I](bytes))
	}
	return item, err
}

// Decode makes it the reply in payload, as [DecodeLookupResponse] does; where that fails, it has no
// items.
func (r *LookupResponse[K, I, P]) Decode(payload []byte) error {
	return decodeLookupResponse(r, payload)
}

func decodeLookupResponse[K LookupKey[K], I any, P LookupItem[K, I]](r *LookupResponse[K, I, P], payload []byte) error {
	count, generation, err := readLookupHeader(payload, layoutOf[K]())
	if err == nil {
		err = r.list.read(payload, LookupHeaderLen, count)
	}
	if err == nil {
		err = P(nil).CheckAll(r.list)
	}
	if err != nil {
		r.ItemCount, r.Generation, r.payload, r.list = 0, 0, nil, Packed{}
		return err
	}
	r.ItemCount, r.Generation, r.payload = count, generation, payload
	return nil
}

// Len returns the number of items.
func (r *LookupResponse[K, I, P]) Len() int { return r.list.Len() }

// Item returns item i. Every item was validated when the reply came. It fails with [ErrOutOfBounds]
// beyond the last.
func (r *LookupResponse[K, I, P]) Item(i uint32) (item I, err error) {
	bytes, err := r.at(i)
	if err == nil {
		P(&item).Read(bytes)
	}
	return item, err
}

// Items returns every item, in order.
func (r *LookupResponse[K, I, P]) Items() iter.Seq2[int, I] {
	list := r.list
	return func(yield func(int, I) bool) {
		item := new(I)
		for i := range list.Len() {
			P(item).Read(valid.Of[I](list.item(i)))
			if !yield(i, *item) {
				return
			}
		}
	}
}

// Payload returns the whole reply.
func (r *LookupResponse[K, I, P]) Payload() []byte { return r.payload }

// List returns the packed items.
func (r *LookupResponse[K, I, P]) List() Packed { return r.list }

// Bytes returns the bytes of item i, which were validated, or nil beyond the last.
func (r *LookupResponse[K, I, P]) Bytes(i int) []byte { return r.list.item(i) }

// NoItem returns the error of an item beyond the last.
func (r *LookupResponse[K, I, P]) NoItem(i uint32) error { return noItem(i, r.list.Len()) }

// at returns the bytes of item i.
func (r *LookupResponse[K, I, P]) at(i uint32) (Valid[I], error) {
	if int64(i) >= int64(r.list.Len()) {
		return Valid[I]{}, noItem(i, r.list.Len())
	}
	return valid.Of[I](r.list.item(int(i))), nil
}

// noItem says that there is no item i among count.
func noItem(i uint32, count int) error {
	return NewWireError(ErrOutOfBounds, "item index", uint64(count), uint64(i))
}
