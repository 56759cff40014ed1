package session

import "slices"

// inFlight is the ids of requests without an answer, in the order they were sent.
//
// Answers mostly come in order, so that the search ends at the front.
type inFlight struct {
	// The ids from first on are in flight; those before have been answered.
	all   []uint64
	first int
	// No id is above it: a new one that is needs no search.
	highest uint64
}

// insert tells whether id was free and is now in flight.
func (f *inFlight) insert(id uint64) bool {
	if f.len() > 0 && id <= f.highest && f.contains(id) {
		return false
	}
	if f.len() == 0 {
		f.all, f.first, f.highest = f.all[:0], 0, id
	} else if len(f.all) == cap(f.all) && f.first > f.len() {
		// Answered ids make room for new ones, where they are most of them.
		f.all, f.first = f.all[:copy(f.all, f.ids())], 0
	}
	f.highest = max(f.highest, id)
	f.all = append(f.all, id)
	return true
}

func (f *inFlight) contains(id uint64) bool { return f.isFirst(id) || slices.Contains(f.ids(), id) }

func (f *inFlight) remove(id uint64) {
	if f.isFirst(id) {
		f.first++
	} else if at := slices.Index(f.ids(), id); at >= 0 {
		f.all = slices.Delete(f.all, f.first+at, f.first+at+1)
	}
}

// isFirst tells whether id is that of the request that was sent first of those in flight.
func (f *inFlight) isFirst(id uint64) bool { return f.first < len(f.all) && f.all[f.first] == id }

func (f *inFlight) len() int { return len(f.all) - f.first }

func (f *inFlight) ids() []uint64 { return f.all[f.first:] }

// removeAll returns all ids, none of which is in flight any more.
func (f *inFlight) removeAll() []uint64 {
	ids := slices.Clone(f.ids())
	*f = inFlight{}
	return ids
}
