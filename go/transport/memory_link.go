package transport

import (
	"sync"
	"time"
)

// memoryLinger is how long a last packet may take to be read.
const memoryLinger = 100 * time.Millisecond

// memoryLink is one end of a connection in this process.
type memoryLink struct {
	outgoing, incoming *packetQueue
	maxPacket          int
	closed             bool
}

// packetQueue is the packets of one direction.
type packetQueue struct {
	monitor
	packets [][]byte
	// Buffers to use again.
	spare [][]byte
	// Whether its sender has closed, and whether its receiver has.
	senderClosed, receiverClosed bool
}

func memoryPair(maxPacket int) (client, server *memoryLink) {
	requests, responses := &packetQueue{}, &packetQueue{}
	requests.init()
	responses.init()
	client = &memoryLink{outgoing: requests, incoming: responses, maxPacket: maxPacket}
	server = &memoryLink{outgoing: responses, incoming: requests, maxPacket: maxPacket}
	return client, server
}

func (l *memoryLink) Send(head, body []byte, w Wait) error {
	size := len(head) + len(body)
	switch {
	case l.closed:
		return ErrClosed
	case size == 0:
		return ErrEmpty
	case size > l.maxPacket:
		return &TooLargeError{Size: size, Limit: l.maxPacket}
	}
	queue, gone := l.outgoing, false
	err := queue.await(w, func() bool {
		gone = queue.receiverClosed || queue.senderClosed
		if gone || len(queue.packets) >= memoryQueue {
			return gone
		}
		queue.push(head, body)
		return true
	})
	if err == nil && gone {
		err = ErrDisconnected
	}
	return err
}

func (l *memoryLink) Receive(buf []byte, w Wait) (int, error) {
	if l.closed {
		return 0, ErrClosed
	}
	queue, size := l.incoming, 0
	err := queue.await(w, func() bool {
		if len(queue.packets) == 0 {
			return queue.senderClosed
		}
		size = queue.pop(buf)
		return true
	})
	if err == nil && size == 0 {
		err = ErrDisconnected
	}
	return size, err
}

func (l *memoryLink) Check() error {
	if l.closed {
		return ErrClosed
	}
	l.incoming.mu.Lock()
	defer l.incoming.mu.Unlock()
	if l.incoming.senderClosed && len(l.incoming.packets) == 0 {
		return ErrDisconnected
	}
	return nil
}

func (l *memoryLink) Linger() {
	l.outgoing.change(func() { l.outgoing.senderClosed = true })
	w := Timeout(memoryLinger)
	for w.Check() == nil {
		if _, err := l.Receive(nil, w); err != nil {
			return
		}
	}
}

func (l *memoryLink) Info() LinkInfo { return LinkInfo{Kind: LinkMemory, MaxPacket: l.maxPacket} }

func (l *memoryLink) WaitObject() WaitObject { return NoWaitObject }

func (l *memoryLink) Close() error {
	l.closed = true
	l.outgoing.change(func() { l.outgoing.senderClosed = true })
	l.incoming.change(func() { l.incoming.receiverClosed = true })
	return nil
}

// PeerWatch is the PeerWatch of [PeerWatcher].
func (l *memoryLink) PeerWatch() func() bool {
	queue := l.incoming
	return func() bool {
		queue.mu.Lock()
		defer queue.mu.Unlock()
		return queue.senderClosed || queue.receiverClosed
	}
}

func (l *memoryLink) PacketSize() uint32 { return uint32(l.maxPacket) }

func (l *memoryLink) PeerAllowed() bool { return true }

func (l *memoryLink) Offer(plan SessionPlan) error {
	if plan.Profile != ProfileBaseline {
		return ErrUnsupported
	}
	return nil
}

func (l *memoryLink) Switch() Link { return l }

func (l *memoryLink) Attach(plan SessionPlan, _ Wait) (Link, error) {
	if plan.Profile == ProfileBaseline {
		return l, nil
	}
	_ = l.Close()
	return nil, &AttachError{Profile: plan.Profile, Region: "of a memory transport", Kind: ErrUnusable, Why: ErrUnsupported.Error()}
}

func (q *packetQueue) push(head, body []byte) {
	var packet []byte
	if last := len(q.spare) - 1; last >= 0 {
		packet, q.spare = q.spare[last][:0], q.spare[:last]
	}
	packet = append(append(packet, head...), body...)
	q.packets = append(q.packets, packet)
}

func (q *packetQueue) pop(buf []byte) int {
	packet := q.packets[0]
	copy(buf, packet)
	// Moved to the front, so that appending never grows the slice for packets that are gone.
	q.packets = q.packets[:copy(q.packets, q.packets[1:])]
	q.spare = append(q.spare, packet)
	return len(packet)
}

// monitor is a lock, and how to wait for a change of what it guards.
type monitor struct {
	mu      sync.Mutex
	changed sync.Cond
}

func (m *monitor) init() { m.changed.L = &m.mu }

// change makes a change that others may wait for.
func (m *monitor) change(what func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	what()
	m.changed.Broadcast()
}

// Wake is [Waker.Wake].
func (m *monitor) Wake() {
	// With the lock, so that it does not fall between a waiter's check and its sleep.
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changed.Broadcast()
}

// await calls act under the lock, again after every change, until it returns true, and wakes the others
// that wait.
func (m *monitor) await(w Wait, act func() bool) error {
	if err := w.CheckAbort(); err != nil {
		return err
	}
	if m.attempt(act) {
		return nil
	}
	// Without our lock: an abort holds its own while it takes ours to wake us, and would deadlock.
	if w.Abort != nil {
		w.Abort.Register(m)
		defer w.Abort.Unregister(m)
	}
	if left, ends := w.Remaining(); ends {
		defer time.AfterFunc(left, m.Wake).Stop()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for !act() {
		if err := w.Check(); err != nil {
			return err
		}
		m.changed.Wait()
	}
	m.changed.Broadcast()
	return nil
}

func (m *monitor) attempt(act func() bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	done := act()
	if done {
		m.changed.Broadcast()
	}
	return done
}
