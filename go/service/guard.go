package service

import "iter"

// Guard is the answer that the cache had when it was taken; no refresh changes it. The zero value has no items.
type Guard[K comparable, I any] struct{ table *table[K, I] }

// Get returns the first item with this key, in the order of the answer; false where there is none.
// Memory only. The item is good for as long as somebody holds it.
func (g *Guard[K, I]) Get(key K) (I, bool) {
	if g.table == nil {
		var none I
		return none, false
	}
	return g.table.get(key)
}

// All returns every item, duplicates included, in the order of the answer.
func (g *Guard[K, I]) All() iter.Seq[I] {
	table := g.table
	return func(yield func(I) bool) {
		if table == nil {
			return
		}
		offset := uint32(1)
		for range table.length {
			item := table.item(offset)
			if !yield(table.items.View(item)) {
				return
			}
			offset = nextOffset(offset, item.Bytes())
		}
	}
}

// Len returns the number of items.
func (g *Guard[K, I]) Len() int {
	if g.table == nil {
		return 0
	}
	return g.table.length
}

// Generation returns the generation of the data; 0 while there is none.
func (g *Guard[K, I]) Generation() uint64 {
	if g.table == nil {
		return 0
	}
	return g.table.generation
}

// Extra returns what the answer said besides its items; nil where it said nothing.
func (g *Guard[K, I]) Extra() any {
	if g.table == nil {
		return nil
	}
	return g.table.extra
}

// Unlock lets the answer go: the guard has no items any more.
func (g *Guard[K, I]) Unlock() { g.table = nil }
