package service

import (
	"hash/maphash"
	"math"
	"math/bits"

	"github.com/netipc/netipc/go/internal/valid"
	"github.com/netipc/netipc/go/protocol"
)

const (
	// tableUnit is the bytes that places are counted in.
	tableUnit = 4
	// freeSlot is a slot without item. No item lies at place 0.
	freeSlot = 0
	// golden is 2^64 over the golden ratio: it spreads numbers that follow one another.
	golden = 0x9e37_79b9_7f4a_7c15
)

// table is the items of one answer, as they came, and where to find each.
//
//	slots   | - | hash place | - | hash place | ...     open addressing, at most half full
//	arena   | 0 | len item 0 .. gap to 4 | len item 1 .. gap to 4 | ...
//
// A slot is one number: the place of an item in the low bits, above it as much of the hash as there
// is room for. The slots of ten thousand items stay in the nearest caches, so that a hit waits for
// nothing but its item.
type table[K comparable, I any] struct {
	items *CachedItems[K, I]
	slots []uint32
	arena []byte
	// The bits of a slot that are a place.
	places uint32
	// What takes a hash to its slot: its high bits count.
	shift int
	// Slots that an item may be in, from the one that its key hashes to.
	reach int
	// Whether keys are spread by all of them and a secret, where the service's hash, which costs next
	// to nothing, does not tell enough of them apart.
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
		places:     1<<bits.Len(uint(len(arena)/tableUnit)) - 1,
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
	at := t.slot(hash)
	for _, slot := range t.slots[at : at+t.reach] {
		if slot == freeSlot {
			break
		}
		if (slot^uint32(hash))&^t.places == 0 {
			if item, found := t.items.Match(t.item(slot&t.places), key); found {
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

// index enters the items in size slots; it fails where one would be out of reach.
func (t *table[K, I]) index(size int) bool {
	width := bits.Len(uint(size)) - 1
	t.shift = 64 - width
	// Keys that spread as if by chance stay well within three times the bits.
	t.reach = 3 * width
	t.duplicates = 0
	t.slots = make([]uint32, size+t.reach)
	place := uint32(1)
	for range t.length {
		item := t.item(place)
		if !t.enter(place, item) {
			return false
		}
		place = behind(place, item.Bytes())
	}
	return true
}

// enter enters the item at place, unless one before it has the same key; it fails where each of the
// slots that it may be in is taken.
func (t *table[K, I]) enter(place uint32, item protocol.Valid[I]) bool {
	key := t.items.Key(t.items.View(item))
	if _, known := t.get(key); known {
		t.duplicates++
		return true
	}
	hash := t.hash(key)
	at := t.slot(hash)
	for i, slot := range t.slots[at : at+t.reach] {
		if slot == freeSlot {
			t.slots[at+i] = uint32(hash)&^t.places | place
			return true
		}
	}
	return false
}

// hash is a number whose high bits tell the slot, and whose low bits tell a key from those that start
// at the same slot.
func (t *table[K, I]) hash(key K) uint64 {
	if t.salted {
		return maphash.Comparable(t.salt, key)
	}
	return uint64(t.items.Hash(key)) * golden
}

// slot is the first slot for a key of this hash.
func (t *table[K, I]) slot(hash uint64) int { return int(hash >> t.shift) }

// item is the item at place, which is that of an item: each was validated when it was copied.
func (t *table[K, I]) item(place uint32) protocol.Valid[I] {
	front := t.arena[int(place)*tableUnit:]
	length := uint32(front[0]) | uint32(front[1])<<8 | uint32(front[2])<<16 | uint32(front[3])<<24
	return valid.Of[I](front[tableUnit : tableUnit+length : tableUnit+length])
}

// behind is the place behind item, which is at place.
func behind(place uint32, item []byte) uint32 {
	return place + uint32((tableUnit+len(item)+tableUnit-1)/tableUnit)
}

// copyItems returns the arena: every item validated, in the order of the answer.
func copyItems[K comparable, I any](items *CachedItems[K, I], list protocol.Packed) ([]byte, error) {
	// A few bytes may stand for many items: copied, they would take more than came.
	total, padded := 0, tableUnit
	for i := range list.Len() {
		size := len(list.Get(i))
		total += size
		padded += tableUnit + align4(size)
	}
	if room := list.ItemBytes(); total > room {
		return nil, protocol.NewWireError(protocol.ErrBadLayout, "bytes of disjoint items", uint64(room), uint64(total))
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
