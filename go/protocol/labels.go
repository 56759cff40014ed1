package protocol

import (
	"iter"
	"math"
)

// LabelEntryLen is the bytes of one entry of a label table.
const LabelEntryLen = 16

// Label is a key and its value. Keys are never empty; values may be.
type Label struct{ Key, Value CStringView }

// NewLabel returns a label of these bytes, which are not copied.
func NewLabel(key, value []byte) Label { return Label{Key: CString(key), Value: CString(value)} }

// Labels are the labels of an item: to be written, or as they stand behind its strings. The zero
// value is none.
//
//	item: fixed fields | strings | gap to 8 | key value spans, 16 bytes each | key NUL value NUL ..
type Labels struct {
	// To be written.
	pairs []Label
	// Read: the item, and where its table is.
	item  []byte
	table uint32
	count uint32
}

// LabelsOf returns labels to be written, which are not copied.
func LabelsOf(pairs []Label) Labels { return Labels{pairs: pairs} }

// Len returns the number of labels.
func (l *Labels) Len() int { return len(l.pairs) + int(l.count) }

// Get returns label i, or false beyond the last.
func (l *Labels) Get(i int) (Label, bool) {
	if uint(i) >= uint(l.Len()) {
		return Label{}, false
	}
	return l.at(i), true
}

// All returns every label, in order.
func (l *Labels) All() iter.Seq2[int, Label] {
	return func(yield func(int, Label) bool) {
		for i := range l.Len() {
			if !yield(i, l.at(i)) {
				return
			}
		}
	}
}

// Pairs returns the key and the value of every label, in order. It takes less time than [Labels.All]:
// what it yields fits into registers.
func (l *Labels) Pairs() iter.Seq2[CStringView, CStringView] {
	return func(yield func(key, value CStringView) bool) {
		for i := range l.Len() {
			if !yield(l.pair(i)) {
				return
			}
		}
	}
}

// at returns label i, which is there.
func (l *Labels) at(i int) Label {
	key, value := l.pair(i)
	return Label{Key: key, Value: value}
}

// pair returns the key and the value of label i, which is there.
func (l *Labels) pair(i int) (key, value CStringView) {
	if l.count == 0 {
		label := &l.pairs[i]
		return label.Key, label.Value
	}
	at := int(l.table) + i*LabelEntryLen
	entry := l.item[at : at+LabelEntryLen : at+LabelEntryLen]
	return view(l.item, spanAt(entry)), view(l.item, spanAt(entry[8:]))
}

// entries returns the table of labels that were read.
func (l *Labels) entries() []byte {
	return l.item[l.table:][:l.count*LabelEntryLen]
}

// Wire returns the bytes in which the labels were read, which are not the caller's to change; nil for labels that are to
// be written.
func (l *Labels) Wire() []byte { return l.item }

// endAfter returns one past the last byte of an item whose strings end at end and that carries these
// labels.
func (l *Labels) endAfter(end int) int {
	n := l.Len()
	if n == 0 {
		return end
	}
	end = align8(end) + n*(LabelEntryLen+2)
	for i := range l.pairs {
		label := &l.pairs[i]
		end += len(label.Key.bytes) + len(label.Value.bytes)
	}
	if l.count == 0 {
		return end
	}
	for table := l.entries(); len(table) >= LabelEntryLen; table = table[LabelEntryLen:] {
		end += int(le.Uint32(table[4:])) + int(le.Uint32(table[12:]))
	}
	return end
}

// encode writes the table and the strings to dst, an item whose own strings end at end and that has
// room for exactly these labels. It fails with [ErrBadItemCount] beyond 65,535 labels, with
// [ErrBadLayout] for an empty key or a NUL inside.
func (l *Labels) encode(dst []byte, end int) error {
	n := l.Len()
	if n == 0 {
		return nil
	}
	if n > math.MaxUint16 {
		return NewWireError(ErrBadItemCount, "labels", math.MaxUint16, uint64(n))
	}
	table := align8(end)
	// Zeroes the gap, and bytes of the table that are written below.
	le.PutUint64(dst[end:], 0)
	next := table + n*LabelEntryLen
	entries := dst[table:next:next]
	if l.count == 0 {
		_, err := encodePairs(dst, entries, next, l.pairs)
		return err
	}
	for i := range n {
		var err error
		one := [...]Label{l.at(i)}
		if next, err = encodePairs(dst, entries[i*LabelEntryLen:], next, one[:]); err != nil {
			return err
		}
	}
	return nil
}

// encodePairs writes labels to an item: their entries, and their strings from next on. It returns where the last one
// ends.
func encodePairs(dst, entries []byte, next int, pairs []Label) (int, error) {
	for i := range pairs {
		key, value := pairs[i].Key, pairs[i].Value
		if len(key.bytes) == 0 {
			return 0, layout("label key length", 1, 0)
		}
		between := next + len(key.bytes) + 1
		at := i * LabelEntryLen
		entry := entries[at : at+LabelEntryLen : at+LabelEntryLen]
		le.PutUint64(entry, spanBits(next, len(key.bytes)))
		le.PutUint64(entry[8:], spanBits(between, len(value.bytes)))
		if !CopyText(dst[next:between:between], key.bytes) {
			return 0, checkNoNul(key, "label key")
		}
		next = between + len(value.bytes) + 1
		if !CopyText(dst[between:next:next], value.bytes) {
			return 0, checkNoNul(value, "label value")
		}
	}
	return next, nil
}

// read makes these the count labels of an item that was checked before, whose strings end at end.
func (l *Labels) read(item []byte, count uint16, end uint64) {
	table := (end + 7) &^ 7
	l.pairs = nil
	if count == 0 || table+uint64(count)*LabelEntryLen > uint64(len(item)) {
		l.item, l.table, l.count = nil, 0, 0
		return
	}
	l.item, l.table, l.count = item, uint32(table), uint32(count)
}

// CheckLabels checks that the count labels of item, whose strings end at end, are exactly in place and
// the last thing in it. It fails with [ErrBadLayout], [ErrOutOfBounds] or [ErrMissingNul].
func CheckLabels(item []byte, count uint16, end uint64) error {
	table := (end + 7) &^ 7
	texts := table + uint64(count)*LabelEntryLen
	// The gap is the last bytes of a word: the rest is shifted out. Before a table at the beginning there is no word.
	if count == 0 || table == 0 || texts > uint64(len(item)) || le.Uint64(item[table-word:])>>(8*(word-(table-end))) != 0 {
		return checkLabels(item, count, int(end))
	}
	next := texts
	for at := table; at < texts; at += LabelEntryLen {
		entry := item[at : at+LabelEntryLen : at+LabelEntryLen]
		key, value := spanAt(entry), spanAt(entry[8:])
		if key.Len == 0 {
			next = Nowhere
			break
		}
		next = value.Follows(item, key.Follows(item, next))
	}
	// If closed by NUL each, the strings have none inside where there are no more of them.
	if next != uint64(len(item)) || !CleanTexts(item, texts, next, 2*int(count)) {
		return checkLabels(item, count, int(end))
	}
	return nil
}

// checkLabels tells which rule labels break, if any, one after another.
func checkLabels(item []byte, count uint16, end int) error {
	next := end
	if count > 0 {
		table := align8(end)
		texts := table + int(count)*LabelEntryLen
		if texts > len(item) {
			return NewWireError(ErrOutOfBounds, "label table", uint64(len(item)), uint64(texts))
		}
		var err error
		if next, err = checkLabelsOneByOne(item, end, table, texts); err != nil {
			return err
		}
	}
	if next != len(item) {
		return layout("item length", uint64(next), uint64(len(item)))
	}
	return nil
}

// checkLabelsOneByOne tells where the last label ends, or which rule one breaks.
func checkLabelsOneByOne(item []byte, end, table, texts int) (int, error) {
	for _, b := range item[end:table] {
		if b != 0 {
			return 0, layout("gap before the labels", 0, uint64(b))
		}
	}
	next := uint64(texts)
	for at := table; at < texts; at += LabelEntryLen {
		key, value := spanAt(item[at:]), spanAt(item[at+8:])
		if key.Len == 0 {
			return 0, layout("label key length", 1, 0)
		}
		if err := checkLabelText(item, key, next, "label key"); err != nil {
			return 0, err
		}
		if err := checkLabelText(item, value, key.end(), "label value"); err != nil {
			return 0, err
		}
		next = value.end()
	}
	return int(next), nil
}

// checkLabelText checks one string that must start at next.
func checkLabelText(item []byte, s Span, next uint64, field string) error {
	if uint64(s.Offset) != next {
		return layout(field, next, uint64(s.Offset))
	}
	if err := checkString(item, 0, s, field); err != nil {
		return err
	}
	return checkNoNul(view(item, s), field)
}
