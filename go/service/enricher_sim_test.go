package service

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// simItem is what the simulated provider knows of a key.
type simItem struct {
	verdict  Verdict
	identity uint64
	value    uint64
}

func (i simItem) encode() []byte {
	item := make([]byte, 17)
	item[0] = byte(i.verdict)
	binary.LittleEndian.PutUint64(item[1:], i.identity)
	binary.LittleEndian.PutUint64(item[9:], i.value)
	return item
}

func readSimItem(item protocol.Valid[simItem]) simItem {
	b := item.Bytes()
	return simItem{Verdict(b[0]), binary.LittleEndian.Uint64(b[1:]), binary.LittleEndian.Uint64(b[9:])}
}

// simProvider is a provider without I/O, and the clock that everybody has. No key is 0; what it does not know it does
// not know for now.
type simProvider struct {
	clock time.Duration
	// What there is at the endpoint.
	isUp  bool
	pid   uint32
	stamp uint64
	items map[uint32]simItem
	// What changes with the data, and what the next calls fail with.
	gen      uint64
	failures []*Failure

	connected bool
	sessions  uint64
	attempts  int
	// What was asked, call by call, and what is said to the last call.
	asked    [][]uint32
	answers  [][]byte
	answered uint64
	// Runs at the start of each call, and what connecting and calls wait for.
	onAsk     func()
	connects  func(transport.Wait)
	answering func(transport.Wait)
	stop      interrupt
}

func newSim() *simProvider {
	return &simProvider{isUp: true, pid: 100, stamp: 1, gen: 1, items: map[uint32]simItem{}}
}

func (p *simProvider) checkKey(key uint32) error {
	if key == 0 {
		return errors.New("0 is no key")
	}
	return nil
}

func (p *simProvider) refresh(wait transport.Wait) {
	if p.connected {
		return
	}
	p.attempts++
	if p.connects != nil {
		p.connects(wait)
		return
	}
	if p.isUp {
		p.connected = true
		p.sessions++
	}
}

func (p *simProvider) ready() bool { return p.connected }

func (p *simProvider) session() (uint64, uint32) { return p.sessions, p.pid }

func (p *simProvider) mark() uint64 {
	if p.isUp {
		return p.stamp
	}
	return 0
}

func (p *simProvider) ask(keys []uint32, wait transport.Wait) *Failure {
	if p.onAsk != nil {
		p.onAsk()
	}
	if p.answering != nil {
		p.answering(wait)
	}
	if wait.CheckAbort() != nil {
		p.connected = false
		return &Failure{Kind: FailureAborted}
	}
	if !p.connected {
		return &Failure{Kind: FailureLost}
	}
	if len(p.failures) > 0 {
		failure := p.failures[0]
		p.failures = p.failures[1:]
		if failure != nil {
			p.connected = failure.Kind == FailureGeneration || failure.Kind == FailureUnsupported
			return failure
		}
	}
	p.asked = append(p.asked, slices.Clone(keys))
	p.answers = p.answers[:0]
	for _, key := range keys {
		item, known := p.items[key]
		if !known {
			item = simItem{verdict: VerdictForNow}
		}
		p.answers = append(p.answers, item.encode())
	}
	p.answered = p.gen
	return nil
}

func (p *simProvider) generation() uint64              { return p.answered }
func (p *simProvider) item(i int) []byte               { return p.answers[i] }
func (p *simProvider) await(wait transport.Wait) error { return wait.Sleep(time.Hour) }
func (p *simProvider) status() ClientStatus            { return ClientStatus{LastError: "nobody is there"} }
func (p *simProvider) name() string                    { return "sim" }
func (p *simProvider) abort()                          { p.stop.raise() }
func (p *simProvider) clearAbort()                     { p.stop.clear() }
func (p *simProvider) interrupted() *interrupt         { return &p.stop }

func (p *simProvider) close() error {
	p.connected = false
	p.stop.clear()
	return nil
}

// goes ends the provider: its sessions, and its endpoint.
func (p *simProvider) goes() { p.isUp, p.connected = false, false }

// comes starts another provider, in a process of its own.
func (p *simProvider) comes(pid uint32) {
	p.goes()
	p.isUp, p.pid = true, pid
	p.stamp++
}

// calls returns what was asked since the last time, and forgets it.
func (p *simProvider) calls() string {
	said := fmt.Sprint(p.asked)
	p.asked = nil
	return said
}

// simRig is an enricher of a simulated provider.
type simRig struct {
	*testing.T
	*simProvider
	*Enricher[uint32, simItem]
}

func newSimRig(t *testing.T, config EnricherConfig) simRig {
	config.Logger = slog.New(slog.DiscardHandler)
	sim := newSim()
	e := newEnricher(enrichedProvider[uint32](sim), readSimItem,
		func(item *simItem) Verdict { return item.verdict },
		func(item *simItem) uint64 { return item.identity }, config.withDefaults(256))
	e.reading.now = func() time.Duration { return sim.clock }
	return simRig{t, sim, e}
}

// has checks what there is of a key.
func (r simRig) has(key uint32, want Outcome) Found[simItem] {
	r.Helper()
	found := r.Get(key)
	if found.Outcome != want {
		r.Fatalf("%d is %v instead of %v", key, found.Outcome, want)
	}
	return found
}

// holds checks the item that there is of a key.
func (r simRig) holds(key uint32, value uint64) {
	r.Helper()
	found := r.has(key, OutcomeKnown)
	if item, known := found.Item(); !known || item.value != value {
		r.Fatalf("%d is %+v instead of %d", key, item, value)
	}
}

// steps makes a step, which must ask for these keys, call by call.
func (r simRig) steps(want string) EnricherStep {
	r.Helper()
	step := r.Step(time.Minute)
	if got := r.calls(); got != want {
		r.Fatalf("asked %s instead of %s (%+v)", got, want, step)
	}
	return step
}

// ends checks how a step has ended, and when there is something to do next.
func (r simRig) ends(step EnricherStep, end StepEnd, next time.Duration) {
	r.Helper()
	if step.End != end || step.Next != next {
		r.Fatalf("%+v instead of %v, %v", step, end, next)
	}
}

func (r simRig) knows(key uint32, value uint64) { r.items[key] = simItem{value: value} }
