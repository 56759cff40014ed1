package protocol

import "bytes"

var (
	_ LookupKey[TextKey]   = TextKey{}
	_ LookupKey[NumberKey] = NumberKey(0)
)

// TextKey is a key that is a text with a NUL behind it: not empty, without NUL inside.
type TextKey struct{ CStringView }

// NewTextKey returns the key with these bytes, which are not copied. It fails with [ErrBadLayout] for
// an empty text, or one with a NUL.
func NewTextKey(text []byte) (TextKey, error) {
	if len(text) == 0 || bytes.IndexByte(text, 0) >= 0 {
		return TextKey{}, noKey(text)
	}
	return TextKey{CString(text)}, nil
}

// MinLen returns the bytes of the shortest key.
func (TextKey) MinLen() int { return 2 }

// Check fails unless key is a text with a NUL behind it and none inside.
func (TextKey) Check(key []byte) error {
	if len(key) > 1 && closesFirst(key) {
		return nil
	}
	if err := checkString(key, 0, Span{Len: uint32(max(len(key), 1) - 1)}, "key"); err != nil {
		return err
	}
	return noKey(key[:len(key)-1])
}

// View returns the key in bytes that were checked before.
func (TextKey) View(key []byte) TextKey {
	end := max(len(key), 1) - 1
	return TextKey{CStringView{key[:end:end]}}
}

// Same tells whether both are the same key.
func (k TextKey) Same(other TextKey) bool { return k.Equal(other.CStringView) }

// TextLen returns the bytes of the text.
func (k TextKey) TextLen() int { return k.Len() }

// Size returns the bytes on the wire.
func (k TextKey) Size() int { return k.Len() + 1 }

// Encode writes the key to dst, which has exactly Size bytes.
func (k TextKey) Encode(dst []byte) error {
	dst[copy(dst, k.bytes)] = 0
	return nil
}

func (TextKey) pushAll(list PackedWriter, keys []TextKey) (PackedWriter, error) {
	// What changes is kept out of list, and so in registers.
	buf, entries, end, first := list.buf, list.buf[list.header:], list.end, list.firstItem()
	for i := range keys {
		text := keys[i].bytes
		start := align8(end)
		if end = start + len(text) + 1; end > len(buf) {
			list.end, list.count = start, i
			return list, list.grow(len(text) + 1)
		}
		le.PutUint64(entries[i*EntryLen:], spanBits(start-first, len(text)+1))
		closing := buf[start+copy(buf[start:end], text):]
		if len(closing) >= word {
			// The NUL and the gap.
			le.PutUint64(closing, 0)
		} else {
			clear(closing)
		}
	}
	list.end, list.count = end, len(keys)
	return list, nil
}

func (k TextKey) checkAll(list Packed) error {
	check := ListRules{MinLen: k.MinLen(), Ordered: true}.checker(len(list.items))
	for entries := list.directory; len(entries) >= EntryLen; entries = entries[EntryLen:] {
		s := spanAt(entries)
		if !check.passes(s) {
			return check.refuse(s)
		}
		if key := at(list.items, s); !closesFirst(key) {
			return k.Check(key)
		}
	}
	return nil
}

func (TextKey) reserve(list Packed, bare int) int {
	sum := 0
	for entries := list.directory; len(entries) >= EntryLen; entries = entries[EntryLen:] {
		sum = align8(sum) + bare + max(int(le.Uint32(entries[4:])), 1) - 1
	}
	return sum
}

// noKey tells why text is no key.
func noKey(text []byte) error {
	if at := bytes.IndexByte(text, 0); at >= 0 {
		return layout("NUL in key", uint64(len(text)), uint64(at))
	}
	return layout("key length", 1, 0)
}

// NumberKey is a key that is a number, with four bytes of zero behind it. 0 is a legal key.
type NumberKey uint32

const numberKeyLen = 8

// MinLen returns the bytes of the shortest key.
func (NumberKey) MinLen() int { return numberKeyLen }

// Check fails unless key is a number with four bytes of zero behind it.
func (NumberKey) Check(key []byte) error {
	if len(key) != numberKeyLen {
		return layout("key length", numberKeyLen, uint64(len(key)))
	}
	if reserved := le.Uint32(key[4:]); reserved != 0 {
		return layout("key reserved", 0, uint64(reserved))
	}
	return nil
}

// View returns the key in bytes that were checked before.
func (NumberKey) View(key []byte) NumberKey {
	if len(key) < 4 {
		return 0
	}
	return NumberKey(le.Uint32(key))
}

// Same tells whether both are the same key.
func (k NumberKey) Same(other NumberKey) bool { return k == other }

// TextLen returns 0: a number is no text.
func (k NumberKey) TextLen() int { return 0 }

// Size returns the bytes on the wire.
func (k NumberKey) Size() int { return numberKeyLen }

// Encode writes the key to dst, which has exactly Size bytes.
func (k NumberKey) Encode(dst []byte) error {
	le.PutUint64(dst, uint64(k))
	return nil
}

func (NumberKey) pushAll(list PackedWriter, keys []NumberKey) (PackedWriter, error) {
	if len(keys) > (len(list.buf)-list.end)/numberKeyLen {
		return list, list.grow(numberKeyLen * len(keys))
	}
	entries, numbers := list.buf[list.header:], list.buf[list.end:]
	for i, key := range keys {
		le.PutUint64(entries[i*EntryLen:], spanBits(i*numberKeyLen, numberKeyLen))
		le.PutUint64(numbers[i*numberKeyLen:], uint64(key))
	}
	list.end, list.count = list.end+numberKeyLen*len(keys), len(keys)
	return list, nil
}

func (k NumberKey) checkAll(list Packed) error {
	check := ListRules{MinLen: numberKeyLen, Ordered: true}.checker(len(list.items))
	for entries := list.directory; len(entries) >= EntryLen; entries = entries[EntryLen:] {
		s := spanAt(entries)
		if !check.passes(s) {
			return check.refuse(s)
		}
		if err := k.Check(at(list.items, s)); err != nil {
			return err
		}
	}
	return nil
}

func (NumberKey) reserve(list Packed, bare int) int {
	if list.Len() == 0 {
		return 0
	}
	return (list.Len()-1)*align8(bare) + bare
}

// readKey reads the key in bytes that were checked before, without a call through a table.
func readKey[K LookupKey[K]](key *K, from []byte) {
	switch key := any(key).(type) {
	case *TextKey:
		*key = key.View(from)
	case *NumberKey:
		*key = key.View(from)
	}
}
