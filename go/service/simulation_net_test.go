//go:build go1.25

package service_test

import (
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/netipc/netipc/go/transport"
)

// trouble is how much of it a simulated net has.
type trouble struct {
	// delay is the longest that a message is under way.
	delay time.Duration
	// One message of so many arrives without its end, and one connection of so many loses its peer at one of its
	// first steps; 0 is none.
	cutOneIn, loseOneIn int
}

// steps are those of a connection until its peer vanishes, at most: a handshake and some calls.
const steps = 24

// simulatedNet is the memory backend with trouble: late messages, cut messages, and peers that vanish at any step.
type simulatedNet struct {
	transport.Transport
	trouble trouble
	seed    uint64
	shared  *simulatedShared
	// killed tells whether the process that this copy is of is dead.
	killed atomic.Bool
}

// simulatedShared is what all processes of a net have in common.
type simulatedShared struct {
	calm       atomic.Bool
	ends, made atomic.Int64
}

// process returns the same net, for a process of its own.
func (n *simulatedNet) process() *simulatedNet {
	return &simulatedNet{Transport: n.Transport, trouble: n.trouble, seed: n.seed, shared: n.shared}
}

func (n *simulatedNet) Connect(endpoint transport.Endpoint, w transport.Wait) (transport.Baseline, error) {
	link, err := n.Transport.Connect(endpoint, w)
	if err != nil {
		return nil, err
	}
	return n.end(link), nil
}

func (n *simulatedNet) Bind(endpoint transport.Endpoint, options transport.BindOptions) (transport.Listener, error) {
	listener, err := n.Transport.Bind(endpoint, options)
	if err != nil {
		return nil, err
	}
	return &simulatedListener{listener, n}, nil
}

type simulatedListener struct {
	transport.Listener
	net *simulatedNet
}

func (l *simulatedListener) Accept(w transport.Wait) (transport.Baseline, error) {
	link, err := l.Listener.Accept(w)
	if err != nil {
		return nil, err
	}
	return l.net.end(link), nil
}

// end returns one end of a connection, with trouble of its own.
func (n *simulatedNet) end(link transport.Baseline) *simulatedEnd {
	n.shared.ends.Add(1)
	random := rand.New(rand.NewPCG(n.seed, uint64(n.shared.made.Add(1))))
	e := &simulatedEnd{Baseline: link, net: n, random: random, left: -1}
	if e.happens(n.trouble.loseOneIn) {
		e.left = random.IntN(steps)
	}
	return e
}

// simulatedEnd is one end of a connection.
type simulatedEnd struct {
	transport.Baseline
	net    *simulatedNet
	random *rand.Rand
	// left is steps until the peer vanishes, or -1.
	left   int
	closed bool
	// underWay is a message that came, and due when it will have come.
	underWay []byte
	due      time.Time
}

// happens tells whether something happens that does so once in so many times, and not when all is calm.
func (e *simulatedEnd) happens(oneIn int) bool {
	return oneIn > 0 && !e.net.shared.calm.Load() && e.random.IntN(oneIn) == 0
}

// step fails once the connection is lost.
func (e *simulatedEnd) step() error {
	lost := e.left == 0 && !e.net.shared.calm.Load()
	if e.left > 0 {
		e.left--
	}
	if lost || e.net.killed.Load() {
		_ = e.Baseline.Close()
		return transport.ErrDisconnected
	}
	return nil
}

func (e *simulatedEnd) Send(head, body []byte, w transport.Wait) error {
	if err := e.step(); err != nil {
		return err
	}
	if whole := len(head) + len(body); e.happens(e.net.trouble.cutOneIn) {
		cut := 1 + e.random.IntN(whole)
		fromHead := min(cut, len(head))
		head, body = head[:fromHead], body[:cut-fromHead]
	}
	return e.Baseline.Send(head, body, w)
}

func (e *simulatedEnd) Receive(buf []byte, w transport.Wait) (int, error) {
	if err := e.step(); err != nil {
		return 0, err
	}
	if e.underWay == nil {
		packet := make([]byte, e.Info().MaxPacket)
		size, err := e.Baseline.Receive(packet, w)
		if err != nil {
			return 0, err
		}
		e.underWay, e.due = packet[:min(size, len(packet))], time.Now()
		if e.happens(2) {
			e.due = e.due.Add(time.Duration(e.random.Int64N(int64(e.net.trouble.delay) + 1)))
		}
	}
	if rest := time.Until(e.due); rest > 0 {
		if err := w.Sleep(rest); err != nil {
			return 0, err
		}
	}
	copy(buf, e.underWay)
	size := len(e.underWay)
	e.underWay = nil
	return size, nil
}

func (e *simulatedEnd) Check() error {
	if err := e.step(); err != nil || e.underWay != nil {
		return err
	}
	return e.Baseline.Check()
}

func (e *simulatedEnd) Close() error {
	if !e.closed {
		e.closed = true
		e.net.shared.ends.Add(-1)
	}
	return e.Baseline.Close()
}

func (e *simulatedEnd) PeerWatch() func() bool {
	return e.Baseline.(transport.PeerWatcher).PeerWatch()
}

// Switch and Attach give the backend's baseline, which is the same before and after.
func (e *simulatedEnd) Switch() transport.Link { return e }

func (e *simulatedEnd) Attach(plan transport.SessionPlan, w transport.Wait) (transport.Link, error) {
	if _, err := e.Baseline.Attach(plan, w); err != nil {
		_ = e.Close()
		return nil, err
	}
	return e, nil
}
