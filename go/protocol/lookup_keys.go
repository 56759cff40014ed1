package protocol

import (
	"slices"

	"github.com/netipc/netipc/go/internal/valid"
)

// LookupKeys are the keys of a lookup, each encoded once: the request for all of them, and for any
// that follow one another. Their buffer is used again and again.
//
//	header | offset len | offset len | ... | key 0 .. gap | key 1 ..
type LookupKeys[K LookupKey[K]] struct {
	// The request for all.
	all []byte
	// Keys that there is room for in the directory, and where its next entry is.
	room, entry int
	// The request for some.
	some []byte
}

// LookupWindow is keys that follow one another, and fit into one request together.
type LookupWindow struct {
	// Keys is the number of them.
	Keys int
	// Bytes is the bytes of the request that asks for them.
	Bytes int
}

// LookupWindowLimits is what a window may take.
type LookupWindowLimits struct {
	// Keys is the number of keys.
	Keys int
	// Request is the bytes of the request.
	Request int
	// Reply is the bytes of the reply.
	Reply int
	// Item is the bytes of an item, as the last reply had them.
	Item int
}

// Start forgets the keys that were there before, and makes room for count of them.
func (k *LookupKeys[K]) Start(count int) {
	front := LookupHeaderLen + count*EntryLen
	k.all = slices.Grow(k.all[:0], front)[:front]
	putLookupHeader(k.all, layoutOf[K](), count, 0)
	k.room, k.entry = count, LookupHeaderLen
}

// Add adds a key. It fails with [ErrBadItemCount] beyond the count, and as the key's encoder does.
func (k *LookupKeys[K]) Add(key K) error {
	first := LookupHeaderLen + k.room*EntryLen
	if k.entry == first {
		return NewWireError(ErrBadItemCount, "lookup keys", uint64(k.room), uint64(k.room+1))
	}
	end, size := len(k.all), key.Size()
	start := align8(end)
	next := start + size
	// With room for one word more, so that a gap is one store.
	if next+word > cap(k.all) {
		k.all = slices.Grow(k.all, next+word-end)
	}
	buf := k.all[:next+word]
	le.PutUint64(buf[end:], 0)
	if err := key.Encode(buf[start:next]); err != nil {
		return err
	}
	le.PutUint64(buf[k.entry:], spanBits(start-first, size))
	k.all, k.entry = buf[:next], k.entry+EntryLen
	return nil
}

// Len returns the number of keys.
func (k *LookupKeys[K]) Len() int { return len(k.directory()) / EntryLen }

// At returns key i, which is below Len.
func (k *LookupKeys[K]) At(i int) K {
	var key K
	s := spanAt(k.directory()[i*EntryLen:])
	return key.Read(valid.Of[K](at(k.all[LookupHeaderLen+k.room*EntryLen:], s)))
}

// RequestBytes returns the bytes of the request for all keys.
func (k *LookupKeys[K]) RequestBytes() int { return len(k.all) }

// ReplyBytes returns the bytes of a reply with items of size for all keys.
func (k *LookupKeys[K]) ReplyBytes(size KeyedSize) int {
	return LookupHeaderLen + len(k.directory()) + size.forAll(k.directory())
}

// Window returns as many keys from number from on as one request and its likely reply hold: at least
// one where one fits a request.
func (k *LookupKeys[K]) Window(from int, limits LookupWindowLimits, likely KeyedSize) LookupWindow {
	window := LookupWindow{Bytes: LookupHeaderLen}
	// A reply keeps a placeholder free for every key: without slack, items only a little larger than
	// expected would leave room for next to none of them.
	planned := limits.Reply / 5 * 4
	// Bytes of the packed keys, and of the whole reply, both without directory.
	packed, reply := 0, 0
	entries := k.directory()[from*EntryLen:]
	for ; len(entries) >= EntryLen && window.Keys < limits.Keys; entries = entries[EntryLen:] {
		size := int(le.Uint32(entries[4:]))
		packed = align8(packed) + size
		reply = align8(reply) + max(likely.For(size), limits.Item)
		front := LookupHeaderLen + (window.Keys+1)*EntryLen
		if front+packed > limits.Request || window.Keys > 0 && front+reply > planned {
			break
		}
		window = LookupWindow{Keys: window.Keys + 1, Bytes: front + packed}
	}
	return window
}

// Request returns the request for count keys from number from on, all of which are there. It is good
// until the next call, and where it is for all keys until the next Start.
func (k *LookupKeys[K]) Request(from, count int) []byte {
	if from == 0 && count == k.room {
		return k.all
	}
	front := LookupHeaderLen + count*EntryLen
	entries := k.directory()[from*EntryLen:][:count*EntryLen]
	k.some = slices.Grow(k.some[:0], front)[:front]
	putLookupHeader(k.some, layoutOf[K](), count, 0)
	if count == 0 {
		return k.some
	}
	first, last := spanAt(entries), spanAt(entries[len(entries)-EntryLen:])
	for i := 0; i < len(entries); i += EntryLen {
		s := spanAt(entries[i:])
		le.PutUint64(k.some[LookupHeaderLen+i:], spanBits(int(s.Offset-first.Offset), int(s.Len)))
	}
	keys := k.all[LookupHeaderLen+k.room*EntryLen:]
	k.some = append(k.some, keys[first.Offset:last.Offset+last.Len]...)
	return k.some
}

// directory returns the entries of the keys that were added.
func (k *LookupKeys[K]) directory() []byte {
	if k.entry == 0 {
		return nil
	}
	return k.all[LookupHeaderLen:k.entry]
}

// LookupReplyWithSlack returns the bytes of a reply to ask for, when likely bytes are expected.
func LookupReplyWithSlack(likely int) int { return likely + likely/4 + 5 }
