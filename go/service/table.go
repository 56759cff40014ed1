package service

import (
	"hash/maphash"
	"math"
	"math/bits"

	"github.com/netipc/netipc/go/internal/valid"
	"github.com/netipc/netipc/go/protocol"
)

const (
	// tableUnit is the bytes that offsets are counted in.
	tableUnit = 4
	// freeSlot is a slot without item. No item lies at offset 0.
	freeSlot = 0
	// golden is 2^64 over the golden ratio: it spreads numbers that follow one another.
	golden = 0x9e37_79b9_7f4a_7c15
)

// table is the items of one answer, as they came, and where to find each.
//
//	slots   | - | hash offset | - | hash offset | ...   open addressing, at most half full
//	arena   | 0 | len item 0 .. gap to 4 | len item 1 .. gap to 4 | ...
//
// A slot is one number: the offset of an item in the low bits, above it as much of the hash as there
// is room for. The slots of ten thousand items stay in the nearest caches, so that a hit waits for
// nothing but its item.
type table[K comparable, I any] struct {
	items *CachedItems[K, I]
	slots []uint32
	arena []byte
	// The bits of a slot that are an offset.
	offsetBits uint32
	// A hash shifted right by this is the first slot for its key.
	shift int
	// Most slots that are probed for a key, from its first on.
	probes int
	// Whether keys are hashed by all of them and a secret, because too many had the same cheap hash of
	// the service.
	salted bool
	salt   maphash.Seed

	length     int
	duplicates uint32
	generation uint64
	extra      any
}

// buildTable copies what came, validates every item, and indexes it.
func buildTable[K comparable, I any](items *CachedItems[K, I], fetched Fetched) (*table[K, I], error) {
	arena, err := copyItems(items, fetched.List)
	if err != nil {
		return nil, err
	}
	t := &table[K, I]{
		items:      items,
		arena:      arena,
		offsetBits: 1<<bits.Len(uint(len(arena)/tableUnit)) - 1,
		length:     fetched.List.Len(),
		generation: fetched.Generation,
		extra:      fetched.Extra,
	}
	size := 1 << max(bits.Len(uint(max(t.length*2, 1)-1)), 1)
	for !t.index(size) {
		if t.salted {
			size *= 2
		}
		t.salted, t.salt = true, maphash.MakeSeed()
	}
	return t, nil
}

// get returns the first item with this key.
func (t *table[K, I]) get(key K) (I, bool) {
	hash := t.hash(key)
	first := t.firstSlot(hash)
	for _, slot := range t.slots[first : first+t.probes] {
		if slot == freeSlot {
			break
		}
		if (slot^uint32(hash))&^t.offsetBits == 0 {
			if item, found := t.items.Match(t.item(slot&t.offsetBits), key); found {
				return item, true
			}
		}
	}
	var none I
	return none, false
}

func (t *table[K, I]) bytes() int {
	return cap(t.arena) + cap(t.slots)*tableUnit
}

// index makes size slots and inserts every item; it fails where one would need more probes.
func (t *table[K, I]) index(size int) bool {
	width := bits.Len(uint(size)) - 1
	t.shift = 64 - width
	// With a good hash no key needs nearly as many probes.
	t.probes = 3 * width
	t.duplicates = 0
	t.slots = make([]uint32, size+t.probes)
	offset := uint32(1)
	for range t.length {
		item := t.item(offset)
		if !t.insert(offset, item) {
			return false
		}
		offset = nextOffset(offset, item.Bytes())
	}
	return true
}

// insert inserts the item at offset, unless one before it has the same key; it fails where each of the
// slots that it may be in is taken.
func (t *table[K, I]) insert(offset uint32, item protocol.Valid[I]) bool {
	key := t.items.Key(t.items.View(item))
	if _, known := t.get(key); known {
		t.duplicates++
		return true
	}
	hash := t.hash(key)
	first := t.firstSlot(hash)
	for i, slot := range t.slots[first : first+t.probes] {
		if slot == freeSlot {
			t.slots[first+i] = uint32(hash)&^t.offsetBits | offset
			return true
		}
	}
	return false
}

// hash is the hash of a key: its high bits choose the first slot, its low bits are stored in the slot
// and tell keys apart that start at the same one.
func (t *table[K, I]) hash(key K) uint64 {
	if t.salted {
		return maphash.Comparable(t.salt, key)
	}
	return uint64(t.items.Hash(key)) * golden
}

// firstSlot is the first slot for a key of this hash.
func (t *table[K, I]) firstSlot(hash uint64) int { return int(hash >> t.shift) }

// item is the item at offset, where one begins. Each was validated when it was copied.
func (t *table[K, I]) item(offset uint32) protocol.Valid[I] {
	entry := t.arena[int(offset)*tableUnit:]
	length := uint32(entry[0]) | uint32(entry[1])<<8 | uint32(entry[2])<<16 | uint32(entry[3])<<24
	return valid.Of[I](entry[tableUnit : tableUnit+length : tableUnit+length])
}

// nextOffset is the offset of what follows the item at offset.
func nextOffset(offset uint32, item []byte) uint32 {
	return offset + uint32((tableUnit+len(item)+tableUnit-1)/tableUnit)
}

// copyItems returns the arena: every item validated, in the order of the answer.
func copyItems[K comparable, I any](items *CachedItems[K, I], list protocol.Packed) ([]byte, error) {
	// Items may share bytes, so that a short reply could stand for far longer copies: that is refused.
	total, padded := 0, tableUnit
	for i := range list.Len() {
		size := len(list.Get(i))
		total += size
		padded += tableUnit + align4(size)
	}
	if came := list.ItemBytes(); total > came {
		return nil, protocol.NewWireError(protocol.ErrBadLayout, "bytes of disjoint items", uint64(came), uint64(total))
	}
	if most := uint64(math.MaxUint32); uint64(padded) > most {
		return nil, protocol.NewWireError(protocol.ErrOverflow, "cache", most, uint64(padded))
	}
	arena := make([]byte, tableUnit, padded)
	for i := range list.Len() {
		item := list.Get(i)
		if _, err := items.Decode(item); err != nil {
			return nil, err
		}
		n := len(item)
		arena = append(arena, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
		arena = append(arena, item...)
		arena = arena[:align4(len(arena))]
	}
	return arena, nil
}

func align4(n int) int { return (n + 3) &^ 3 }
