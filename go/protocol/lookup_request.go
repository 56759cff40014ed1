package protocol

import (
	"iter"

	"github.com/netipc/netipc/go/internal/valid"
)

// LookupRequest is the keys of a request, as the handler gets them. Decoding alone makes one with
// keys.
type LookupRequest[K LookupKey[K]] struct {
	// ItemCount is the number of keys. No key is a legal probe for the generation.
	ItemCount uint32

	payload []byte
	list    Packed
}

// DecodeLookupRequest reads a request and validates every key of it. It fails with [ErrTruncated],
// [ErrBadLayout], [ErrBadAlignment], [ErrOutOfBounds] or [ErrMissingNul].
func DecodeLookupRequest[K LookupKey[K]](payload []byte) (r LookupRequest[K], err error) {
	count, reserved, err := readLookupHeader(payload, layoutOf[K]())
	if err != nil {
		return r, err
	}
	if reserved != 0 {
		return r, layout("lookup request reserved", 0, reserved)
	}
	var key K
	if err = r.list.read(payload, LookupHeaderLen, count); err == nil {
		err = key.CheckAll(r.list)
	}
	if err != nil {
		return LookupRequest[K]{}, err
	}
	r.ItemCount, r.payload = count, payload
	return r, nil
}

// Len returns the number of keys.
func (r *LookupRequest[K]) Len() int { return len(r.list.directory) / EntryLen }

// Item returns key i. It fails with [ErrOutOfBounds] beyond the last.
func (r *LookupRequest[K]) Item(i uint32) (key K, err error) {
	if int64(i) >= int64(r.Len()) {
		return key, NewWireError(ErrOutOfBounds, "key index", uint64(r.Len()), uint64(i))
	}
	return r.key(int(i)), nil
}

// Keys returns every key, in order.
func (r *LookupRequest[K]) Keys() iter.Seq2[int, K] {
	list := r.list
	return func(yield func(int, K) bool) {
		var none K
		for i := range list.Len() {
			if !yield(i, none.Read(valid.Of[K](list.item(i)))) {
				return
			}
		}
	}
}

// Payload returns the whole request.
func (r *LookupRequest[K]) Payload() []byte { return r.payload }

// key returns key i, which is there.
func (r *LookupRequest[K]) key(i int) K {
	var none K
	return none.Read(valid.Of[K](r.list.item(i)))
}

// EncodeLookupRequest writes the request for keys to dst; it returns its length. It fails with
// [ErrOverflow] where it does not fit, and as the encoder of a key does. Clients use [LookupKeys].
func EncodeLookupRequest[K LookupKey[K]](dst []byte, keys []K) (int, error) {
	list, err := startLookupRequest(dst, layoutOf[K](), len(keys))
	for _, key := range keys {
		if err != nil {
			break
		}
		err = pushKey(&list, key)
	}
	if err != nil {
		return 0, err
	}
	_, length := list.Finish()
	return length, nil
}

// LookupRequestLen returns the bytes of the request for keys.
func LookupRequestLen[K LookupKey[K]](keys []K) int {
	packed := 0
	for _, key := range keys {
		packed = align8(packed) + key.Size()
	}
	return LookupHeaderLen + len(keys)*EntryLen + packed
}

func startLookupRequest(dst []byte, version uint16, count int) (PackedWriter, error) {
	list, err := NewPackedWriter(dst, LookupHeaderLen, count)
	if err == nil {
		putLookupHeader(dst, version, count, 0)
	}
	return list, err
}

func pushKey[K LookupKey[K]](list *PackedWriter, key K) error {
	size := key.Size()
	dst, err := list.Open(size)
	if err != nil {
		return err
	}
	if err := key.Encode(dst); err != nil {
		return err
	}
	list.Commit(size)
	return nil
}

// EncodeTextKeys writes the request for texts to dst; it returns its length. It fails with [ErrBadLayout]
// for a text that is empty or has a NUL, with [ErrOverflow] where there is no room.
func EncodeTextKeys(dst []byte, texts [][]byte) (int, error) {
	list, err := startLookupRequest(dst, lookupLayout, len(texts))
	if err != nil {
		return 0, err
	}
	// What changes is kept out of list, and so in registers.
	buf, entry, end, first := list.buf, list.header, list.end, list.firstItem()
	for i := range texts {
		text := texts[i]
		start := align8(end)
		if end = start + len(text) + 1; end > len(buf) {
			return 0, overflow("item", len(buf), end)
		}
		le.PutUint64(buf[entry:], spanBits(start-first, len(text)+1))
		if len(text) == 0 || !CopyText(buf[start:end], text) {
			return 0, noKey(text)
		}
		if gap := buf[end:]; len(gap) >= word {
			le.PutUint64(gap, 0)
		} else {
			clear(gap)
		}
		entry += EntryLen
	}
	return end, nil
}

// EncodeNumberKeys writes the request for numbers to dst; it returns its length. It fails with
// [ErrOverflow] where there is no room.
func EncodeNumberKeys(dst []byte, numbers []uint32) (int, error) {
	list, err := startLookupRequest(dst, lookupLayout, len(numbers))
	if err != nil {
		return 0, err
	}
	end := list.end + numberKeyLen*len(numbers)
	if end > len(list.buf) {
		return 0, overflow("item", len(list.buf), end)
	}
	entries, keys := list.buf[list.header:list.end], list.buf[list.end:end]
	for i, number := range numbers {
		le.PutUint64(entries[i*EntryLen:], spanBits(i*numberKeyLen, numberKeyLen))
		le.PutUint64(keys[i*numberKeyLen:], uint64(number))
	}
	return end, nil
}
