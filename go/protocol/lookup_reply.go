package protocol

import (
	"slices"

	"github.com/netipc/netipc/go/internal/valid"
)

// LookupReply is the reply of a lookup as a client takes it, by its address: a [LookupResponse], or
// what embeds one. A client decodes the replies to its requests one after another, looks what each
// item answers, and where there are several, merges them into one.
type LookupReply[K, R any] interface {
	*R
	// Decode makes it the reply in payload, once every item was validated.
	Decode(payload []byte) error
	// Len returns the number of items.
	Len() int
	// List returns the packed items.
	List() Packed
	// DataGeneration returns the generation.
	DataGeneration() uint64
	// Rules returns what is the same for all items.
	Rules() LookupRules
	// Answers tells the status of item i, which is there, and whether it is for key.
	Answers(i int, key K) (status uint16, same bool)
	// StartMerge begins a reply to so many keys that is merged from several, and forgets the one
	// before.
	StartMerge(keys int)
	// Merge takes the first items of the reply that was decoded last; it returns the bytes of the
	// merged one so far. It fails with [ErrBadItemCount] beyond the last key.
	Merge(items int) (int, error)
	// MergeBare adds an item for key that holds only a status. It fails as Merge does.
	MergeBare(key K, status uint16) error
	// FinishMerge makes it the merged reply, none of whose items is validated again. It fails with
	// [ErrBadItemCount] where keys have no item.
	FinishMerge(generation uint64) error
}

// replyTaker is what a client needs to take replies. Its buffer is used again and again.
type replyTaker[I any] struct {
	// The item that is looked at.
	item I
	// The reply that is merged, the keys it is for, and those that have an item.
	merged     []byte
	keys, done int
}

// DataGeneration is that of [LookupReply].
func (r *LookupResponse[K, I, P]) DataGeneration() uint64 { return r.Generation }

// Rules is that of [LookupReply].
func (r *LookupResponse[K, I, P]) Rules() LookupRules { return P(nil).Rules() }

// Answers is that of [LookupReply].
func (r *LookupResponse[K, I, P]) Answers(i int, key K) (status uint16, same bool) {
	item := P(&r.taker().item)
	item.Read(valid.Of[I](r.list.item(i)))
	return item.StatusCode(), item.Key().Same(key)
}

// StartMerge is that of [LookupReply].
func (r *LookupResponse[K, I, P]) StartMerge(keys int) {
	front := LookupHeaderLen + keys*EntryLen
	t := r.taker()
	t.merged = slices.Grow(t.merged[:0], front)[:front]
	clear(t.merged)
	t.keys, t.done = keys, 0
}

// Merge is that of [LookupReply].
func (r *LookupResponse[K, I, P]) Merge(items int) (int, error) {
	t := r.taker()
	for i := range items {
		item := r.list.item(i)
		dst, err := t.open(len(item))
		if err != nil {
			return 0, err
		}
		copy(dst, item)
	}
	return len(t.merged), nil
}

// MergeBare is that of [LookupReply].
func (r *LookupResponse[K, I, P]) MergeBare(key K, status uint16) error {
	t := r.taker()
	item := P(&t.item)
	t.item = item.Bare(key, status)
	dst, err := t.open(item.Size())
	if err != nil {
		return err
	}
	return item.Encode(dst)
}

// FinishMerge is that of [LookupReply].
func (r *LookupResponse[K, I, P]) FinishMerge(generation uint64) error {
	t := r.taker()
	if t.done != t.keys {
		return NewWireError(ErrBadItemCount, "merged items", uint64(t.keys), uint64(t.done))
	}
	putLookupHeader(t.merged, t.keys, generation)
	r.ItemCount, r.Generation, r.payload = uint32(t.keys), generation, t.merged
	return r.list.read(t.merged, LookupHeaderLen, uint32(t.keys))
}

func (r *LookupResponse[K, I, P]) taker() *replyTaker[I] {
	if r.client == nil {
		r.client = new(replyTaker[I])
	}
	return r.client
}

// open enters an item of size bytes into the directory; it returns its place.
func (t *replyTaker[I]) open(size int) ([]byte, error) {
	if t.done == t.keys {
		return nil, NewWireError(ErrBadItemCount, "merged items", uint64(t.keys), uint64(t.done+1))
	}
	end := len(t.merged)
	start := align8(end)
	t.merged = slices.Grow(t.merged, start-end+size)[:start+size]
	clear(t.merged[end:start])
	first := LookupHeaderLen + t.keys*EntryLen
	le.PutUint64(t.merged[LookupHeaderLen+t.done*EntryLen:], spanBits(start-first, size))
	t.done++
	return t.merged[start:], nil
}
