package service

import (
	"hash/maphash"
	"iter"
	"sync/atomic"
)

// fewestSlots is the slots of a table that is new.
const fewestSlots = 64

// enricherTable finds entries by their keys. Whoever holds the lock of the enricher changes it; any goroutine
// looks things up in it meanwhile, without a lock and without waiting.
//
//	slots   | - | entry | gone | entry | - | ...     open addressing, at most half taken
//
// A slot that was taken is never free again, so that a reader in the middle of a search never stops too
// early: an entry that goes leaves a mark, and a table with many marks is replaced by a new one.
type enricherTable[K comparable, I any] struct {
	seed  maphash.Seed
	slots atomic.Pointer[[]atomic.Pointer[enricherEntry[K, I]]]
	// What stands where an entry has gone.
	gone *enricherEntry[K, I]
	// Entries, and slots that are not free.
	entries, taken int
}

func newEnricherTable[K comparable, I any]() *enricherTable[K, I] {
	t := &enricherTable[K, I]{seed: maphash.MakeSeed(), gone: &enricherEntry[K, I]{}}
	slots := make([]atomic.Pointer[enricherEntry[K, I]], fewestSlots)
	t.slots.Store(&slots)
	return t
}

// find returns the entry of key, or nil.
func (t *enricherTable[K, I]) find(key K) *enricherEntry[K, I] {
	hash := maphash.Comparable(t.seed, key)
	slots := *t.slots.Load()
	last := uint64(len(slots) - 1)
	for at := hash & last; ; at = (at + 1) & last {
		found := slots[at].Load()
		if found == nil {
			return nil
		}
		if found.hash == hash && found.key == key && found != t.gone {
			return found
		}
	}
}

// add adds the entry of a key that has none.
func (t *enricherTable[K, I]) add(e *enricherEntry[K, I]) {
	if slots := *t.slots.Load(); (t.taken+1)*2 > len(slots) {
		t.rebuild()
	}
	e.hash = maphash.Comparable(t.seed, e.key)
	t.put(*t.slots.Load(), e)
	t.entries++
}

// remove removes an entry that is there. Readers that have it may go on using it.
func (t *enricherTable[K, I]) remove(e *enricherEntry[K, I]) {
	slots := *t.slots.Load()
	last := uint64(len(slots) - 1)
	for at := e.hash & last; ; at = (at + 1) & last {
		if slots[at].Load() == e {
			slots[at].Store(t.gone)
			t.entries--
			return
		}
	}
}

// put puts e into the first free slot for it.
func (t *enricherTable[K, I]) put(slots []atomic.Pointer[enricherEntry[K, I]], e *enricherEntry[K, I]) {
	last := uint64(len(slots) - 1)
	at := e.hash & last
	for slots[at].Load() != nil {
		at = (at + 1) & last
	}
	slots[at].Store(e)
	t.taken++
}

// rebuild replaces the slots by others without marks, of which at most a quarter is taken.
func (t *enricherTable[K, I]) rebuild() {
	size := fewestSlots
	for size < (t.entries+1)*4 {
		size *= 2
	}
	slots := make([]atomic.Pointer[enricherEntry[K, I]], size)
	t.taken = 0
	for e := range t.all() {
		t.put(slots, e)
	}
	t.slots.Store(&slots)
}

// all yields every entry, for whoever holds the lock. Entries may be removed meanwhile.
func (t *enricherTable[K, I]) all() iter.Seq[*enricherEntry[K, I]] {
	slots := *t.slots.Load()
	return func(yield func(*enricherEntry[K, I]) bool) {
		for i := range slots {
			if e := slots[i].Load(); e != nil && e != t.gone && !yield(e) {
				return
			}
		}
	}
}
