package service

import "github.com/netipc/netipc/go/transport"

// turnedDown is a client as long as it may be turned down: counted before it is told, and named in the log.
type turnedDown struct {
	// number is which refusal it is; 0 while it is none.
	number uint64
	// name is who it is, where that is logged.
	name string
}

// note counts it, once. A client that has its refusal finds it in the counts, and is asked who it is while it is
// there to be asked.
func (t *turnedDown) note(counts *stats, peer transport.Peer) {
	if t.number != 0 {
		return
	}
	t.number = counts.refuse()
	if isLogged(t.number) {
		t.name = peer.Describe()
	}
}
