//go:build linux

package posix

const (
	// replyLooks is the looks before a wake. They take as long as what they may save: the system call of a
	// wake.
	replyLooks = 512
	// After this many vain looks in excess of others, no more messages than before go without.
	mostVain = 10
)

// replyLook decides for one sender how often to look whether the peer's next message is there before it wakes
// the peer.
//
// A peer that has answered was awake, and needs no wake. Where a cache line takes some ten nanoseconds from one
// processor to the other, short answers are there before a wake is over. Where it takes hundreds, looking takes
// the line away from a peer that is about to write to it, and is left out:
//
//	found in time      one vain look less
//	nothing found      wake; leave it out for 1, 3, 7 .. 1023 messages
type replyLook struct {
	// Vain looks in excess of those that found something.
	vain int
	// Messages to leave out.
	skip int
}

// begin returns how often to look after the message that is about to be sent.
func (r *replyLook) begin() int {
	if r.skip > 0 {
		r.skip--
		return 0
	}
	return replyLooks
}

// end notes whether looking has found the reply.
func (r *replyLook) end(found bool) {
	if found {
		r.vain = max(r.vain-1, 0)
		return
	}
	r.vain = min(r.vain+1, mostVain)
	r.skip = 1<<r.vain - 1
}
