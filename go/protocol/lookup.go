package protocol

// What every "keys in, one item for each key out" kind shares: both envelopes, the reserve that lets
// an overfull answer say so, and what a client needs to split and stitch.
//
//	0       2      4           8           16                16 + 8 n
//	layout  flags  item_count  generation  offset length ..  key or item .. gap to 8 ..

// LookupHeaderLen is the bytes in front of the directory, in requests and responses.
const LookupHeaderLen = 16

const lookupLayout = 1

// LookupKey is a key of a lookup: [TextKey] or [NumberKey]. MinLen, Check and View do not look at
// their receiver, and neither do those that see to a whole list: a call for each key would be one
// through a table.
type LookupKey[K any] interface {
	Encoder
	// MinLen returns the bytes of the shortest key.
	MinLen() int
	// Check fails unless key is one.
	Check(key []byte) error
	// View returns the key in bytes that were checked before.
	View(key []byte) K
	// Same tells whether both are the same key.
	Same(other K) bool
	// TextLen returns the bytes that the key takes among the strings of its item.
	TextLen() int

	// pushAll writes keys to list, which is empty and has room for as many, and returns it.
	pushAll(list PackedWriter, keys []K) (PackedWriter, error)
	// checkAll fails unless every item of list is a key, in order.
	checkAll(list Packed) error
	// reserve returns the bytes of the placeholders for the keys of list, all but the last rounded up
	// to 8, where those without a text take bare.
	reserve(list Packed, bare int) int
}

// LookupItem is what is found for one key: [CgroupsLookupItemView] or [AppsLookupItemView]. All but
// Key, StatusCode and those of [Encoder] do not look at their receiver.
type LookupItem[K, I any] interface {
	Encoder
	// Key returns the key that this answers.
	Key() K
	// StatusCode tells whether it holds data, or why not.
	StatusCode() uint16

	// HeaderLen returns the bytes in front of the strings.
	HeaderLen() int
	// Exceeded returns the status that says: the answer is full, ask for this key again.
	Exceeded() uint16
	// Oversized returns the status that says: no answer can hold this item.
	Oversized() uint16
	// Check fails unless item is one.
	Check(item []byte) error
	// View returns the item in bytes that were checked before.
	View(item []byte) I
	// Bare returns the item for key that holds only a status.
	Bare(key K, status uint16) I
	// BareSize returns the bytes of such an item: the same for all keys, but for their texts.
	BareSize(key K) int
	// ReplyEstimate returns the bytes that the item of key is likely to take, for the split of large
	// calls.
	ReplyEstimate(key K) int

	// checkAll fails unless every item of list is one, in order.
	checkAll(list Packed) error
}

// putLookupHeader writes the 16 bytes in front of a directory of count entries.
func putLookupHeader(dst []byte, count int, generation uint64) {
	b := dst[:LookupHeaderLen]
	le.PutUint32(b[0:], lookupLayout)
	le.PutUint32(b[4:], uint32(count))
	le.PutUint64(b[8:], generation)
}

// readLookupHeader returns the number of items, and the generation.
func readLookupHeader(payload []byte) (count uint32, generation uint64, err error) {
	if len(payload) < LookupHeaderLen {
		return 0, 0, truncated("lookup header", LookupHeaderLen, len(payload))
	}
	b := payload[:LookupHeaderLen]
	if version := le.Uint16(b[0:]); version != lookupLayout {
		return 0, 0, layout("lookup layout_version", lookupLayout, uint64(version))
	}
	if flags := le.Uint16(b[2:]); flags != 0 {
		return 0, 0, layout("lookup flags", 0, uint64(flags))
	}
	return le.Uint32(b[4:]), le.Uint64(b[8:]), nil
}
