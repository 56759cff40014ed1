package service

// The queues of an intake, in the order in which they are asked.
const (
	// Somebody waits for these.
	queueUrgent = iota
	// Somebody wants to know these, some time.
	queueWanted
	// These are to be asked again by themselves.
	queueAgain
	queues
)

// intake is the keys to ask for, each once, the oldest first. It is used with the lock of the enricher.
type intake[K comparable, I any] struct {
	queues [queues]ticketQueue[K, I]
	// Keys that somebody wants, which is what is bounded.
	depth   int
	tickets uint64
}

// ticketed is an entry in a queue, unless its ticket is void: then it has gone to another place.
type ticketed[K comparable, I any] struct {
	entry  *enricherEntry[K, I]
	ticket uint64
}

func (t *ticketed[K, I]) isVoid() bool {
	return t.entry.phaseNow() != phaseQueued || t.entry.ticket != t.ticket
}

// push puts an entry at the end of a queue, or at its front. One that is in a later queue moves; one that is in
// a call, or as far in front, stays. It tells whether the entry was put there.
func (in *intake[K, I]) push(e *enricherEntry[K, I], queue int, front bool) bool {
	switch e.phaseNow() {
	case phaseAsked:
		return false
	case phaseQueued:
		if e.queue <= queue {
			return false
		}
		in.leave(e)
	}
	in.tickets++
	e.queue, e.ticket = queue, in.tickets
	e.setPhase(phaseQueued)
	if queue != queueAgain {
		in.depth++
	}
	if entry := (ticketed[K, I]{e, e.ticket}); front {
		in.queues[queue].pushFront(entry)
	} else {
		in.queues[queue].push(entry)
	}
	return true
}

// leave takes an entry out of the queue that it is in.
func (in *intake[K, I]) leave(e *enricherEntry[K, I]) {
	e.setPhase(phaseResting)
	if e.queue != queueAgain {
		in.depth--
	}
}

// pop takes out the first entry of a queue, or returns nil.
func (in *intake[K, I]) pop(queue int) *enricherEntry[K, I] {
	for {
		first, found := in.queues[queue].pop()
		if !found {
			return nil
		}
		if !first.isVoid() {
			in.leave(first.entry)
			return first.entry
		}
	}
}

// popFirst takes out the entry to ask next, or returns nil.
func (in *intake[K, I]) popFirst() *enricherEntry[K, I] {
	for queue := range in.queues {
		if e := in.pop(queue); e != nil {
			return e
		}
	}
	return nil
}

// popOldest takes out the entry that waits longest of those that nobody waits for, or of all.
func (in *intake[K, I]) popOldest() *enricherEntry[K, I] {
	if e := in.pop(queueWanted); e != nil {
		return e
	}
	return in.pop(queueUrgent)
}

// ticketQueue is a queue of entries, some of which may have left it.
type ticketQueue[K comparable, I any] struct {
	list []ticketed[K, I]
	// Before the first.
	taken int
}

func (q *ticketQueue[K, I]) push(t ticketed[K, I]) {
	if q.taken > 0 && len(q.list) == cap(q.list) {
		q.compact()
	}
	q.list = append(q.list, t)
}

// pushFront puts t in front of all others.
func (q *ticketQueue[K, I]) pushFront(t ticketed[K, I]) {
	if q.taken > 0 {
		q.taken--
		q.list[q.taken] = t
		return
	}
	q.list = append(q.list, ticketed[K, I]{})
	copy(q.list[1:], q.list)
	q.list[0] = t
}

func (q *ticketQueue[K, I]) pop() (ticketed[K, I], bool) {
	if q.taken == len(q.list) {
		q.list, q.taken = q.list[:0], 0
		return ticketed[K, I]{}, false
	}
	first := q.list[q.taken]
	q.list[q.taken] = ticketed[K, I]{}
	q.taken++
	return first, true
}

// compact leaves out what was taken or is void.
func (q *ticketQueue[K, I]) compact() {
	kept := q.list[:0]
	for i := q.taken; i < len(q.list); i++ {
		if t := q.list[i]; !t.isVoid() {
			kept = append(kept, t)
		}
	}
	clear(q.list[len(kept):])
	q.list, q.taken = kept, 0
}
