package protocol

import (
	"slices"

	"github.com/netipc/netipc/go/internal/valid"
)

// LookupReply is the reply of a lookup as a client reads it, by its address: a [LookupResponse], or what
// embeds one. A client decodes the replies to its requests one after another, checks which key each
// item is for, and where there are several replies, merges them into one.
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

// replyMerger is what a client needs to read items and to merge replies. Its buffer is used again and
// again.
type replyMerger[I any] struct {
	// The item that was read last.
	item I
	// The merged reply, the number of keys it is for, and of those that have an item.
	merged     []byte
	keys, done int
}

// DataGeneration is that of [LookupReply].
func (r *LookupResponse[K, I, P]) DataGeneration() uint64 { return r.Generation }

// Rules is that of [LookupReply].
func (r *LookupResponse[K, I, P]) Rules() LookupRules { return P(nil).Rules() }

// Answers is that of [LookupReply].
func (r *LookupResponse[K, I, P]) Answers(i int, key K) (status uint16, same bool) {
	item := P(&r.merger().item)
	item.Read(valid.Of[I](r.list.item(i)))
	return item.StatusCode(), item.Key().Same(key)
}

// StartMerge is that of [LookupReply].
func (r *LookupResponse[K, I, P]) StartMerge(keys int) {
	front := LookupHeaderLen + keys*EntryLen
	m := r.merger()
	m.merged = slices.Grow(m.merged[:0], front)[:front]
	clear(m.merged)
	m.keys, m.done = keys, 0
}

// Merge is that of [LookupReply].
func (r *LookupResponse[K, I, P]) Merge(items int) (int, error) {
	m := r.merger()
	for i := range items {
		item := r.list.item(i)
		dst, err := m.open(len(item))
		if err != nil {
			return 0, err
		}
		copy(dst, item)
	}
	return len(m.merged), nil
}

// MergeBare is that of [LookupReply].
func (r *LookupResponse[K, I, P]) MergeBare(key K, status uint16) error {
	m := r.merger()
	item := P(&m.item)
	m.item = item.Bare(key, status)
	dst, err := m.open(item.Size())
	if err != nil {
		return err
	}
	return item.Encode(dst)
}

// FinishMerge is that of [LookupReply].
func (r *LookupResponse[K, I, P]) FinishMerge(generation uint64) error {
	m := r.merger()
	if m.done != m.keys {
		return NewWireError(ErrBadItemCount, "merged items", uint64(m.keys), uint64(m.done))
	}
	putLookupHeader(m.merged, layoutOf[K](), m.keys, generation)
	r.ItemCount, r.Generation, r.payload = uint32(m.keys), generation, m.merged
	return r.list.read(m.merged, LookupHeaderLen, uint32(m.keys))
}

// merger returns what a client needs, which servers do without.
func (r *LookupResponse[K, I, P]) merger() *replyMerger[I] {
	if r.merging == nil {
		r.merging = new(replyMerger[I])
	}
	return r.merging
}

// open adds an item of size bytes to the directory; it returns where to write it.
func (m *replyMerger[I]) open(size int) ([]byte, error) {
	if m.done == m.keys {
		return nil, NewWireError(ErrBadItemCount, "merged items", uint64(m.keys), uint64(m.done+1))
	}
	end := len(m.merged)
	start := align8(end)
	m.merged = slices.Grow(m.merged, start-end+size)[:start+size]
	clear(m.merged[end:start])
	first := LookupHeaderLen + m.keys*EntryLen
	le.PutUint64(m.merged[LookupHeaderLen+m.done*EntryLen:], spanBits(start-first, size))
	m.done++
	return m.merged[start:], nil
}
