package protocol

// What every "keys in, one item for each key out" kind shares: both envelopes, the space that is reserved
// so that an answer that gets full can say so for every key left, and what a client needs to split a
// lookup into several requests and to merge their replies.
//
//	0       2      4           8           16                16 + 8 n
//	layout  flags  item_count  generation  offset length ..  key or item .. gap to 8 ..

// LookupHeaderLen is the bytes in front of the directory, in requests and responses.
const LookupHeaderLen = 16

// lookupLayout is the usual layout of requests and replies.
const lookupLayout = 1

// LookupKey is a key of a lookup: [TextKey], [NumberKey], or one of a caller's own.
type LookupKey[K any] interface {
	Encoder
	// Same tells whether both are the same key.
	Same(other K) bool
	// CheckAll fails unless every item of list is a key, as [Packed.Check] finds out. It does not look
	// at its receiver.
	CheckAll(list Packed) error
	// Read returns the key in bytes that CheckAll has passed. It does not look at its receiver.
	Read(key Valid[K]) K
}

// LookupLayout is what a key has, by its address, whose requests and replies have another layout than 1.
type LookupLayout interface {
	// LookupLayout returns the layout. It does not look at its receiver.
	LookupLayout() uint16
}

// layoutOf returns the layout of requests and replies with keys K.
func layoutOf[K any]() uint16 {
	if key, other := any((*K)(nil)).(LookupLayout); other {
		return key.LookupLayout()
	}
	return lookupLayout
}

// LookupItem is what is found for one key, by its address: such as [AppsLookupItemView],
// or one of a caller's own.
type LookupItem[K, I any] interface {
	*I
	Encoder
	// Key returns the key that this answers.
	Key() K
	// StatusCode tells whether it holds data, or why not.
	StatusCode() uint16
	// Bare returns the item for key that holds only a status. It does not look at its receiver.
	Bare(key K, status uint16) I
	// Read makes it the item in bytes that CheckAll has passed, which it may borrow.
	Read(item Valid[I])
	// CheckAll fails unless every item of list is one, as [Packed.Check] finds out. It does not look
	// at its receiver.
	CheckAll(list Packed) error
	// Rules returns what is the same for all items. It does not look at its receiver.
	Rules() LookupRules
}

// LookupRules is what is the same for all items of a kind.
type LookupRules struct {
	// Exceeded is the status that says: the answer is full, ask for this key again.
	Exceeded uint16
	// Oversized is the status that says: no answer can hold this item.
	Oversized uint16
	// Bare is the bytes of an item that holds only a status.
	Bare KeyedSize
	// Likely is the bytes that an item is likely to take, for the split of large calls.
	Likely KeyedSize
}

// KeyedSize is the bytes of an item, which may depend on those of its key.
type KeyedSize struct {
	// Fixed is the bytes whatever the key is.
	Fixed int
	// PlusKey tells whether the bytes of the key, as the request carries it, come on top.
	PlusKey bool
}

// For returns the bytes for a key of so many bytes.
func (s KeyedSize) For(key int) int {
	if s.PlusKey {
		return s.Fixed + key
	}
	return s.Fixed
}

// forAll returns the bytes of packed items for the keys of a directory.
func (s KeyedSize) forAll(directory []byte) int {
	if count := len(directory) / EntryLen; !s.PlusKey {
		return max(count-1, 0)*align8(s.Fixed) + min(count, 1)*s.Fixed
	}
	sum := 0
	for ; len(directory) >= EntryLen; directory = directory[EntryLen:] {
		sum = align8(sum) + s.Fixed + int(le.Uint32(directory[4:]))
	}
	return sum
}

// putLookupHeader writes the 16 bytes in front of a directory of count entries.
func putLookupHeader(dst []byte, version uint16, count int, generation uint64) {
	b := dst[:LookupHeaderLen]
	le.PutUint32(b[0:], uint32(version))
	le.PutUint32(b[4:], uint32(count))
	le.PutUint64(b[8:], generation)
}

// readLookupHeader returns the number of items, and the generation.
func readLookupHeader(payload []byte, wanted uint16) (count uint32, generation uint64, err error) {
	if len(payload) < LookupHeaderLen {
		return 0, 0, truncated("lookup header", LookupHeaderLen, len(payload))
	}
	b := payload[:LookupHeaderLen]
	if version := le.Uint16(b[0:]); version != wanted {
		return 0, 0, layout("lookup layout_version", uint64(wanted), uint64(version))
	}
	if flags := le.Uint16(b[2:]); flags != 0 {
		return 0, 0, layout("lookup flags", 0, uint64(flags))
	}
	return le.Uint32(b[4:]), le.Uint64(b[8:]), nil
}
