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

// Same tells whether both are the same key.
func (k TextKey) Same(other TextKey) bool { return k.Equal(other.CStringView) }

// Size returns the bytes on the wire.
func (k TextKey) Size() int { return k.Len() + 1 }

// Encode writes the key to dst, which has exactly Size bytes. It fails with [ErrBadLayout] for one
// that [NewTextKey] does not make.
func (k TextKey) Encode(dst []byte) error {
	if len(k.bytes) == 0 || !CopyText(dst, k.bytes) {
		return noKey(k.bytes)
	}
	return nil
}

// CheckAll fails unless every item of list is a text with a NUL behind it and none inside.
func (TextKey) CheckAll(list Packed) error {
	check := ListRules{MinLen: 2, Ordered: true}.checker(len(list.items))
	for entries := list.directory; len(entries) >= EntryLen; entries = entries[EntryLen:] {
		s := spanAt(entries)
		if !check.Passes(s) {
			return check.Refuse(s)
		}
		if key := at(list.items, s); !closesFirst(key) {
			return checkTextKey(key)
		}
	}
	return nil
}

// Read returns the key.
func (TextKey) Read(key Valid[TextKey]) TextKey {
	text := key.Bytes()
	end := max(len(text), 1) - 1
	return TextKey{CStringView{text[:end:end]}}
}

// checkTextKey tells which rule a key of at least 2 bytes breaks.
func checkTextKey(key []byte) error {
	if err := checkString(key, 0, Span{Len: uint32(len(key) - 1)}, "key"); err != nil {
		return err
	}
	return noKey(key[:len(key)-1])
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

// Same tells whether both are the same key.
func (k NumberKey) Same(other NumberKey) bool { return k == other }

// Size returns the bytes on the wire.
func (k NumberKey) Size() int { return numberKeyLen }

// Encode writes the key to dst, which has exactly Size bytes.
func (k NumberKey) Encode(dst []byte) error {
	le.PutUint64(dst, uint64(k))
	return nil
}

// CheckAll fails unless every item of list is a number with four bytes of zero behind it.
func (NumberKey) CheckAll(list Packed) error {
	check := ListRules{MinLen: numberKeyLen, Ordered: true}.checker(len(list.items))
	for entries := list.directory; len(entries) >= EntryLen; entries = entries[EntryLen:] {
		s := spanAt(entries)
		if !check.Passes(s) {
			return check.Refuse(s)
		}
		if err := checkNumberKey(at(list.items, s)); err != nil {
			return err
		}
	}
	return nil
}

// Read returns the key; that of no bytes is 0.
func (NumberKey) Read(key Valid[NumberKey]) NumberKey {
	if number := key.Bytes(); len(number) == numberKeyLen {
		return NumberKey(le.Uint64(number))
	}
	return 0
}

func checkNumberKey(key []byte) error {
	if len(key) != numberKeyLen {
		return layout("key length", numberKeyLen, uint64(len(key)))
	}
	if reserved := le.Uint32(key[4:]); reserved != 0 {
		return layout("key reserved", 0, uint64(reserved))
	}
	return nil
}
