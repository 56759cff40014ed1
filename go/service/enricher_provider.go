package service

//lint:file-ignore U1000 The check does not see that a generic type implements an interface.

import (
	"github.com/netipc/netipc/go/internal/native"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// enrichedProvider is the provider as an enricher asks it: a lookup client, and a simulated one in tests. Methods that
// ask are for one goroutine at a time.
type enrichedProvider[K comparable] interface {
	// checkKey fails for what cannot be a key. Any goroutine may call it.
	checkKey(key K) error
	// refresh connects where there is no session, and looks whether there still is one.
	refresh(wait transport.Wait)
	ready() bool
	// session numbers the sessions that there have been, and tells the process at the other end, if that is known.
	session() (number uint64, pid uint32)
	// mark changes with the endpoint; 0 where nothing tells.
	mark() uint64
	// ask looks up keys, or the generation where there are none.
	ask(keys []K, wait transport.Wait) *Failure
	generation() uint64
	// item is what came for key i.
	item(i int) []byte
	// await waits until the session tells that something has come or that it has ended; it fails as wait ends.
	await(wait transport.Wait) error
	status() ClientStatus
	name() string
	abort()
	clearAbort()
	// interrupted is what abort raises.
	interrupted() *interrupt
	close() error
}

// lookupProvider asks by a client.
type lookupProvider[A any, W protocol.LookupKey[W], R any, P protocol.LookupReply[W, R], K comparable] struct {
	client *LookupClient[A, W, R, P]
	named  func(K) A
	names  []A
	items  protocol.Packed
}

func (p *lookupProvider[A, W, R, P, K]) checkKey(key K) error {
	wire, err := p.client.lookup.Key(p.named(key))
	if err != nil {
		return err
	}
	var small [128]byte
	room := small[:]
	size := wire.Size()
	if size > len(room) {
		room = make([]byte, size)
	}
	return wire.Encode(room[:size])
}

func (p *lookupProvider[A, W, R, P, K]) refresh(wait transport.Wait) { p.client.refresh(wait) }

func (p *lookupProvider[A, W, R, P, K]) ready() bool { return p.client.Ready() }

func (p *lookupProvider[A, W, R, P, K]) session() (number uint64, pid uint32) {
	counters := p.client.Counters()
	if session := p.client.Status().Session; session != nil {
		pid, _ = session.Peer.PID()
	}
	return counters.Connects + counters.Reconnects, pid
}

func (p *lookupProvider[A, W, R, P, K]) mark() uint64 { return native.Mark(p.client.endpoint) }

func (p *lookupProvider[A, W, R, P, K]) ask(keys []K, wait transport.Wait) *Failure {
	p.names = p.names[:0]
	for _, key := range keys {
		p.names = append(p.names, p.named(key))
	}
	failure := p.client.lookUp(p.names, p.client.beginAtMost(wait))
	_ = p.client.finish(failure)
	clear(p.names)
	if failure == nil {
		p.items = p.client.replyPointer().List()
	}
	return failure
}

func (p *lookupProvider[A, W, R, P, K]) generation() uint64 {
	return p.client.replyPointer().DataGeneration()
}

func (p *lookupProvider[A, W, R, P, K]) item(i int) []byte { return p.items.Get(i) }

func (p *lookupProvider[A, W, R, P, K]) await(wait transport.Wait) error {
	return native.Await(p.client.WaitObject(), wait)
}

func (p *lookupProvider[A, W, R, P, K]) status() ClientStatus { return p.client.Status() }

func (p *lookupProvider[A, W, R, P, K]) name() string { return p.client.endpoint.Service() }

func (p *lookupProvider[A, W, R, P, K]) abort() { p.client.Abort() }

func (p *lookupProvider[A, W, R, P, K]) clearAbort() { p.client.ClearAbort() }

func (p *lookupProvider[A, W, R, P, K]) interrupted() *interrupt { return &p.client.interrupt }

func (p *lookupProvider[A, W, R, P, K]) close() error {
	p.items, p.names = protocol.Packed{}, nil
	return p.client.Close()
}
